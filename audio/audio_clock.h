/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_AUDIO_CLOCK_H
#define THUNDERLAKE_AUDIO_AUDIO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/drift.h"

/*
 * How far a stream is, at any time, from what its host tells now and then. A sound server reports
 * late, in steps and with jitter; a guest needs a position that moves as evenly as the samples do.
 * So the position is a line over CLOCK_MONOTONIC: its slope is the rate measured so far, and what a
 * report differs from it is made up for bit by bit. Only a report that is far off moves it at once,
 * and never back: then the position stands until the line has come there.
 *
 * Time comes from the caller. Positions are frames.
 */
enum audio_clock_state {
	AUDIO_CLOCK_STANDS,
	AUDIO_CLOCK_WAITS, /* for the first report, which starts it */
	AUDIO_CLOCK_RUNS,
};

struct audio_clock {
	uint32_t rate_hz;
	enum audio_clock_state state;
	uint64_t position; /* the last one given away */
	/* The line: sound_ns of the stream at at_ns, from there by `speed`, and slew_ns more spread
	 * over the first slew_over_ns. */
	uint64_t at_ns;
	uint64_t sound_ns;
	double speed;
	double slew_ns;
	double slew_over_ns;
	uint64_t settled_ns; /* from then on, reports are trusted less than the line */
	struct drift drift;
};

/* Stands at 0. */
void audio_clock_init(struct audio_clock *clock, uint32_t rate_hz);

/* Waits for a report, where it stands. Harmless when it runs. */
void audio_clock_start(struct audio_clock *clock);

/* Stands at `position`, or where it is if that is further. */
void audio_clock_stop(struct audio_clock *clock, uint64_t position);

/* The host was at `position` at `at_ns`, by now past. Ignored while it stands. */
void audio_clock_report(struct audio_clock *clock, uint64_t now_ns, uint64_t at_ns,
			uint64_t position);

/* There is more beyond `limit`, which until now was the end. A line that has gone further on its
 * own continues from there. */
void audio_clock_extend(struct audio_clock *clock, uint64_t now_ns, uint64_t limit);

/* At `now_ns`, at most `limit`, which never becomes less. Never less than before. */
uint64_t audio_clock_position(struct audio_clock *clock, uint64_t now_ns, uint64_t limit);

/* When the position will be there if nothing changes; UINT64_MAX while it does not run. */
uint64_t audio_clock_when(const struct audio_clock *clock, uint64_t position);

/* Once at least `span_ns` of play were measured: how much too fast the host is, ppm × 256. */
bool audio_clock_drift(const struct audio_clock *clock, uint64_t span_ns, int32_t *ppm_q8);

#endif
