/* SPDX-License-Identifier: MIT */
/* LINK: audio/audio_clock.c audio/drift.c */
#include "audio/audio_clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define MS	 UINT64_C(1000000)
#define START_NS (5000 * NS_PER_SECOND)
#define RATE	 48000u
#define NO_LIMIT UINT64_MAX

TestSuite(audio_clock, .timeout = 20);

/* --- a sound server --- */

struct host {
	struct audio_clock clock;
	uint64_t now_ns;
	uint64_t began_ns; /* when it was at first_position */
	uint64_t first_position;
	int64_t ppm; /* too fast */
	uint64_t report_every_ns;
	uint64_t step_frames; /* it reports whole steps; 0: frames */
	uint64_t jitter_ns;   /* reports are as old as up to this, and don't say so */
	uint64_t last_report_ns;
	uint32_t random;
	/* What was seen. */
	uint64_t position;
	uint64_t most, least; /* frames in one millisecond */
};

static struct host new_host(void)
{
	struct host host = {
		.now_ns = START_NS, .began_ns = START_NS, .report_every_ns = 20 * MS, .random = 1
	};

	audio_clock_init(&host.clock, RATE);
	audio_clock_start(&host.clock);
	return host;
}

static uint64_t truth(const struct host *host, uint64_t at_ns)
{
	int64_t passed_ns = (int64_t)(at_ns - host->began_ns);
	int64_t extra_ns = passed_ns / 1000000 * host->ppm;

	return host->first_position + (uint64_t)(passed_ns + extra_ns) / 1000 * RATE / 1000000;
}

static uint64_t next_random(struct host *host, uint64_t below)
{
	host->random = host->random * 1664525u + 1013904223u;
	return below > 0 ? (host->random >> 8) % below : 0;
}

static void report(struct host *host)
{
	uint64_t old_ns = next_random(host, host->jitter_ns);
	uint64_t position = truth(host, host->now_ns - MIN(old_ns, host->now_ns - host->began_ns));

	if (host->step_frames > 0) {
		position -= position % host->step_frames;
	}
	audio_clock_report(&host->clock, host->now_ns, host->now_ns, position);
	host->last_report_ns = host->now_ns;
}

static void watch_speed(struct host *host)
{
	host->least = UINT64_MAX;
	host->most = 0;
}

static void play(struct host *host, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		uint64_t position;

		if (host->now_ns - host->last_report_ns >= host->report_every_ns) {
			report(host);
		}
		host->now_ns += MS;
		position = audio_clock_position(&host->clock, host->now_ns, NO_LIMIT);
		cr_assert(ge(u64, position, host->position));
		host->most = MAX(host->most, position - host->position);
		host->least = MIN(host->least, position - host->position);
		host->position = position;
	}
}

static int64_t off_frames(const struct host *host)
{
	return llabs((int64_t)(host->position - truth(host, host->now_ns)));
}

/* --- following a server --- */

Test(audio_clock, follows_an_exact_server_exactly)
{
	struct host host = new_host();

	play(&host, 1);
	watch_speed(&host);
	play(&host, 10000);

	cr_assert(le(i64, off_frames(&host), 1));
	cr_assert(ge(u64, host.least, 47));
	cr_assert(le(u64, host.most, 49));
}

Test(audio_clock, steps_of_10_ms_are_not_seen)
{
	struct host host = new_host();

	host.step_frames = 480;
	host.report_every_ns = 7 * MS;
	play(&host, 2000);
	watch_speed(&host);
	play(&host, 10000);

	cr_assert(le(i64, off_frames(&host), 480)); /* what a step hides */
	cr_assert(ge(u64, host.least, 46));	    /* 48, 3 % off */
	cr_assert(le(u64, host.most, 50));
}

Test(audio_clock, jitter_of_reports_is_not_seen)
{
	struct host host = new_host();

	host.jitter_ns = 15 * MS;
	play(&host, 2000);
	watch_speed(&host);
	play(&host, 10000);

	cr_assert(le(i64, off_frames(&host), 720)); /* the jitter itself */
	cr_assert(ge(u64, host.least, 46));
	cr_assert(le(u64, host.most, 50));
}

Test(audio_clock, even_right_after_the_start_there_is_no_leap)
{
	struct host host = new_host();

	host.step_frames = 480;
	play(&host, 1);
	watch_speed(&host);
	play(&host, 1000);

	cr_assert(ge(u64, host.least, 48 / 2));
	cr_assert(le(u64, host.most, 48 * 3 / 2));
}

Test(audio_clock, goes_on_through_a_gap_of_reports)
{
	struct host host = new_host();

	host.ppm = 300;
	play(&host, 30000);
	host.report_every_ns = UINT64_MAX;
	watch_speed(&host);
	play(&host, 10000);
	cr_assert(le(i64, off_frames(&host), 24)); /* half a millisecond after 10 s */
	host.report_every_ns = 20 * MS;
	play(&host, 2000);

	cr_assert(le(i64, off_frames(&host), 2));
	cr_assert(ge(u64, host.least, 47));
	cr_assert(le(u64, host.most, 49));
}

