/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c audio/format.c vmm/mem/ vmm/kvm/
 *       tests/unit/devices/fake_audio.c tests/unit/devices/virtio/fake_snd.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* Sound cards: the life of a stream and its parameters. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/virtio/fake_snd.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "tests/unit/devices/virtio/snd_driver.h"
#include "vmm/base/bytes.h"

TestSuite(virtio_snd_stream, .init = fake_snd_set_up, .fini = fake_snd_tear_down, .timeout = 10);

/* How many buffers came back with this status. */
static unsigned take_all(unsigned queue, uint32_t status)
{
	struct fake_snd_done done;
	unsigned count = 0;

	while (fake_snd_take(queue, &done)) {
		cr_assert(eq(u32, done.status, status));
		count++;
	}
	return count;
}

/* --- states --- */

/* How to reach a state, and what each request gives there (virtio 1.2 §5.14.6.6.1). */
struct row {
	uint32_t path[8];
	uint32_t set_params, prepare, release, start, stop;
};

ParameterizedTestParameters(virtio_snd_stream, each_state_takes_its_requests_and_no_other)
{
	static struct row rows[] = {
		{ { 0 }, OK, BAD_MSG, BAD_MSG, BAD_MSG, BAD_MSG },
		{ { SET_PARAMS }, OK, OK, BAD_MSG, BAD_MSG, BAD_MSG },
		{ { SET_PARAMS, SET_PARAMS }, OK, OK, BAD_MSG, BAD_MSG, BAD_MSG },
		{ { SET_PARAMS, PREPARE }, OK, OK, OK, OK, BAD_MSG },
		{ { SET_PARAMS, PREPARE, PREPARE }, OK, OK, OK, OK, BAD_MSG },
		{ { SET_PARAMS, PREPARE, SET_PARAMS }, OK, OK, BAD_MSG, BAD_MSG, BAD_MSG },
		{ { SET_PARAMS, PREPARE, RELEASE }, OK, OK, BAD_MSG, BAD_MSG, BAD_MSG },
		{ { SET_PARAMS, PREPARE, START }, BAD_MSG, BAD_MSG, BAD_MSG, BAD_MSG, OK },
		{ { SET_PARAMS, PREPARE, START, STOP }, BAD_MSG, BAD_MSG, OK, OK, BAD_MSG },
		{ { SET_PARAMS, PREPARE, START, STOP, START },
		  BAD_MSG,
		  BAD_MSG,
		  BAD_MSG,
		  BAD_MSG,
		  OK },
		{ { SET_PARAMS, PREPARE, START, STOP, RELEASE },
		  OK,
		  OK,
		  BAD_MSG,
		  BAD_MSG,
		  BAD_MSG },
		{ { SET_PARAMS, PREPARE, START, STOP, RELEASE, PREPARE }, OK, OK, OK, OK, BAD_MSG },
	};

	return cr_make_param_array(struct row, rows, ARRAY_SIZE(rows));
}

/* Each request from the state that the path leads to, on both kinds of streams. */
ParameterizedTest(struct row *row, virtio_snd_stream, each_state_takes_its_requests_and_no_other)
{
	const uint32_t requests[] = { SET_PARAMS, PREPARE, RELEASE, START, STOP };
	const uint32_t answers[] = { row->set_params, row->prepare, row->release, row->start,
				     row->stop };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(requests); i++) {
		const uint32_t stream = i % 2 ? CAPTURE : PLAYBACK;

		virtio_snd_type.reset(fake_snd.card);
		fake_snd_start();
		for (const uint32_t *code = row->path; *code; code++) {
			expect(*code, stream);
		}
		cr_assert(eq(u32, command(requests[i / 2], stream), answers[i / 2]), "request %#x",
			  requests[i / 2]);
	}
}

Test(virtio_snd_stream, audio_is_open_from_prepare_to_release)
{
	expect(SET_PARAMS, PLAYBACK);
	cr_assert(eq(u32, fake_audio.count, 0));
	expect(PREPARE, PLAYBACK);
	cr_assert(eq(u32, fake_audio.count, 1));
	expect(PREPARE, PLAYBACK);
	cr_assert(eq(u32, fake_audio.opened, 1));
	expect(START, PLAYBACK);
	cr_assert(fake_audio_stream(PLAYBACK)->is_started);
	expect(STOP, PLAYBACK);
	cr_assert(not(fake_audio_stream(PLAYBACK)->is_started));
	expect(RELEASE, PLAYBACK);
	cr_assert(eq(u32, fake_audio.count, 0));
}

Test(virtio_snd_stream, audio_that_refuses_is_an_error_and_can_be_tried_again)
{
	expect(SET_PARAMS, PLAYBACK);
	fake_audio.open_error = -EMFILE;
	cr_assert(eq(u32, command(PREPARE, PLAYBACK), IO_ERR));
	cr_assert(eq(u32, command(START, PLAYBACK), BAD_MSG));
	fake_audio.open_error = 0;
	expect(PREPARE, PLAYBACK);
}

/* --- parameters --- */

struct format_row {
	uint8_t format, rate, channels;
	enum audio_sample sample;
	uint32_t rate_hz, frame_bytes;
};

