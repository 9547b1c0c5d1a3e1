/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_snd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/base/options.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA 0x10000u
#define DATA_GPA  0x100000u

struct fake_snd fake_snd;

/* --- a card ---------------------------------------------------------------------------------- */

int fake_snd_make(const char *text)
{
	struct device_env env = { .mem = fake_snd.mem, .loop = fake_snd.loop, .id = "snd0" };
	uint64_t options[8] = { 0 };
	int code = options_parse(&virtio_snd_type.options, text, options, &fake_snd.err);

	assert(virtio_snd_type.options_size <= sizeof(options));
	if (code < 0) {
		return code;
	}
	env.audio = fake_audio_set_up(fake_snd.loop);
	fake_snd.card = calloc(1, virtio_snd_type.state_size);
	assert(fake_snd.card);
	return virtio_snd_type.init(fake_snd.card, &env, options, &fake_snd.err);
}

void fake_snd_finish(void)
{
	if (fake_snd.card) {
		virtio_snd_type.finish(fake_snd.card);
		free(fake_snd.card);
		fake_snd.card = NULL;
	}
}

void fake_snd_start(void)
{
	for (unsigned i = 0; i < VIRTIO_SND_VQ_MAX; i++) {
		fake_ring_init(&fake_snd.rings[i], fake_snd.mem, RINGS_GPA + i * FAKE_RING_BYTES,
			       FAKE_SND_RING_SIZE);
	}
	fake_transport_start(fake_snd.mem, 0, fake_snd.rings);
}

void fake_snd_set_up(void)
{
	memset(&fake_snd, 0, sizeof(fake_snd));
	log_set_level(LOG_LEVEL_ERROR);
	if (loop_create("test", &fake_snd.loop) < 0 ||
	    guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &fake_snd.mem, NULL) < 0 ||
	    fake_snd_make("") < 0) {
		abort();
	}
	fake_snd.free_gpa = DATA_GPA;
	fake_snd_start();
}

void fake_snd_tear_down(void)
{
	fake_snd_finish();
	assert(fake_audio.count == 0);
	guest_mem_destroy(fake_snd.mem);
	loop_destroy(fake_snd.loop);
}

/* --- memory ---------------------------------------------------------------------------------- */

void *fake_snd_at(uint64_t gpa, size_t bytes)
{
	void *pointer = guest_mem_slice(fake_snd.mem, gpa, bytes);

	assert(pointer);
	return pointer;
}

uint64_t fake_snd_alloc(size_t bytes)
{
	const uint64_t gpa = fake_snd.free_gpa;

	memset(fake_snd_at(gpa, bytes), 0, bytes);
	fake_snd.free_gpa = (gpa + bytes + 15) & ~UINT64_C(15);
	return gpa;
}

static uint64_t put(const void *data, size_t bytes)
{
	const uint64_t gpa = fake_snd_alloc(bytes);

	memcpy(fake_snd_at(gpa, bytes), data, bytes);
	return gpa;
}

void fake_snd_notify(unsigned queue)
{
	fake_transport.device->type->on_notify(fake_transport.device, queue);
}

/* --- requests -------------------------------------------------------------------------------- */

uint32_t fake_snd_request(const void *request, uint32_t length, void *answer, uint32_t room)
{
	const uint64_t answer_gpa = fake_snd_alloc(room);
	const struct fake_buffer buffers[] = { { put(request, length), length, false },
					       { answer_gpa, room, true } };
	uint32_t head, written = 0;

	(void)fake_ring_add(&fake_snd.rings[VIRTIO_SND_VQ_CONTROL], buffers, 2);
	fake_snd_notify(VIRTIO_SND_VQ_CONTROL);
	if (!fake_ring_take(&fake_snd.rings[VIRTIO_SND_VQ_CONTROL], &head, &written)) {
		return 0;
	}
	memcpy(answer, fake_snd_at(answer_gpa, room), room);
	return written;
}

static uint32_t ask(const void *request, uint32_t length)
{
	uint32_t status = 0;

	(void)fake_snd_request(request, length, &status, sizeof(status));
	return status;
}

uint32_t fake_snd_command(uint32_t code, uint32_t stream)
{
	const struct virtio_snd_pcm_hdr request = { .hdr.code = code, .stream_id = stream };

	return ask(&request, sizeof(request));
}

struct virtio_snd_pcm_set_params fake_snd_params(uint32_t stream)
{
	return (struct virtio_snd_pcm_set_params){
		.hdr = { .hdr.code = VIRTIO_SND_R_PCM_SET_PARAMS, .stream_id = stream },
		.buffer_bytes = FAKE_SND_BUFFER_BYTES,
		.period_bytes = FAKE_SND_PERIOD_BYTES,
		.channels = 2,
		.format = VIRTIO_SND_PCM_FMT_S16,
		.rate = VIRTIO_SND_PCM_RATE_48000,
	};
}

