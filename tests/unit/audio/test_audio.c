/* SPDX-License-Identifier: MIT */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c */
/* LINK: audio/backend.c audio/none.c */
#include "audio/audio.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "audio/none.h"
#include "tests/unit/audio/fake_card.h"
#include "tests/unit/audio/fake_time.h"

#define MS FAKE_MS

TestSuite(audio, .timeout = 20);

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, NULL };

static struct loop *loop;
static struct audio *audio;
static struct fake_card card;

static void set_up(void)
{
	fake_time_begin();
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, audio_create(loop, &audio), 0));
}

static void tear_down(void)
{
	fake_card_close(&card);
	audio_destroy(audio);
	loop_destroy(loop);
}

static struct audio_stats stats(void)
{
	struct audio_stats all[AUDIO_STREAMS_MAX];

	cr_assert(eq(sz, audio_stats(audio, all), 1));
	return all[0];
}

/* 48 kHz: a millisecond is 48 frames. Half a second of buffer, periods of 10 ms. */
static void open_playback(void)
{
	const struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 24000, 480);

	fake_card_open(&card, audio, &config);
}

/* --- nobody plays --- */

Test(audio, silence_consumes_in_real_time, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 4800);
	audio_stream_start(card.stream);

	for (uint64_t ms = 1; ms <= 100; ms++) {
		fake_time_pass(loop, MS, MS);
		cr_assert(eq(u64, audio_stream_position(card.stream), ms * 48));
	}
}

Test(audio, silence_stands_at_the_end_and_goes_on_after_a_kick, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 480);
	audio_stream_start(card.stream);

	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), 480));
	fake_card_write(&card, 960);
	fake_time_pass(loop, 5 * MS, MS);

	cr_assert(eq(u64, audio_stream_position(card.stream), 480 + 240));
}

Test(audio, position_is_all_that_was_written_after_a_drain, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 479); /* no whole period */
	audio_stream_start(card.stream);
	audio_stream_wake_at(card.stream, 479);

	fake_time_pass(loop, 11 * MS, MS);

	cr_assert(eq(uint, card.reached, 1));
	audio_stream_stop(card.stream);
	cr_assert(eq(u64, stats().written, 479));
	cr_assert(eq(u64, stats().played, 479));
	cr_assert(eq(u64, stats().underruns, 0));
}

Test(audio, stop_consumes_what_was_pulled_at_once, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 4800);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 5 * MS, MS);

	audio_stream_stop(card.stream);

	cr_assert(eq(u64, audio_stream_position(card.stream), card.pulled));
	fake_time_pass(loop, 50 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), card.pulled));
	cr_assert(lt(u64, card.pulled, 4800));
}

/* --- waking --- */

Test(audio, wakes_when_the_position_is_reached, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 4800);
	audio_stream_start(card.stream);
	audio_stream_wake_at(card.stream, 480);

	fake_time_pass(loop, 10 * MS - 1, MS / 10);
	cr_assert(eq(uint, card.reached, 0));
	fake_time_pass(loop, 100, 10); /* the host counts in whole frames */

	cr_assert(eq(uint, card.reached, 1));
	cr_assert(eq(u64, audio_stream_position(card.stream), 480));
}

Test(audio, wakes_from_the_loop_when_the_position_is_there_already, .init = set_up,
     .fini = tear_down)
{
	open_playback();
	audio_stream_wake_at(card.stream, 0);
	cr_assert(eq(uint, card.reached, 0));

	fake_time_settle(loop);

	cr_assert(eq(uint, card.reached, 1));
}

Test(audio, wakes_for_frames_that_are_written_later, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 480);
	audio_stream_start(card.stream);
	audio_stream_wake_at(card.stream, 960);
	fake_time_pass(loop, 20 * MS, MS);
	cr_assert(eq(uint, card.reached, 0));

	fake_card_write(&card, 960);
	fake_time_pass(loop, 11 * MS, MS);

	cr_assert(eq(uint, card.reached, 1));
}

