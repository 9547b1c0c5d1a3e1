/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/sound.h"

#include <linux/virtio_snd.h>

#include "tests/guest/runtime/runtime.h"
#include "tests/guest/runtime/virtio.h"

#define SOUND_DEVICE 0x1059u
#define QUEUES	     4u
#define PIECES	     3u /* of a period */

static struct virtio_queue queues[QUEUES] __attribute__((aligned(4096)));
static uint64_t doorbells[QUEUES];
static struct virtio_snd_pcm_xfer header; /* the same for all periods */
static struct virtio_snd_pcm_status statuses[SOUND_SLOTS];
static uint16_t reaped;
static uint32_t stream; /* for playback */

static void ring(unsigned queue)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&queues[queue].used.flags, __ATOMIC_RELAXED) &
	      VRING_USED_F_NO_NOTIFY)) {
		*mmio16(doorbells[queue]) = (uint16_t)queue;
	}
}

/* Waits for the answer, which has `bytes` behind its code. */
static bool ask(const void *request, uint32_t request_bytes, void *answer, uint32_t bytes)
{
	static struct virtio_snd_hdr code;
	struct virtio_queue *queue = &queues[VIRTIO_SND_VQ_CONTROL];
	const struct virtio_piece pieces[] = { { request, request_bytes },
					       { &code, sizeof(code) },
					       { answer, bytes } };

	code.code = 0;
	virtio_put(queue, 0, pieces, 1, bytes > 0 ? 3 : 2);
	ring(VIRTIO_SND_VQ_CONTROL);
	while (__atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE) != queue->avail.index) {
		__asm__ volatile("pause");
	}
	return code.code == VIRTIO_SND_S_OK;
}

static bool find_playback(uint32_t count)
{
	static struct virtio_snd_query_info query;
	static struct virtio_snd_pcm_info info;

	for (stream = 0; stream < count; stream++) {
		query = (struct virtio_snd_query_info){ .hdr.code = VIRTIO_SND_R_PCM_INFO,
							.start_id = stream,
							.count = 1,
							.size = sizeof(info) };
		if (ask(&query, sizeof(query), &info, sizeof(info)) &&
		    info.direction == VIRTIO_SND_D_OUTPUT) {
			return true;
		}
	}
	return false;
}

bool sound_find(void)
{
	struct virtio_device device;

	if (!virtio_find(SOUND_DEVICE, SOUND_DEVICE, 0, &device)) {
		return false;
	}
	for (uint16_t i = 0; i < QUEUES; i++) {
		doorbells[i] = virtio_start_queue(&device, i, &queues[i]);
	}
	virtio_start(&device);
	return queues[VIRTIO_SND_VQ_TX].size >= SOUND_SLOTS * PIECES &&
	       find_playback(*mmio32(device.config_gpa +
				     __builtin_offsetof(struct virtio_snd_config, streams)));
}

static bool command(uint32_t code)
{
	static struct virtio_snd_pcm_hdr request;

	request = (struct virtio_snd_pcm_hdr){ .hdr.code = code, .stream_id = stream };
	return ask(&request, sizeof(request), 0, 0);
}

bool sound_prepare(uint32_t period_bytes, uint32_t periods)
{
	static struct virtio_snd_pcm_set_params request;

	header.stream_id = stream;
	request = (struct virtio_snd_pcm_set_params){
		.hdr = { .hdr.code = VIRTIO_SND_R_PCM_SET_PARAMS, .stream_id = stream },
		.buffer_bytes = period_bytes * periods,
		.period_bytes = period_bytes,
		.channels = 2,
		.format = VIRTIO_SND_PCM_FMT_S16,
		.rate = VIRTIO_SND_PCM_RATE_48000,
	};
	return ask(&request, sizeof(request), 0, 0) && command(VIRTIO_SND_R_PCM_PREPARE);
}

bool sound_start(void)
{
	return command(VIRTIO_SND_R_PCM_START);
}

bool sound_stop(void)
{
	return command(VIRTIO_SND_R_PCM_STOP) && command(VIRTIO_SND_R_PCM_RELEASE);
}

void sound_write(unsigned slot, const void *frames, uint32_t bytes)
{
	const struct virtio_piece pieces[] = { { &header, sizeof(header) },
					       { frames, bytes },
					       { &statuses[slot], sizeof(statuses[slot]) } };

	statuses[slot].status = 0;
	virtio_put(&queues[VIRTIO_SND_VQ_TX], (uint16_t)(slot * PIECES), pieces, 2, PIECES);
	ring(VIRTIO_SND_VQ_TX);
}

int sound_reap(void)
{
	struct virtio_queue *queue = &queues[VIRTIO_SND_VQ_TX];
	unsigned slot;

	if (__atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE) == reaped) {
		return -1;
	}
	slot = queue->used.ring[reaped++ % queue->size].id / PIECES;
	return slot < SOUND_SLOTS && statuses[slot].status == VIRTIO_SND_S_OK ? (int)slot : -2;
}
