/* SPDX-License-Identifier: MIT */
/* LINK: audio/ tests/audio/player.c tests/audio/server.c tests/audio/tune.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/audio/player.h"
#include "tests/audio/server.h"
#include "tests/audio/tune.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* What a loaded machine may delay is not asked for here: that each frame arrives once, unchanged
 * and in order is. */
TestSuite(playback, .timeout = 120);

#define LINE_BYTES 512

static const struct audio_format cd = {
	AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT }
};

/* A server with a card, an ear at it, and a machine. */
struct scene {
	struct audio_format format;
	struct server server;
	struct stage stage;
	struct witness witness;
};

static void begin(struct scene *scene, const struct audio_format *format, const char *text)
{
	char line[LINE_BYTES];

	scene->format = *format;
	server_describe_card("card", format, line, sizeof(line));
	server_start(&scene->server, line);
	witness_listen(&scene->server, "card.monitor", format, &scene->witness);
	stage_start(&scene->stage, text);
}

/* Closes the stream, which plays its rest; what was heard of the voices is looked at. */
static void hear_end(struct scene *scene, struct player *player, struct tune_report *report)
{
	struct audio_stats stats;
	size_t count;
	void *record;

	player_stats(player, &stats);
	player_close(player);
	/* Longer than the rest: it ends in silence. */
	record = witness_stop(&scene->witness, &scene->format, scene->format.rate_hz / 2, &count);
	tune_check(&scene->format, player->voices, record, count, report);
	cr_log_info("%s %u: %u frames, silences %u (%u frames); underruns %u, gaps %u, written to "
		    "heard %u us",
		    audio_sample_name(scene->format.sample), scene->format.rate_hz,
		    (unsigned)report->frames, (unsigned)report->gaps, (unsigned)report->gap_frames,
		    (unsigned)stats.underruns, (unsigned)stats.gaps,
		    (unsigned)(stats.latency_p50 / 1000));
	free(record);
}

static void end(struct scene *scene)
{
	stage_end(&scene->stage);
	server_end(&scene->server);
}

static void assert_all(const struct tune_report *report, uint64_t total)
{
	cr_assert(eq(u64, report->first, 0));
	cr_assert(report->is_whole, "frame %u is wrong", (unsigned)report->frames);
	cr_assert(eq(u64, report->frames, total));
}

/* Plays a whole tune of `ms` in the card's own format, to its last frame. */
static void play(const struct audio_format *format, unsigned ms)
{
	uint64_t total = (uint64_t)format->rate_hz * ms / 1000;
	struct tune_report report;
	struct player player;
	struct scene scene;

	begin(&scene, format, "pulse");
	player_open(&player, &scene.stage, format, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, total);
	hear_end(&scene, &player, &report);
	end(&scene);
	assert_all(&report, total);
}

Test(playback, stereo_arrives_bit_for_bit)
{
	play(&cd, 10000);
}

/* Each way to write a sample, slow and fast rates, one to eight channels. */
ParameterizedTestParameters(playback, format_arrives_bit_for_bit)
{
	static struct audio_format formats[] = {
		{ AUDIO_U8, 8000, 1 },	    { AUDIO_S16, 44100, 2 },  { AUDIO_S24, 96000, 2 },
		{ AUDIO_S24_32, 32000, 2 }, { AUDIO_S32, 192000, 2 }, { AUDIO_F32, 48000, 2 },
		{ AUDIO_S16, 48000, 6 },    { AUDIO_F32, 48000, 8 },
	};

	return cr_make_param_array(struct audio_format, formats, ARRAY_SIZE(formats));
}

ParameterizedTest(const struct audio_format *row, playback, format_arrives_bit_for_bit)
{
	struct audio_format format = *row;

	audio_format_set_places(&format);
	play(&format, 700);
}

static void stand_still(void *arg UNUSED)
{
	sleep_ms(4000);
}

/* As when the whole process was stopped: the server was there all the time. */
Test(playback, loop_that_stood_still_loses_nothing)
{
	const uint64_t total = cd.rate_hz;
	struct tune_report report;
	struct player player;
	struct scene scene;

	begin(&scene, &cd, "pulse");
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, total / 4);
	loop_call(scene.stage.loop, stand_still, NULL);
	player_wait(&player, total);
	hear_end(&scene, &player, &report);
	end(&scene);
	assert_all(&report, total);
}

/* One sings left, the other right. */
Test(playback, two_streams_mix)
{
	const uint64_t total = cd.rate_hz;
	struct player players[2];
	struct tune_report reports[2];
	struct scene scene;
	size_t count;
	void *record;

	begin(&scene, &cd, "pulse,sink=card");
	for (unsigned i = 0; i < 2; i++) {
		player_open(&players[i], &scene.stage, &cd, 1u << i, total);
		player_wait_for_backend(&players[i], "pulse");
	}
	player_start(&players[0]);
	player_start(&players[1]);
	player_wait(&players[0], total);
	player_wait(&players[1], total);
	player_close(&players[0]);
	player_close(&players[1]);
	record = witness_stop(&scene.witness, &cd, cd.rate_hz / 2, &count);
	tune_check(&cd, 1, record, count, &reports[0]);
	tune_check(&cd, 2, record, count, &reports[1]);
	free(record);
	end(&scene);
	assert_all(&reports[0], total);
	assert_all(&reports[1], total);
}

