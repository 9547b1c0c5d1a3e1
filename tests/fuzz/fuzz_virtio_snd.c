/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/fake_audio.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/*
 * A sound card whose driver is hostile, and a host that pulls and pushes as it likes. Input:
 * actions, each with its operands; see act().
 */
#include <linux/virtio_snd.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/snd.h"
#include "devices/virtio/virtio.h"
#include "tests/fuzz/input.h"
#include "tests/unit/devices/fake_audio.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA   0x10000u
#define DATA_GPA    0x100000u
#define REQUEST_GPA 0x200000u
#define RING_SIZE   8
#define STREAMS	    4u /* two each */
#define BUFFERS_MAX 4
#define ACTIONS_MAX 64
#define FRAMES_MAX  256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_mem *mem;
static struct loop *loop;
static void *card;
static struct virtio_device *v;
static struct fake_ring rings[VIRTIO_SND_VQ_MAX];

static void make_device(void)
{
	const uint64_t options[] = { 2, 2, 8 };
	struct device_env env = { .id = "snd0" };

	log_set_level(LOG_LEVEL_ERROR);
	card = calloc(1, virtio_snd_type.state_size);
	if (!card || guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0) {
		abort();
	}
	env.mem = mem;
	env.loop = loop;
	env.audio = fake_audio_set_up(loop);
	if (virtio_snd_type.init(card, &env, options, NULL) < 0) {
		abort();
	}
	v = fake_transport.device;
}

/* --- the driver --- */

static void notify(unsigned queue)
{
	if (v->running) {
		v->type->on_notify(v, queue);
	}
}

static void add_chain(struct input *in)
{
	struct fake_buffer buffers[BUFFERS_MAX];
	const unsigned queue = next(in) % VIRTIO_SND_VQ_MAX;
	const unsigned count = next(in) % BUFFERS_MAX + 1;

	for (unsigned i = 0; i < count; i++) {
		const uint8_t place = next(in);
		const uint32_t length = next(in);

		buffers[i] =
			(struct fake_buffer){ DATA_GPA + place * 16u,
					      length > 200 ? length * 4096 : length, place & 1 };
	}
	(void)fake_ring_add(&rings[queue], buffers, count);
	notify(queue);
}

/* A buffer of good form: its stream is in the first bytes of its sound's page. */
static void add_sound(struct input *in, unsigned queue)
{
	const uint32_t gpa = DATA_GPA + next(in) * 4096u;
	const uint32_t bytes = next(in) * 4u;
	const uint32_t stream = next(in) % (STREAMS + 1);
	const struct fake_buffer buffers[] = { { gpa, 4, false },
					       { gpa + 16, bytes, queue == VIRTIO_SND_VQ_RX },
					       { gpa + 2048, 8, true } };

	(void)guest_mem_write(mem, gpa, &stream, sizeof(stream));
	(void)fake_ring_add(&rings[queue], buffers, 3);
	notify(queue);
}

static void request(const void *data, uint32_t length, uint32_t room)
{
	const struct fake_buffer buffers[] = { { REQUEST_GPA, length, false },
					       { REQUEST_GPA + 4096, room, true } };

	(void)guest_mem_write(mem, REQUEST_GPA, data, length);
	(void)fake_ring_add(&rings[VIRTIO_SND_VQ_CONTROL], buffers, 2);
	notify(VIRTIO_SND_VQ_CONTROL);
}

static void set_params(struct input *in)
{
	struct virtio_snd_pcm_set_params params = {
		.hdr = { .hdr.code = VIRTIO_SND_R_PCM_SET_PARAMS, .stream_id = next(in) % STREAMS },
	};

	params.features = next(in);
	params.channels = next(in) % 10;
	params.format = next(in) % 32;
	params.rate = next(in) % 16;
	params.period_bytes = next(in) * 24u;
	params.buffer_bytes = params.period_bytes * next(in);
	request(&params, sizeof(params), 4);
}

static void send_command(struct input *in)
{
	static const uint32_t codes[] = { VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
					  VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE };
	const uint8_t what = next(in);
	const struct virtio_snd_pcm_hdr command = { .hdr.code = codes[what % 4],
						    .stream_id = what / 4 % STREAMS };

	request(&command, sizeof(command), 4);
}

static void send_other(struct input *in)
{
	const uint32_t words[] = { (uint32_t)next(in) << 8 | next(in), next(in), next(in),
				   next(in) };

	request(words, next(in) % (sizeof(words) + 1), next(in) * 4u);
}

/* --- the host --- */

static void move(struct input *in)
{
	static uint8_t frames[FRAMES_MAX * AUDIO_FRAME_BYTES_MAX];
	struct audio_stream *stream = fake_audio_stream(next(in) % STREAMS);
	const size_t count = next(in);

	if (!stream) {
		return;
	}
	if (stream->config.direction == AUDIO_PLAYBACK) {
		(void)fake_audio_pull(stream, frames, count);
	} else {
		(void)fake_audio_push(stream, frames, count);
	}
}

static void advance(struct input *in)
{
	struct audio_stream *stream = fake_audio_stream(next(in) % STREAMS);
	const uint8_t frames = next(in);

	if (stream) {
		stream->latency = frames * 0x1000000u;
		fake_audio_advance(stream, frames);
	}
}

static void hurt(struct input *in)
{
	struct audio_stream *stream = fake_audio_stream(next(in) % STREAMS);

	if (stream) {
		stream->config.ops->on_xrun(stream->config.arg);
	}
}

static void act(struct input *in)
{
	const uint8_t what = next(in);

	switch (what % 16) {
	case 0:
		virtio_snd_type.quiesce(card);
		break;
	case 1:
		virtio_snd_type.resume(card);
		break;
	case 2:
		(void)virtio_snd_set_jack(card, what / 16 % 2, what & 0x80);
		break;
	case 3:
		hurt(in);
		break;
	case 4:
	case 5:
		set_params(in);
		break;
	case 6:
	case 7:
	case 8:
		send_command(in);
		break;
	case 9:
		send_other(in);
		break;
	case 10:
		add_sound(in, VIRTIO_SND_VQ_TX);
		break;
	case 11:
		add_sound(in, VIRTIO_SND_VQ_RX);
		break;
	case 12:
		move(in);
		break;
	case 13:
		advance(in);
		break;
	default:
		add_chain(in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!card) {
		make_device();
	}
	fake_audio.open_error = 0;
	for (unsigned i = 0; i < VIRTIO_SND_VQ_MAX; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport_start(mem, 0, rings);
	for (unsigned i = 0; i < ACTIONS_MAX && in.size; i++) {
		act(&in);
	}
	virtio_snd_type.resume(card);
	virtio_snd_type.reset(card);
	if (fake_audio.count) {
		abort(); /* a reset closes all streams */
	}
	return 0;
}
