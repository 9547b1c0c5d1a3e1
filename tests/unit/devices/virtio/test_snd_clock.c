/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/snd.c devices/virtio/snd_info.c devices/virtio/snd_control.c
 *       devices/virtio/snd_event.c devices/virtio/snd_stream.c devices/virtio/snd_buffer.c
 *       devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/
 *       audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c
 *       audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c audio/backend.c audio/none.c
 *       tests/unit/devices/virtio/fake_snd.c
 *       tests/unit/devices/virtio/fake_ring.c tests/unit/devices/virtio/fake_transport.c */
/* A sound card on the real audio, which nobody hears: what time its buffers come back. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "audio/none.h"
#include "tests/unit/audio/fake_time.h"
#include "tests/unit/devices/virtio/fake_snd.h"

#define MS   FAKE_MS
#define STEP (MS / 10)
/* How long the last period of a full buffer waits for a driver that has no more, at most. */
#define PATIENCE (50 * MS)
#define STREAMS	 3u
#define XRUNS	 (1u << VIRTIO_SND_PCM_F_EVT_XRUNS)

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, NULL };

/* In place of fake_audio.c: the real one. */
struct fake_audio fake_audio;
static struct audio *audio;

struct audio *fake_audio_set_up(struct loop *loop)
{
	cr_assert(eq(int, audio_create(loop, &audio), 0));
	return audio;
}

static void set_up(void)
{
	fake_time_begin();
	fake_snd_set_up();
}

static void tear_down(void)
{
	fake_snd_finish();
	audio_destroy(audio);
	audio = NULL;
	fake_snd_tear_down();
}

TestSuite(virtio_snd_clock, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- a driver that gives a period for each that comes back, as Linux does --- */

struct user {
	uint32_t period_bytes;
	unsigned left; /* periods not given yet */
	unsigned back;
};
static struct user users[STREAMS];

static void give(uint32_t stream)
{
	static const uint8_t sound[FAKE_SND_BUFFER_BYTES];
	uint64_t gpa;

	if (users[stream].left == 0) {
		return;
	}
	users[stream].left--;
	if (stream == FAKE_SND_CAPTURE) {
		(void)fake_snd_record(stream, users[stream].period_bytes, &gpa);
	} else {
		(void)fake_snd_play(stream, sound, users[stream].period_bytes);
	}
}

static void refill(void)
{
	struct fake_snd_done done;

	for (unsigned queue = VIRTIO_SND_VQ_TX; queue <= VIRTIO_SND_VQ_RX; queue++) {
		while (fake_snd_take(queue, &done)) {
			cr_assert(eq(u32, done.status, VIRTIO_SND_S_OK));
			users[done.stream].back++;
			give(done.stream);
		}
	}
}

static void pass(uint64_t ns)
{
	for (uint64_t passed = 0; passed < ns; passed += STEP) {
		fake_time_pass(fake_snd.loop, STEP, STEP);
		refill();
	}
}

static void command(uint32_t code, uint32_t stream)
{
	cr_assert(eq(u32, fake_snd_command(code, stream), VIRTIO_SND_S_OK));
}

/* Two periods are with the card; `count` are given in all. U8 mono: a byte a frame. */
static void begin_at(uint32_t stream, uint8_t rate, uint32_t period_frames, unsigned count)
{
	struct virtio_snd_pcm_set_params params = fake_snd_params(stream);

	users[stream] = (struct user){ .period_bytes = period_frames, .left = count };
	params.format = VIRTIO_SND_PCM_FMT_U8;
	params.rate = rate;
	params.channels = 1;
	params.features = XRUNS;
	params.period_bytes = users[stream].period_bytes;
	params.buffer_bytes = 2 * params.period_bytes;
	cr_assert(eq(u32, fake_snd_set(&params), VIRTIO_SND_S_OK));
	command(VIRTIO_SND_R_PCM_PREPARE, stream);
	give(stream);
	give(stream);
	command(VIRTIO_SND_R_PCM_START, stream);
}

static void begin(uint32_t stream, uint32_t period_ms, unsigned count)
{
	begin_at(stream, VIRTIO_SND_PCM_RATE_8000, 8 * period_ms, count);
}

/* --- tests --- */

struct rate {
	uint8_t rate;
	uint32_t period; /* frames, which are no whole number of milliseconds */
	unsigned count;	 /* of those in two seconds, exactly */
};

ParameterizedTestParameters(virtio_snd_clock, periods_add_up_at_any_rate)
{
	static struct rate rates[] = {
		{ VIRTIO_SND_PCM_RATE_11025, 525, 42 },	 { VIRTIO_SND_PCM_RATE_22050, 735, 60 },
		{ VIRTIO_SND_PCM_RATE_44100, 980, 90 },	 { VIRTIO_SND_PCM_RATE_64000, 1000, 128 },
		{ VIRTIO_SND_PCM_RATE_88200, 980, 180 }, { VIRTIO_SND_PCM_RATE_176400, 980, 360 },
	};

	return cr_make_param_array(struct rate, rates, ARRAY_SIZE(rates));
}

ParameterizedTest(struct rate *rate, virtio_snd_clock, periods_add_up_at_any_rate)
{
	begin_at(FAKE_SND_PLAYBACK, rate->rate, rate->period, rate->count + 2);
	pass(2 * NS_PER_SECOND - STEP);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, rate->count - 1));
	pass(2 * STEP);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, rate->count));
}

