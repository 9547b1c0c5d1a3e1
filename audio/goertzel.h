/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_GOERTZEL_H
#define THUNDERLAKE_AUDIO_GOERTZEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Looks for one tone in the samples of one channel, block by block: the power at frequencies around
 * the one that is looked for (Goertzel's recurrence for each, under a Hann window), and the place
 * of its peak between them. Needs no memory but this.
 */
#define GOERTZEL_BLOCK_MS	  50u
#define GOERTZEL_PERIODS_MIN	  8u /* in a block, which is longer for deep tones */
#define GOERTZEL_BINS_MAX	  65u
#define GOERTZEL_TOLERANCE_MAX_HZ 300u

struct goertzel_bin {
	double coefficient;
	double s1, s2;
};

struct goertzel {
	uint32_t length; /* of a block, in samples */
	uint32_t count;	 /* samples of this block so far */
	unsigned bins;
	double first_hz, spacing_hz;
	struct goertzel_bin bin[GOERTZEL_BINS_MAX];
	double turn;		    /* 2 cos of the window's angle for a sample */
	double cosine, last_cosine; /* of the window's angle now, and a sample ago */
	double energy;		    /* under the window */
	float loudest;
};

/* What one block had. */
struct goertzel_block {
	double hz;     /* of the peak; 0: no peak among the frequencies looked at */
	double share;  /* of the peak's tone in all the power, 0 to 1 */
	float loudest; /* sample, 0 to 1 */
};

/* `hz` is below half of the rate, `tolerance_hz` at most GOERTZEL_TOLERANCE_MAX_HZ. */
void goertzel_init(struct goertzel *goertzel, uint32_t rate_hz, uint32_t hz, uint32_t tolerance_hz);

/* Takes samples up to the end of the block; returns how many. When that is reached, `*is_full` and
 * `*block` is filled; the next block begins. */
size_t goertzel_add(struct goertzel *goertzel, const float *samples, size_t count, bool *is_full,
		    struct goertzel_block *block);

#endif
