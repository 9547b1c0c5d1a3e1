/* SPDX-License-Identifier: MIT */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c */
/* LINK: audio/backend.c audio/none.c */
#include "audio/backend.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/none.h"
#include "tests/unit/audio/fake_card.h"
#include "tests/unit/audio/fake_time.h"
#include "vmm/base/log.h"

#define MS FAKE_MS

TestSuite(audio_voice, .timeout = 20);

/* --- a sound server, moved by the test --- */

static struct {
	struct audio_backend backend;
	struct audio_voice voice; /* one at a time */
	struct audio *audio;
	int refusal; /* what open says */
	bool is_open, is_started, was_drained;
	unsigned opened, kicks;
	uint64_t consumed;
	uint32_t volumes[AUDIO_CHANNELS_MAX];
	uint32_t first_frame; /* of the last pull */
} server;

static int open_voice(struct audio_backend *backend, struct audio_stream *stream,
		      struct audio_voice **out, struct error *err)
{
	cr_assert(eq(ptr, backend, &server.backend));
	cr_assert(eq(ptr, (void *)audio_stream_config(stream)->ops->pull, (void *)fake_card_pull));
	if (server.refusal < 0) {
		return error_set(err, server.refusal, "no room");
	}
	server.is_open = true;
	server.opened++;
	server.consumed = 0;
	*out = &server.voice;
	return 0;
}

static void close_voice(struct audio_voice *voice)
{
	cr_assert(eq(ptr, voice, &server.voice));
	cr_assert(not(server.is_started));
	server.is_open = false;
}

static void start(struct audio_voice *voice)
{
	cr_assert(ne(ptr, voice->stream, NULL));
	server.is_started = true;
}

static void stop(struct audio_voice *voice UNUSED, bool drain)
{
	server.is_started = false;
	server.was_drained = drain;
}

static void kick(struct audio_voice *voice UNUSED)
{
	server.kicks++;
}

static void set_volume(struct audio_voice *voice UNUSED, const uint32_t *volumes, unsigned count)
{
	memcpy(server.volumes, volumes, count * sizeof(*volumes));
}

static int create(const struct audio_backend_env *env, const void *options UNUSED,
		  struct audio_backend **out, struct error *err UNUSED)
{
	server.audio = env->audio;
	*out = &server.backend;
	return 0;
}

static void destroy(struct audio_backend *backend UNUSED)
{
	cr_assert(not(server.is_open));
}

static const struct audio_backend_type server_type = {
	.name = "server",
	.help = "moved by a test",
	.create = create,
	.destroy = destroy,
	.open = open_voice,
	.close = close_voice,
	.start = start,
	.stop = stop,
	.kick = kick,
	.set_volume = set_volume,
};

const struct audio_backend_type *const audio_backend_types[] = { &server_type, &audio_none_type,
								 NULL };

/* --- the machine --- */

static struct loop *loop;
static struct audio *audio;
static struct fake_card card;
static char logged[256];

static void on_log(enum log_level level UNUSED, const char *tag UNUSED, const char *text)
{
	(void)snprintf(logged, sizeof(logged), "%s", text);
}

static void set_up(void)
{
	fake_time_begin();
	log_set_sink(on_log);
	server.backend.type = &server_type;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, audio_create(loop, &audio), 0));
	cr_assert(eq(int, audio_backend_create("server", audio, "test", NULL), 0));
}

static void tear_down(void)
{
	fake_card_close(&card);
	audio_destroy(audio);
	loop_destroy(loop);
}

static void open_card(enum audio_direction direction)
{
	const struct audio_stream_config config = fake_card_config(direction, 24000, 480);

	fake_card_open(&card, audio, &config);
	card.room = UINT64_MAX;
}

static struct audio_stats stats(void)
{
	struct audio_stats all[AUDIO_STREAMS_MAX];

	cr_assert(eq(sz, audio_stats(audio, all), 1));
	return all[0];
}

static uint64_t position(void)
{
	return audio_stream_position(card.stream);
}

static size_t pull(size_t count)
{
	uint32_t frames[4800];
	size_t got = audio_stream_pull(card.stream, frames, count, fake_now_ns);

	server.first_frame = frames[0];
	return got;
}

static void push(size_t count)
{
	uint32_t frames[4800];

	for (size_t i = 0; i < count; i++) {
		frames[i] = 7;
	}
	audio_stream_push(card.stream, frames, count);
}

/* It has consumed so many by now. */
static void report(uint64_t consumed, uint32_t latency)
{
	const struct audio_report told = { .at_ns = fake_now_ns,
					   .consumed = consumed,
					   .latency = latency };

	server.consumed = consumed;
	audio_stream_report(card.stream, &told);
}

