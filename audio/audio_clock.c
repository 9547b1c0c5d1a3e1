/* SPDX-License-Identifier: MIT */
#include "audio/audio_clock.h"

#include <stdlib.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define MS UINT64_C(1000000)

/* After a start, errors go quickly and the line is bent much; later slowly, so that the steps of a
 * server are not seen in it. An error of half the time that it would be spread over is not spread:
 * it is another place. */
#define SETTLE_NS    (1000 * MS)
#define SLEW_FAST_NS (100 * MS)
#define SLEW_SLOW_NS (500 * MS)
#define JUMP_FAST_NS (50 * MS)
#define JUMP_SLOW_NS (100 * MS)
/* The line may be this far beyond the end of what is there before that means anything. */
#define BEYOND_MAX_NS (20 * MS)

/* A measured rate counts after this long, and no sound card is this far off. */
#define RATE_SPAN_NS (2 * NS_PER_SECOND)
#define RATE_OFF_MAX 0.01

/* Rounded up, so that the time of a frame is not before it. */
static uint64_t to_sound_ns(const struct audio_clock *clock, uint64_t position)
{
	uint32_t rate = clock->rate_hz;

	return position / rate * NS_PER_SECOND +
	       (position % rate * NS_PER_SECOND + rate - 1) / rate;
}

static uint64_t to_position(const struct audio_clock *clock, uint64_t sound_ns)
{
	uint32_t rate = clock->rate_hz;

	return sound_ns / NS_PER_SECOND * rate + sound_ns % NS_PER_SECOND * rate / NS_PER_SECOND;
}

void audio_clock_init(struct audio_clock *clock, uint32_t rate_hz)
{
	*clock = (struct audio_clock){ .rate_hz = rate_hz, .speed = 1 };
}

void audio_clock_start(struct audio_clock *clock)
{
	if (clock->state == AUDIO_CLOCK_STANDS) {
		clock->state = AUDIO_CLOCK_WAITS;
	}
}

void audio_clock_stop(struct audio_clock *clock, uint64_t position)
{
	clock->state = AUDIO_CLOCK_STANDS;
	clock->position = MAX(clock->position, position);
	drift_end_run(&clock->drift);
}

/* --- the line --- */

static uint64_t line_at(const struct audio_clock *clock, uint64_t now_ns)
{
	double passed = (double)(int64_t)(now_ns - clock->at_ns);
	double slewed = MIN(MAX(passed, 0.0), clock->slew_over_ns);
	double gone = passed * clock->speed;

	if (clock->slew_over_ns > 0) {
		gone += clock->slew_ns * slewed / clock->slew_over_ns;
	}
	if (gone < 0 && clock->sound_ns < (uint64_t)-gone) {
		return 0;
	}
	return clock->sound_ns + (uint64_t)(int64_t)gone;
}

/* Puts the line through a point, without a bend. */
static void draw_line(struct audio_clock *clock, uint64_t at_ns, uint64_t sound_ns)
{
	clock->at_ns = at_ns;
	clock->sound_ns = sound_ns;
	clock->slew_ns = 0;
	clock->slew_over_ns = 0;
}

static void update_speed(struct audio_clock *clock)
{
	double slope = drift_slope(&clock->drift);

	if (drift_span_ns(&clock->drift) >= RATE_SPAN_NS) {
		clock->speed = 1 + MIN(MAX(slope, -RATE_OFF_MAX), RATE_OFF_MAX);
	}
}

static void begin(struct audio_clock *clock, uint64_t now_ns, uint64_t at_ns, uint64_t sound_ns)
{
	clock->state = AUDIO_CLOCK_RUNS;
	clock->settled_ns = now_ns + SETTLE_NS;
	draw_line(clock, at_ns, sound_ns);
	drift_end_run(&clock->drift);
	drift_add(&clock->drift, at_ns, sound_ns);
}

void audio_clock_report(struct audio_clock *clock, uint64_t now_ns, uint64_t at_ns,
			uint64_t position)
{
	uint64_t sound_ns = to_sound_ns(clock, position);
	bool is_settled = now_ns >= clock->settled_ns;
	uint64_t line_ns;
	int64_t error_ns;

	at_ns = MIN(at_ns, now_ns);
	if (clock->state == AUDIO_CLOCK_STANDS) {
		return;
	}
	if (clock->state == AUDIO_CLOCK_WAITS) {
		begin(clock, now_ns, at_ns, sound_ns);
		return;
	}
	error_ns = (int64_t)(sound_ns - line_at(clock, at_ns));
	if ((uint64_t)llabs(error_ns) > (is_settled ? JUMP_SLOW_NS : JUMP_FAST_NS)) {
		begin(clock, now_ns, at_ns, sound_ns);
		return;
	}
	drift_add(&clock->drift, at_ns, sound_ns);
	line_ns = line_at(clock, now_ns);
	update_speed(clock);
	draw_line(clock, now_ns, line_ns);
	clock->slew_ns = (double)error_ns;
	clock->slew_over_ns = (double)(is_settled ? SLEW_SLOW_NS : SLEW_FAST_NS);
}

void audio_clock_extend(struct audio_clock *clock, uint64_t now_ns, uint64_t limit)
{
	uint64_t limit_ns = to_sound_ns(clock, limit);

	if (clock->state == AUDIO_CLOCK_RUNS && line_at(clock, now_ns) > limit_ns + BEYOND_MAX_NS) {
		begin(clock, now_ns, now_ns, limit_ns);
	}
}

/* --- what is read from it --- */

uint64_t audio_clock_position(struct audio_clock *clock, uint64_t now_ns, uint64_t limit)
{
	if (clock->state == AUDIO_CLOCK_RUNS) {
		uint64_t position = to_position(clock, line_at(clock, now_ns));

		clock->position = MAX(clock->position, MIN(position, limit));
	}
	return clock->position;
}

uint64_t audio_clock_when(const struct audio_clock *clock, uint64_t position)
{
	double left = (double)(int64_t)(to_sound_ns(clock, position) - clock->sound_ns);
	double bend_ns = clock->slew_over_ns;
	double slewed_ns;

	if (clock->state != AUDIO_CLOCK_RUNS) {
		return UINT64_MAX;
	}
	slewed_ns = bend_ns * clock->speed + clock->slew_ns;
	if (bend_ns > 0 && left > 0 && left <= slewed_ns) {
		left *= bend_ns / slewed_ns;
	} else if (left > 0) {
		left = bend_ns + (left - slewed_ns) / clock->speed;
	} else {
		left = 0;
	}
	/* One nanosecond to round up, one for what doubles lose. */
	return clock->at_ns + (uint64_t)left + 2;
}

bool audio_clock_drift(const struct audio_clock *clock, uint64_t span_ns, int32_t *ppm_q8)
{
	double ppm = drift_slope(&clock->drift) * 1e6;

	*ppm_q8 = 0;
	if (drift_span_ns(&clock->drift) < span_ns) {
		return false;
	}
	*ppm_q8 = (int32_t)(MIN(MAX(ppm, -1e6), 1e6) * 256);
	return true;
}