Test(audio_clock, goes_beyond_32_bits_without_a_trace)
{
	struct host host = new_host();

	host.first_position = (UINT64_C(1) << 32) - RATE;
	host.position = host.first_position;
	play(&host, 1);
	watch_speed(&host);
	play(&host, 2000);

	cr_assert(gt(u64, host.position, UINT64_C(1) << 32));
	cr_assert(le(i64, off_frames(&host), 1));
	cr_assert(ge(u64, host.least, 47));
	cr_assert(le(u64, host.most, 49));
}

Test(audio_clock, server_that_skips_is_followed_at_once)
{
	struct host host = new_host();

	play(&host, 5000);
	host.first_position += RATE; /* by a second */
	play(&host, 21);

	cr_assert(le(i64, off_frames(&host), 1));
}

Test(audio_clock, server_that_goes_back_is_waited_for)
{
	struct host host = new_host();
	uint64_t before;

	play(&host, 5000);
	before = host.position;
	host.began_ns += 200 * MS;
	play(&host, 100);
	cr_assert(le(u64, host.position, before + 1000)); /* until the report: 20 ms */
	play(&host, 200);

	cr_assert(gt(u64, host.position, before + 2000));
	cr_assert(le(i64, off_frames(&host), 1));
}

/* Reports up to 300 ms off, both ways, up to 50 ms old, and a limit that comes in leaps. */
Test(audio_clock, never_goes_back_nor_beyond_whatever_is_reported)
{
	struct host host = new_host();
	const uint64_t off = RATE * 3 / 10;
	uint64_t before = 0, limit = 0;

	host.first_position = off;
	for (unsigned i = 0; i < 50000; i++) {
		uint64_t position;

		host.now_ns += next_random(&host, MS);
		if (next_random(&host, 10) == 0) {
			audio_clock_report(
				&host.clock, host.now_ns, host.now_ns - next_random(&host, 50 * MS),
				truth(&host, host.now_ns) - off + next_random(&host, 2 * off));
		}
		if (next_random(&host, 20) == 0) {
			audio_clock_extend(&host.clock, host.now_ns, limit);
			limit += next_random(&host, RATE / 25);
		}
		position = audio_clock_position(&host.clock, host.now_ns, limit);
		cr_assert(ge(u64, position, before));
		cr_assert(le(u64, position, limit));
		before = position;
	}
	cr_assert(gt(u64, before, 10 * RATE), "it moved");
}

Test(audio_clock, report_of_an_earlier_moment_counts_for_that_moment)
{
	struct host host = new_host();

	play(&host, 1000);
	host.report_every_ns = UINT64_MAX;
	for (unsigned i = 0; i < 50; i++) {
		play(&host, 20);
		audio_clock_report(&host.clock, host.now_ns, host.now_ns - 30 * MS,
				   truth(&host, host.now_ns - 30 * MS));
	}

	cr_assert(le(i64, off_frames(&host), 1));
}

/* --- ends --- */

Test(audio_clock, never_goes_beyond_the_limit)
{
	struct audio_clock clock;

	audio_clock_init(&clock, RATE);
	audio_clock_start(&clock);
	audio_clock_report(&clock, START_NS, START_NS, 0);

	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + NS_PER_SECOND, 1000), 1000));
}

Test(audio_clock, goes_on_at_the_limit_when_there_is_more)
{
	struct audio_clock clock;
	uint64_t later_ns = START_NS + NS_PER_SECOND;

	audio_clock_init(&clock, RATE);
	audio_clock_start(&clock);
	audio_clock_report(&clock, START_NS, START_NS, 0);
	audio_clock_extend(&clock, later_ns, 1000);

	cr_assert(eq(u64, audio_clock_position(&clock, later_ns + 10 * MS, NO_LIMIT), 1480));
}

/* A line that is a little ahead when more is pulled in the last moment is right. */
Test(audio_clock, small_lead_over_the_limit_is_kept)
{
	struct audio_clock clock;

	audio_clock_init(&clock, RATE);
	audio_clock_start(&clock);
	audio_clock_report(&clock, START_NS, START_NS, 0);
	audio_clock_extend(&clock, START_NS + 15 * MS, 480);

	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + 20 * MS, NO_LIMIT), 960));
}

/* --- standing --- */

Test(audio_clock, stands_until_the_first_report)
{
	struct audio_clock clock;

	audio_clock_init(&clock, RATE);
	audio_clock_report(&clock, START_NS, START_NS, 480);
	cr_assert(eq(u64, audio_clock_position(&clock, START_NS, NO_LIMIT), 0));
	audio_clock_start(&clock);
	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + NS_PER_SECOND, NO_LIMIT), 0));

	audio_clock_report(&clock, START_NS + NS_PER_SECOND, START_NS + NS_PER_SECOND, 480);

	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + NS_PER_SECOND, NO_LIMIT), 480));
}