/* Runs for a while, pulling and reporting every 10 ms. */
static void serve(unsigned periods)
{
	for (unsigned i = 0; i < periods; i++) {
		(void)pull(480);
		report(server.consumed, 0);
		fake_time_pass(loop, 10 * MS, MS);
		server.consumed += 480;
	}
	report(server.consumed, 0);
}

static void begin_playback(uint64_t written)
{
	open_card(AUDIO_PLAYBACK);
	fake_card_write(&card, written);
	audio_stream_start(card.stream);
}

/* --- playback --- */

Test(audio_voice, position_follows_reports, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	cr_assert(server.is_started);
	cr_assert(eq(sz, pull(4800), 4800));
	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(eq(u64, position(), 0)); /* it has not begun yet */

	report(0, 960);
	fake_time_pass(loop, 10 * MS, MS);

	cr_assert(eq(u64, position(), 480));
	cr_assert(eq(u32, audio_stream_latency(card.stream), 960));
}

Test(audio_voice, report_beyond_what_was_pulled_is_not_believed, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	(void)pull(480);

	report(1000000, 0);

	cr_assert(eq(u64, position(), 480));
}

Test(audio_voice, is_kicked_only_after_a_short_pull, .init = set_up, .fini = tear_down)
{
	begin_playback(480);
	cr_assert(eq(sz, pull(480), 480));
	fake_card_write(&card, 960);
	cr_assert(eq(uint, server.kicks, 0));
	cr_assert(eq(sz, pull(960), 480));

	fake_card_write(&card, 1440);

	cr_assert(eq(uint, server.kicks, 1));
}

Test(audio_voice, latency_is_from_write_to_loudspeaker, .init = set_up, .fini = tear_down)
{
	begin_playback(480);
	(void)pull(960);
	report(0, 0);
	fake_time_pass(loop, 5 * MS, MS);
	fake_card_write(&card, 960); /* frame 480, at 5 ms */
	(void)pull(480);
	fake_time_pass(loop, 15 * MS, MS);

	report(960, 4800); /* frame 480 was read 10 ms ago, and is heard 100 ms after that */

	/* 20 ms - 10 ms + 100 ms - 5 ms */
	cr_assert(eq(u64, stats().latency_max, 105 * MS));
	cr_assert(ge(u64, stats().latency_p50, 104 * MS));
	cr_assert(le(u64, stats().latency_p95, 105 * MS));
}

Test(audio_voice, pause_holds_and_stop_drains, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	serve(5);
	audio_pause(audio);
	cr_assert(not(server.is_started));
	cr_assert(not(server.was_drained));
	cr_assert(eq(sz, pull(480), 0));
	fake_time_pass(loop, 1000 * MS, MS);
	cr_assert(eq(u64, position(), 2400));
	audio_resume(audio);
	cr_assert(server.is_started);
	serve(5);
	cr_assert(eq(u64, position(), 4800));
	(void)pull(480);

	audio_stream_stop(card.stream);

	cr_assert(server.was_drained);
	cr_assert(eq(u64, position(), 5280));
}

Test(audio_voice, plays_on_after_stop_and_start, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	serve(5);
	(void)pull(480);
	audio_stream_stop(card.stream);
	audio_stream_start(card.stream);
	server.consumed += 480; /* what was drained */
	serve(5);

	cr_assert(eq(u64, position(), 5280));
	cr_assert(eq(uint, card.xruns, 0));
}

/* --- running dry --- */

Test(audio_voice, underrun_counts_when_the_guest_goes_on, .init = set_up, .fini = tear_down)
{
	begin_playback(480);
	(void)pull(480);
	report(0, 0);
	(void)pull(480);
	fake_time_pass(loop, 9 * MS, MS);
	audio_stream_underrun(card.stream, 0);
	cr_assert(eq(u64, position(), 480));
	cr_assert(eq(u64, stats().underruns, 0));
	fake_time_pass(loop, 20 * MS, MS);

	fake_card_write(&card, 960);
	(void)pull(480);

	cr_assert(eq(u64, stats().underruns, 1));
	cr_assert(eq(u64, stats().underrun_frames, 960));
	cr_assert(eq(uint, card.xruns, 1));
}

Test(audio_voice, end_of_a_stream_is_no_underrun, .init = set_up, .fini = tear_down)
{
	begin_playback(480);
	(void)pull(960);
	report(0, 0);
	fake_time_pass(loop, 10 * MS, MS);
	audio_stream_underrun(card.stream, 0);
	audio_stream_stop(card.stream);
	fake_card_write(&card, 960);
	audio_stream_start(card.stream);
	(void)pull(480);

	cr_assert(eq(u64, stats().underruns, 0));
}