Test(virtio_snd_clock, each_period_comes_back_when_it_is_over)
{
	uint32_t code, data;

	fake_snd_want_event();
	begin(FAKE_SND_PLAYBACK, 10, 100);
	pass(10 * MS - STEP);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 0));
	for (unsigned i = 1; i < 100; i++) {
		pass(5 * MS);
		cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, i));
		pass(5 * MS);
	}
	pass(MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 99));
	pass(PATIENCE);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 100));
	cr_assert(not(fake_snd_take_event(&code, &data)));
}

Test(virtio_snd_clock, streams_keep_their_own_time)
{
	begin(FAKE_SND_PLAYBACK, 20, 100);
	pass(7 * MS);
	begin(FAKE_SND_SECOND, 3, 101);
	begin(FAKE_SND_CAPTURE, 10, 100);
	pass(301 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 15));
	cr_assert(eq(u32, users[FAKE_SND_SECOND].back, 100));
	/* What is captured comes a period of the host late. */
	cr_assert(ge(u32, users[FAKE_SND_CAPTURE].back, 28));
	cr_assert(le(u32, users[FAKE_SND_CAPTURE].back, 30));
}

Test(virtio_snd_clock, late_driver_starts_anew_after_an_xrun)
{
	uint32_t code, data;

	fake_snd_want_event();
	begin(FAKE_SND_PLAYBACK, 10, 2);
	pass(30 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 1));
	users[FAKE_SND_PLAYBACK].left = 1;
	give(FAKE_SND_PLAYBACK);
	pass(MS);
	cr_assert(fake_snd_take_event(&code, &data));
	cr_assert(eq(u32, code, VIRTIO_SND_EVT_PCM_XRUN));
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 2));
	pass(11 * MS + PATIENCE);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 3));
	for (unsigned i = 0; i < 3; i++) {
		command(VIRTIO_SND_R_PCM_STOP, FAKE_SND_PLAYBACK);
		command(VIRTIO_SND_R_PCM_RELEASE, FAKE_SND_PLAYBACK);
		begin(FAKE_SND_PLAYBACK, 10, 5);
		pass(51 * MS + PATIENCE);
		cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 5));
	}
}

Test(virtio_snd_clock, time_stands_while_the_machine_is_paused)
{
	begin(FAKE_SND_PLAYBACK, 10, 10);
	pass(25 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 2));
	audio_pause(audio);
	virtio_snd_type.quiesce(fake_snd.card);
	pass(2000 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 2));
	virtio_snd_type.resume(fake_snd.card);
	audio_resume(audio);
	pass(4 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 2));
	pass(2 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 3));
	pass(71 * MS + PATIENCE);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 10));
}

Test(virtio_snd_clock, stopped_stream_goes_on_at_its_next_start)
{
	begin(FAKE_SND_PLAYBACK, 10, 10);
	pass(25 * MS);
	command(VIRTIO_SND_R_PCM_STOP, FAKE_SND_PLAYBACK);
	pass(500 * MS);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 2));
	command(VIRTIO_SND_R_PCM_START, FAKE_SND_PLAYBACK);
	pass(80 * MS + PATIENCE);
	cr_assert(eq(u32, users[FAKE_SND_PLAYBACK].back, 10));
}