Test(audio_clock, is_right_after_a_pause)
{
	struct host host = new_host();
	uint64_t position;

	play(&host, 1234);
	position = host.position;
	audio_clock_stop(&host.clock, position);
	host.now_ns += 10 * NS_PER_SECOND;
	host.began_ns += 10 * NS_PER_SECOND;
	cr_assert(eq(u64, audio_clock_position(&host.clock, host.now_ns, NO_LIMIT), position));

	audio_clock_start(&host.clock);
	host.last_report_ns = 0;
	play(&host, 100);

	cr_assert(le(i64, off_frames(&host), 1));
}

Test(audio_clock, stop_at_an_earlier_position_goes_not_back)
{
	struct host host = new_host();

	play(&host, 100);
	audio_clock_stop(&host.clock, 7);

	cr_assert(eq(u64, audio_clock_position(&host.clock, host.now_ns, NO_LIMIT), host.position));
}

/* A server that first plays out what was before the stop. */
Test(audio_clock, stands_while_the_server_is_behind)
{
	struct audio_clock clock;

	audio_clock_init(&clock, RATE);
	audio_clock_stop(&clock, 4800);
	audio_clock_start(&clock);
	audio_clock_report(&clock, START_NS, START_NS, 3840); /* 20 ms behind */

	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + 20 * MS, NO_LIMIT), 4800));
	cr_assert(eq(u64, audio_clock_position(&clock, START_NS + 30 * MS, NO_LIMIT), 5280));
}

/* --- when --- */

struct rate {
	uint32_t hz;
	int32_t late_ns; /* of the second report: what the line is bent by */
};

ParameterizedTestParameters(audio_clock, when_is_the_first_moment_of_a_frame)
{
	static struct rate rates[] = {
		{ 5512, 0 },	    { 8000, 0 },	 { 11025, 0 },	      { 22050, 0 },
		{ 44100, 0 },	    { 48000, 0 },	 { 96000, 0 },	      { 192000, 0 },
		{ 44100, 3000000 }, { 44100, -3000000 }, { 11025, 40000000 }, { 192000, -40000000 },
	};

	return cr_make_param_array(struct rate, rates, ARRAY_SIZE(rates));
}

ParameterizedTest(struct rate *rate, audio_clock, when_is_the_first_moment_of_a_frame)
{
	struct audio_clock clock;
	uint64_t now_ns = START_NS + 100 * MS;

	audio_clock_init(&clock, rate->hz);
	audio_clock_start(&clock);
	audio_clock_report(&clock, START_NS, START_NS, 0);
	audio_clock_report(&clock, now_ns, now_ns - (uint64_t)(int64_t)rate->late_ns,
			   rate->hz / 10);
	for (uint64_t position = rate->hz / 9; position < rate->hz; position += 13) {
		struct audio_clock before = clock;
		uint64_t when_ns = audio_clock_when(&clock, position);

		cr_assert(eq(u64, audio_clock_position(&clock, when_ns, NO_LIMIT), position));
		/* Not a microsecond earlier. */
		cr_assert(eq(u64, audio_clock_position(&before, when_ns - 1000, NO_LIMIT),
			     position - 1));
	}
}

Test(audio_clock, when_is_never_while_it_stands)
{
	struct audio_clock clock;

	audio_clock_init(&clock, RATE);
	cr_assert(eq(u64, audio_clock_when(&clock, 1), UINT64_MAX));
	audio_clock_start(&clock);
	cr_assert(eq(u64, audio_clock_when(&clock, 1), UINT64_MAX));
}

/* --- drift --- */

static double measured_ppm(const struct host *host)
{
	int32_t ppm_q8;

	cr_assert(audio_clock_drift(&host->clock, 10 * NS_PER_SECOND, &ppm_q8));
	return ppm_q8 / 256.0;
}

ParameterizedTestParameters(audio_clock, measures_drift_through_steps_and_jitter)
{
	static int ppms[] = { 0, 300, -300, 12 };

	return cr_make_param_array(int, ppms, ARRAY_SIZE(ppms));
}

ParameterizedTest(int *ppm, audio_clock, measures_drift_through_steps_and_jitter)
{
	struct host host = new_host();

	host.ppm = *ppm;
	host.step_frames = 480;
	host.jitter_ns = 5 * MS;
	host.report_every_ns = 17 * MS; /* not in step with its steps, which would hide them */
	play(&host, 120000);

	cr_assert(lt(dbl, measured_ppm(&host), *ppm + 10));
	cr_assert(gt(dbl, measured_ppm(&host), *ppm - 10));
	cr_assert(le(i64, off_frames(&host), 720));
}

Test(audio_clock, pauses_do_not_count_as_drift)
{
	struct host host = new_host();

	host.ppm = -300;
	for (unsigned i = 0; i < 20; i++) {
		play(&host, 2000);
		audio_clock_stop(&host.clock, host.position);
		host.now_ns += 777 * MS;
		host.began_ns += 777 * MS;
		audio_clock_start(&host.clock);
	}

	cr_assert(lt(dbl, measured_ppm(&host), -299));
	cr_assert(gt(dbl, measured_ppm(&host), -301));
}

Test(audio_clock, drift_is_not_told_after_little_play)
{
	struct host host = new_host();
	int32_t ppm_q8;

	play(&host, 9000);

	cr_assert(not(audio_clock_drift(&host.clock, 10 * NS_PER_SECOND, &ppm_q8)));
}