/* The server tells of it when the next frames are there already. */
Test(audio_voice, underrun_that_is_told_late_moves_nothing, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	serve(5);
	(void)pull(4800);

	audio_stream_underrun(card.stream, 100);

	cr_assert(eq(u64, stats().underruns, 1));
	cr_assert(eq(u64, stats().underrun_frames, 100));
	cr_assert(eq(u64, position(), 2400));
	fake_time_pass(loop, 100 * MS, MS);
	cr_assert(eq(u64, position(), 2400)); /* until it says that it plays again */
}

/* One that says nothing of it. */
Test(audio_voice, late_pull_goes_on_where_the_frames_ended, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	(void)pull(480);
	report(0, 0);
	fake_time_pass(loop, 100 * MS, MS);
	cr_assert(eq(u64, position(), 480));

	(void)pull(4800);
	fake_time_pass(loop, 10 * MS, MS);

	cr_assert(eq(u64, position(), 960));
}

/* --- a server that goes away --- */

Test(audio_voice, lost_voice_goes_on_in_silence, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	serve(5);
	(void)pull(480);

	server.is_open = false;
	server.is_started = false;
	audio_voice_lost(&server.voice);
	cr_assert(eq(int, strcmp(stats().backend, "none"), 0));
	for (uint64_t ms = 1; ms <= 200; ms++) {
		fake_time_pass(loop, MS, MS);
		cr_assert(eq(u64, position(), 2400 + ms * 48));
	}

	cr_assert(eq(u64, stats().gaps, 1));
	cr_assert(eq(u64, stats().underruns, 0));
}

Test(audio_voice, server_that_is_back_goes_on_with_the_next_frame, .init = set_up,
     .fini = tear_down)
{
	uint64_t silent;

	begin_playback(48000);
	serve(5);
	server.is_open = false;
	server.is_started = false;
	audio_voice_lost(&server.voice);
	fake_time_pass(loop, 100 * MS, MS);
	silent = card.pulled;

	audio_backend_ready(audio);

	cr_assert(server.is_started);
	cr_assert(eq(uint, server.opened, 2));
	(void)pull(480);
	cr_assert(eq(u32, server.first_frame, (uint32_t)silent));
	report(0, 0);
	fake_time_pass(loop, 10 * MS, MS);
	cr_assert(eq(u64, position(), silent + 480));
}

Test(audio_voice, lost_while_paused_stands_until_resume, .init = set_up, .fini = tear_down)
{
	begin_playback(48000);
	serve(5);
	audio_pause(audio);
	server.is_open = false;
	audio_voice_lost(&server.voice);
	fake_time_pass(loop, 100 * MS, MS);
	cr_assert(eq(u64, position(), 2400));

	audio_resume(audio);
	fake_time_pass(loop, 100 * MS, MS);

	cr_assert(eq(u64, position(), 7200));
}

Test(audio_voice, refusal_is_told_once_and_silent, .init = set_up, .fini = tear_down)
{
	server.refusal = -EINVAL;
	begin_playback(48000);
	fake_time_pass(loop, 10 * MS, MS);

	cr_assert(eq(str, logged, "snd0: no room; it is played in silence"));
	cr_assert(eq(u64, position(), 480));
}

Test(audio_voice, absent_server_is_not_told_for_each_stream, .init = set_up, .fini = tear_down)
{
	server.refusal = -EAGAIN;
	begin_playback(48000);
	fake_time_pass(loop, 10 * MS, MS);

	cr_assert(eq(str, logged, ""));
	cr_assert(eq(u64, position(), 480));
}

Test(audio_voice, volume_is_set_at_each_voice, .init = set_up, .fini = tear_down)
{
	const uint32_t volumes[2] = { AUDIO_VOLUME_MAX, 1000 };

	server.refusal = -EAGAIN;
	open_card(AUDIO_PLAYBACK);
	audio_stream_set_volume(card.stream, volumes, 2);
	server.refusal = 0;
	audio_backend_ready(audio);

	cr_assert(eq(u32, server.volumes[0], AUDIO_VOLUME_MAX));
	cr_assert(eq(u32, server.volumes[1], 1000));
}

/* --- capture --- */