ParameterizedTestParameters(virtio_snd_stream, parameters_reach_the_audio)
{
	static struct format_row rows[] = {
		{ VIRTIO_SND_PCM_FMT_U8, VIRTIO_SND_PCM_RATE_8000, 1, AUDIO_U8, 8000, 1 },
		{ VIRTIO_SND_PCM_FMT_S16, VIRTIO_SND_PCM_RATE_11025, 2, AUDIO_S16, 11025, 4 },
		{ VIRTIO_SND_PCM_FMT_S24_3, VIRTIO_SND_PCM_RATE_44100, 2, AUDIO_S24, 44100, 6 },
		{ VIRTIO_SND_PCM_FMT_S24, VIRTIO_SND_PCM_RATE_48000, 6, AUDIO_S24_32, 48000, 24 },
		{ VIRTIO_SND_PCM_FMT_S32, VIRTIO_SND_PCM_RATE_96000, 4, AUDIO_S32, 96000, 16 },
		{ VIRTIO_SND_PCM_FMT_FLOAT, VIRTIO_SND_PCM_RATE_192000, 8, AUDIO_F32, 192000, 32 },
	};

	return cr_make_param_array(struct format_row, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct format_row *row, virtio_snd_stream, parameters_reach_the_audio)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(SECOND);
	const struct audio_stream_config *config;

	params.format = row->format;
	params.rate = row->rate;
	params.channels = row->channels;
	params.period_bytes = 100 * row->frame_bytes;
	params.buffer_bytes = 300 * row->frame_bytes;
	cr_assert(eq(u32, fake_snd_set(&params), OK));
	expect(PREPARE, SECOND);
	config = &fake_audio_stream(SECOND)->config;
	cr_assert(eq(u32, config->format.sample, row->sample));
	cr_assert(eq(u32, config->format.rate_hz, row->rate_hz));
	cr_assert(eq(u32, config->format.channels, row->channels));
	cr_assert(eq(u32, config->period_frames, 100));
	cr_assert(eq(u32, config->buffer_frames, 300));
	cr_assert(eq(u32, config->index, SECOND));
	cr_assert(eq(str, (char *)(uintptr_t)config->name, "snd0"));
}

static uint32_t set_sizes(uint32_t buffer_bytes, uint32_t period_bytes)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(PLAYBACK);

	params.buffer_bytes = buffer_bytes;
	params.period_bytes = period_bytes;
	return fake_snd_set(&params);
}

Test(virtio_snd_stream, sizes_that_do_not_fit_are_bad_messages)
{
	cr_assert(eq(u32, set_sizes(400, 400), OK));
	cr_assert(eq(u32, set_sizes(16u << 20, 1u << 20), OK));
	cr_assert(eq(u32, set_sizes(0, 0), BAD_MSG));
	cr_assert(eq(u32, set_sizes(400, 0), BAD_MSG));
	cr_assert(eq(u32, set_sizes(0, 400), BAD_MSG));
	cr_assert(eq(u32, set_sizes(400, 800), BAD_MSG));
	cr_assert(eq(u32, set_sizes(900, 400), BAD_MSG));
	cr_assert(eq(u32, set_sizes(402, 402), BAD_MSG)); /* half a frame */
	cr_assert(eq(u32, set_sizes(404, 202), BAD_MSG));
	cr_assert(eq(u32, set_sizes(17u << 20, 1u << 20), BAD_MSG));
	cr_assert(eq(u32, set_sizes(UINT32_MAX - 3, UINT32_MAX - 3), BAD_MSG));
}

static uint32_t set_format(uint32_t stream, uint8_t format, uint8_t rate, uint8_t channels,
			   uint32_t features)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(stream);

	params.format = format;
	params.rate = rate;
	params.channels = channels;
	params.features = features;
	params.period_bytes = 96; /* whole frames of all that is tried here */
	params.buffer_bytes = 192;
	return fake_snd_set(&params);
}

Test(virtio_snd_stream, formats_that_were_not_offered_are_not_supported)
{
	const uint8_t s16 = VIRTIO_SND_PCM_FMT_S16, hz = VIRTIO_SND_PCM_RATE_48000;

	cr_assert(eq(u32, set_format(PLAYBACK, s16, hz, 8, 0), OK));
	cr_assert(eq(u32, set_format(PLAYBACK, s16, hz, 0, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, s16, hz, 9, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(CAPTURE, s16, hz, 3, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, VIRTIO_SND_PCM_FMT_U16, hz, 2, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, 255, hz, 2, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, s16, VIRTIO_SND_PCM_RATE_5512, 2, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, s16, VIRTIO_SND_PCM_RATE_384000, 2, 0), NOT_SUPP));
	cr_assert(eq(u32, set_format(PLAYBACK, s16, 255, 2, 0), NOT_SUPP));
	for (unsigned bit = 0; bit < 32; bit++) {
		const bool is_offered = bit == VIRTIO_SND_PCM_F_EVT_XRUNS ||
					bit == VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS;

		cr_assert(eq(u32, set_format(PLAYBACK, s16, hz, 2, 1u << bit),
			     is_offered ? OK : NOT_SUPP));
	}
}

Test(virtio_snd_stream, refused_parameters_leave_a_prepared_stream_alone)
{
	fake_snd_prepare(PLAYBACK, 0);
	play_period(PLAYBACK);
	cr_assert(eq(u32, set_sizes(1, 1), BAD_MSG));
	cr_assert(zero(u32, take_all(TX, 0)));
	expect(START, PLAYBACK);
	cr_assert(eq(sz, pull(PLAYBACK, PERIOD), PERIOD));
}

Test(virtio_snd_stream, new_parameters_give_back_what_was_queued)
{
	fake_snd_prepare(PLAYBACK, 0);
	play_period(PLAYBACK);
	expect(SET_PARAMS, PLAYBACK);
	cr_assert(eq(u32, take_all(TX, IO_ERR), 1));
	cr_assert(eq(u32, fake_audio.count, 0));
}