uint32_t fake_snd_set(const struct virtio_snd_pcm_set_params *params)
{
	return ask(params, sizeof(*params));
}

void fake_snd_prepare(uint32_t stream, uint32_t features)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(stream);
	bool ok;

	params.features = features;
	ok = fake_snd_set(&params) == VIRTIO_SND_S_OK &&
	     fake_snd_command(VIRTIO_SND_R_PCM_PREPARE, stream) == VIRTIO_SND_S_OK;
	assert(ok);
	(void)ok;
}

/* --- sound ----------------------------------------------------------------------------------- */

static uint16_t give(unsigned queue, uint32_t stream, uint64_t sound_gpa, uint32_t bytes)
{
	const uint64_t status_gpa = fake_snd_alloc(sizeof(struct virtio_snd_pcm_status));
	const struct fake_buffer buffers[] = {
		{ put(&stream, sizeof(stream)), sizeof(stream), false },
		{ sound_gpa, bytes, queue == VIRTIO_SND_VQ_RX },
		{ status_gpa, sizeof(struct virtio_snd_pcm_status), true },
	};
	const uint16_t head = fake_ring_add(&fake_snd.rings[queue], buffers, 3);

	fake_snd.status_gpa[queue][head] = status_gpa;
	fake_snd.stream[queue][head] = stream;
	return head;
}

uint16_t fake_snd_play(uint32_t stream, const void *sound, uint32_t bytes)
{
	const uint16_t head = give(VIRTIO_SND_VQ_TX, stream, put(sound, bytes), bytes);

	fake_snd_notify(VIRTIO_SND_VQ_TX);
	return head;
}

bool fake_snd_offer(uint32_t stream, const void *sound, uint32_t bytes)
{
	struct fake_ring *ring = &fake_snd.rings[VIRTIO_SND_VQ_TX];
	const uint16_t old = ring->avail->idx;
	bool must;

	(void)give(VIRTIO_SND_VQ_TX, stream, put(sound, bytes), bytes);
	must = vring_need_event(*fake_ring_avail_event(ring), ring->avail->idx, old);
	if (must) {
		fake_snd_notify(VIRTIO_SND_VQ_TX);
	}
	return must;
}

uint16_t fake_snd_record(uint32_t stream, uint32_t bytes, uint64_t *sound_gpa)
{
	uint16_t head;

	*sound_gpa = fake_snd_alloc(bytes);
	head = give(VIRTIO_SND_VQ_RX, stream, *sound_gpa, bytes);
	fake_snd_notify(VIRTIO_SND_VQ_RX);
	return head;
}

bool fake_snd_take(unsigned queue, struct fake_snd_done *out)
{
	const struct virtio_snd_pcm_status *status;

	*out = (struct fake_snd_done){ 0 };
	if (!fake_ring_take(&fake_snd.rings[queue], &out->head, &out->written)) {
		return false;
	}
	/* As drivers do that want a signal for the next one. */
	*fake_ring_used_event(&fake_snd.rings[queue]) = fake_snd.rings[queue].last_used;
	status = fake_snd_at(fake_snd.status_gpa[queue][out->head], sizeof(*status));
	out->stream = fake_snd.stream[queue][out->head];
	out->status = load_le32(&status->status);
	out->latency_bytes = load_le32(&status->latency_bytes);
	return true;
}

void fake_snd_want_event(void)
{
	const uint64_t gpa = fake_snd_alloc(sizeof(struct virtio_snd_event));
	const struct fake_buffer buffer = { gpa, sizeof(struct virtio_snd_event), true };
	const uint16_t head = fake_ring_add(&fake_snd.rings[VIRTIO_SND_VQ_EVENT], &buffer, 1);

	fake_snd.status_gpa[VIRTIO_SND_VQ_EVENT][head] = gpa;
	fake_snd_notify(VIRTIO_SND_VQ_EVENT);
}

bool fake_snd_take_event(uint32_t *code, uint32_t *data)
{
	const struct virtio_snd_event *event;
	uint32_t head, written;

	if (!fake_ring_take(&fake_snd.rings[VIRTIO_SND_VQ_EVENT], &head, &written)) {
		return false;
	}
	event = fake_snd_at(fake_snd.status_gpa[VIRTIO_SND_VQ_EVENT][head], sizeof(*event));
	*code = load_le32(&event->hdr.code);
	*data = load_le32(&event->data);
	return written == sizeof(*event);
}