Test(audio, stop_wakes_for_what_was_pulled, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 480);
	audio_stream_start(card.stream);
	audio_stream_wake_at(card.stream, 480);
	fake_time_pass(loop, MS, MS);

	audio_stream_stop(card.stream);
	fake_time_settle(loop);

	cr_assert(eq(uint, card.reached, 1));
}

/* --- pause --- */

Test(audio, stands_while_paused, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 24000);
	audio_stream_start(card.stream);
	audio_stream_wake_at(card.stream, 480);
	fake_time_pass(loop, 5 * MS, MS);

	audio_pause(audio);
	fake_time_pass(loop, 1000 * MS, MS);
	cr_assert(eq(u64, audio_stream_position(card.stream), 240));
	cr_assert(eq(uint, card.reached, 0));
	audio_resume(audio);
	fake_time_pass(loop, 6 * MS, MS);

	cr_assert(eq(uint, card.reached, 1));
	cr_assert(eq(u64, audio_stream_position(card.stream), 240 + 288));
	cr_assert(eq(u64, stats().underruns, 0));
}

Test(audio, starts_on_resume_what_was_started_while_paused, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 24000);
	audio_pause(audio);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 5 * MS, MS);
	cr_assert(eq(u64, card.pulled, 0));

	audio_resume(audio);
	fake_time_pass(loop, 5 * MS, MS);

	cr_assert(eq(u64, audio_stream_position(card.stream), 240));
}

/* --- counting --- */

Test(audio, counts_an_underrun_only_when_the_guest_goes_on, .init = set_up, .fini = tear_down)
{
	open_playback();
	fake_card_write(&card, 480);
	audio_stream_start(card.stream);
	fake_time_pass(loop, 20 * MS, MS);
	cr_assert(eq(u64, stats().underruns, 0));

	fake_card_write(&card, 960);

	cr_assert(eq(u64, stats().underruns, 1));
	cr_assert(ge(u64, stats().underrun_frames, 432)); /* 10 ms, found a tick late */
	cr_assert(le(u64, stats().underrun_frames, 480));
	cr_assert(eq(uint, card.xruns, 1));
}

Test(audio, empty_start_is_no_underrun, .init = set_up, .fini = tear_down)
{
	open_playback();
	audio_stream_start(card.stream);
	fake_time_pass(loop, 20 * MS, MS);
	fake_card_write(&card, 960);

	cr_assert(eq(u64, stats().underruns, 0));
}

Test(audio, rejects_formats_and_sizes_that_make_no_sense, .init = set_up, .fini = tear_down)
{
	struct audio_stream_config config = fake_card_config(AUDIO_PLAYBACK, 480, 481);
	struct audio_stream *stream;

	cr_assert(eq(int, audio_stream_open(audio, &config, &stream), -EINVAL));
	config.period_frames = 0;
	cr_assert(eq(int, audio_stream_open(audio, &config, &stream), -EINVAL));
	config.period_frames = 480;
	config.format.rate_hz = 192001;
	cr_assert(eq(int, audio_stream_open(audio, &config, &stream), -EINVAL));
	cr_assert(eq(ptr, stream, NULL));
}

/* --- capture --- */

Test(audio, capture_is_silence_in_real_time, .init = set_up, .fini = tear_down)
{
	const struct audio_stream_config config = fake_card_config(AUDIO_CAPTURE, 24000, 480);

	fake_card_open(&card, audio, &config);
	card.room = UINT64_MAX;
	audio_stream_start(card.stream);

	fake_time_pass(loop, 1000 * MS, MS);

	cr_assert(ge(u64, card.pushed, 47520));
	cr_assert(le(u64, card.pushed, 48000));
	cr_assert(not(card.heard_sound));
	cr_assert(le(u64, audio_stream_position(card.stream), card.pushed));
}
