/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_DRIFT_H
#define THUNDERLAKE_AUDIO_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How much faster one clock runs than another, by a least-squares line through many readings of
 * both. Play comes in runs, between which both clocks may jump: each run has an intercept of its
 * own, the slope is common to all. Zero-initialised: no readings.
 */
struct drift {
	/* Of the present run, in seconds from its first reading. */
	uint64_t start_ns;
	uint64_t start_sound_ns;
	uint64_t count;
	double last_x;
	double mean_x, mean_y;
	double xx, xy; /* sums of squares and products, about the means */
	/* Of the runs that are over. */
	double past_span, past_xx, past_xy;
};

/* What comes next is another run. */
void drift_end_run(struct drift *drift);

/* The clock that is measured showed `sound_ns` when the other showed `at_ns`. */
void drift_add(struct drift *drift, uint64_t at_ns, uint64_t sound_ns);

/* The time that all runs cover. */
uint64_t drift_span_ns(const struct drift *drift);

/* 0.000001 when the measured clock is 1 ppm too fast; 0 without two readings. */
double drift_slope(const struct drift *drift);

#endif