Test(audio_voice, nothing_is_captured_until_it_is_allowed, .init = set_up, .fini = tear_down)
{
	open_card(AUDIO_CAPTURE);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(not(server.is_open));
	cr_assert(not(audio_is_listening(audio)));
	cr_assert(gt(u64, card.pushed, 0));

	audio_allow_capture(audio, true);
	fake_time_settle(loop);
	cr_assert(server.is_started);
	cr_assert(audio_is_listening(audio));
	push(480);
	cr_assert(card.heard_sound);
	audio_allow_capture(audio, false);
	card.heard_sound = false;
	push(480); /* already on its way */
	fake_time_pass(loop, 50 * MS, MS);

	cr_assert(not(card.heard_sound));
	cr_assert(not(server.is_open));
	cr_assert(not(audio_is_listening(audio)));
}

Test(audio_voice, frames_without_room_are_an_overrun, .init = set_up, .fini = tear_down)
{
	audio_allow_capture(audio, true);
	open_card(AUDIO_CAPTURE);
	audio_stream_start(card.stream);
	card.room = 500;
	push(480);
	push(480);

	cr_assert(eq(u64, stats().overruns, 1));
	cr_assert(eq(u64, stats().overrun_frames, 460));
	cr_assert(eq(u64, stats().written, 500));
	cr_assert(eq(uint, card.xruns, 1));
}

Test(audio_voice, captured_position_moves_between_pushes, .init = set_up, .fini = tear_down)
{
	audio_allow_capture(audio, true);
	open_card(AUDIO_CAPTURE);
	audio_stream_start(card.stream);
	push(480);
	cr_assert(eq(u64, position(), 0));

	fake_time_pass(loop, 5 * MS, MS);
	cr_assert(eq(u64, position(), 240));
	fake_time_pass(loop, 20 * MS, MS);

	cr_assert(eq(u64, position(), 480));
}

/* --- taps and figures --- */

struct heard {
	struct audio_tap tap;
	uint64_t frames;
	uint64_t first_ns;
};

static void on_frames(void *arg, unsigned stream, const struct audio_format *format,
		      const void *frames, size_t count, uint64_t heard_ns)
{
	struct heard *heard = arg;

	cr_assert(eq(uint, stream, 0));
	cr_assert(eq(u32, format->rate_hz, 48000));
	cr_assert(eq(u32, *(const uint32_t *)frames, (uint32_t)heard->frames));
	heard->first_ns = heard->frames > 0 ? heard->first_ns : heard_ns;
	heard->frames += count;
}

Test(audio_voice, taps_hear_each_frame, .init = set_up, .fini = tear_down)
{
	struct heard heard = { .tap = { .on_frames = on_frames, .arg = &heard } };

	audio_add_tap(audio, &heard.tap);
	begin_playback(4800);
	serve(5);
	audio_remove_tap(audio, &heard.tap);
	(void)pull(480);

	cr_assert(eq(u64, heard.frames, 2400));
	cr_assert(eq(u64, heard.first_ns, FAKE_START_NS));
}

Test(audio_voice, reset_figures_add_up_at_the_end, .init = set_up, .fini = tear_down)
{
	begin_playback(4800);
	serve(5);
	audio_stream_gap(card.stream);
	audio_reset_stats(audio);
	serve(5);
	audio_stream_stop(card.stream);

	cr_assert(eq(u64, stats().gaps, 0));
	cr_assert(eq(u64, stats().written, 2400));
	cr_assert(eq(u64, stats().played, 2400));
}

Test(audio_voice, drift_of_the_server_is_measured, .init = set_up, .fini = tear_down)
{
	begin_playback(48000 * 20);
	for (unsigned i = 0; i < 1200; i++) {
		(void)pull(481);
		report(server.consumed, 0);
		fake_time_pass(loop, 10 * MS, 10 * MS);
		server.consumed += 480 + i % 2; /* a 960th too fast */
	}

	cr_assert(stats().has_drift);
	cr_assert(ge(int, stats().drift_ppm_q8, 1041 * 256 - 2560));
	cr_assert(le(int, stats().drift_ppm_q8, 1041 * 256 + 2560));
}

Test(audio_voice, only_so_many_streams, .init = set_up, .fini = tear_down)
{
	struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 480, 480);
	struct audio_stream *streams[AUDIO_STREAMS_MAX];
	struct audio_stream *one_more;

	server.refusal = -EAGAIN;
	for (unsigned i = 0; i < AUDIO_STREAMS_MAX; i++) {
		cr_assert(eq(int, audio_stream_open(audio, &config, &streams[i]), 0));
	}
	cr_assert(eq(int, audio_stream_open(audio, &config, &one_more), -EMFILE));
	for (unsigned i = 0; i < AUDIO_STREAMS_MAX; i++) {
		audio_stream_close(streams[i]);
	}
}