Test(playback, volume_is_set_by_channel)
{
	const uint64_t total = cd.rate_hz / 2;
	struct tune_report left, right;
	struct player player;
	struct scene scene;
	size_t count;
	void *record;

	begin(&scene, &cd, "pulse");
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, total);
	player_set_volume(&player, AUDIO_VOLUME_MAX, 0);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, total);
	player_close(&player);
	record = witness_stop(&scene.witness, &cd, cd.rate_hz / 2, &count);
	tune_check(&cd, 1, record, count, &left);
	tune_check(&cd, 2, record, count, &right);
	free(record);
	end(&scene);
	assert_all(&left, total);
	cr_assert(eq(u64, right.frames, 0));
}

Test(playback, pause_and_stop_lose_nothing)
{
	const uint64_t total = cd.rate_hz * 2;
	struct tune_report report;
	struct player player;
	struct scene scene;

	begin(&scene, &cd, "pulse");
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	for (unsigned i = 1; i <= 4; i++) {
		player_wait(&player, total * i / 8);
		stage_pause(&scene.stage, true);
		sleep_ms(100);
		stage_pause(&scene.stage, false);
	}
	for (unsigned i = 5; i < 8; i++) {
		player_wait(&player, total * i / 8);
		player_stop(&player);
		sleep_ms(i == 6 ? 0 : 100);
		player_start(&player);
	}
	player_wait(&player, total);
	hear_end(&scene, &player, &report);
	end(&scene);
	assert_all(&report, total);
}

Test(playback, guest_that_runs_dry_loses_nothing)
{
	const uint64_t half = cd.rate_hz / 2;
	struct tune_report report;
	struct audio_stats stats;
	struct player player;
	struct scene scene;

	begin(&scene, &cd, "pulse");
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, half);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, half);
	sleep_ms(200);
	player_extend(&player, half * 2);
	player_wait(&player, half * 2);
	player_stats(&player, &stats);
	hear_end(&scene, &player, &report);
	end(&scene);
	assert_all(&report, half * 2);
	cr_assert(ge(u64, stats.underruns, 1));
}

/* Looked at every few milliseconds for two seconds. */
Test(playback, position_moves_evenly)
{
	const uint64_t total = cd.rate_hz * 3;
	unsigned looks = 0, standing = 0;
	uint64_t last, start_ns, first;
	struct audio_stats stats;
	struct player player;
	struct scene scene;

	begin(&scene, &cd, "pulse");
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz / 2);
	first = last = player_position(&player);
	start_ns = clock_now_ns();
	while (last < cd.rate_hz * 5 / 2) {
		uint64_t now;

		sleep_ms(3);
		now = player_position(&player);
		cr_assert(ge(u64, now, last));
		looks++;
		standing += now == last;
		last = now;
	}
	/* Steps of the server would show as three looks of four that find it where it was. A
	 * machine that comes too late lets it stand in truth. */
	player_stats(&player, &stats);
	cr_log_info("%u looks, %u found it standing, %u gaps", looks, standing,
		    (unsigned)stats.gaps);
	cr_assert(standing * 4 <= looks || stats.gaps + stats.underruns > 0);
	/* Sound is not faster than time, but for a clock that is being put right. */
	cr_assert(le(u64, audio_frames_to_ns(last - first, cd.rate_hz),
		     (clock_now_ns() - start_ns) * 11 / 10 + NS_PER_SECOND / 10));
	player_close(&player);
	end(&scene);
}

/* The middle one of many looks, in ms. */
static int compare(const void *a, const void *b)
{
	const unsigned *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static unsigned measure_latency(const char *text)
{
	unsigned looks[101];
	struct player player;
	struct scene scene;

	begin(&scene, &cd, text);
	player_open(&player, &scene.stage, &cd, TUNE_ALL_VOICES, UINT64_MAX / 2);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz / 2);
	for (unsigned i = 0; i < ARRAY_SIZE(looks); i++) {
		sleep_ms(7);
		looks[i] = (unsigned)(player_distance(&player) * 1000 / cd.rate_hz);
	}
	player_close(&player);
	witness_end(&scene.witness);
	end(&scene);
	qsort(looks, ARRAY_SIZE(looks), sizeof(looks[0]), compare);
	return looks[ARRAY_SIZE(looks) / 2];
}

/* A full queue is what was asked for; a loaded machine may leave it emptier. */
Test(playback, latency_is_what_was_asked)
{
	unsigned shortest = measure_latency("pulse,latency=20");
	unsigned usual = measure_latency("pulse");
	unsigned longest = measure_latency("pulse,latency=90");

	cr_log_info("20 ms asked: %u; 30 by default: %u; 90 asked: %u", shortest, usual, longest);
	cr_assert(le(uint, shortest, 50));
	cr_assert(le(uint, usual, 60));
	cr_assert(le(uint, longest, 120));
	cr_assert(gt(uint, longest, shortest));
}
