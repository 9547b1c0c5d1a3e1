/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_BENCH_FRAMES_H
#define THUNDERLAKE_TESTS_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

/* What the player in a guest plays and the witness on the host knows again: frames of which none is
 * silent and each tells its number (for hours, then anew), and clicks. 48 kHz, stereo, S16. */

#define FRAME_RATE	  48000u
#define FRAME_LEFT_COUNT  32767u
#define FRAME_NUMBERS	  (UINT64_C(32767) * 32767)
#define FRAME_CLICK_LEVEL 16000
#define CLICK_FRAMES	  48u
/* The guest writes this to its third serial line just before it writes a click. */
#define MARK_BYTE 'c'

struct frame {
	int16_t left, right;
};

static inline struct frame frame_of_number(uint64_t number)
{
	number %= FRAME_NUMBERS;
	return (struct frame){ (int16_t)(number % FRAME_LEFT_COUNT + 1),
			       (int16_t)(-1 - (int32_t)(number / FRAME_LEFT_COUNT)) };
}

static inline bool frame_is_numbered(struct frame frame)
{
	return frame.left > 0 && frame.right < 0;
}

static inline uint64_t frame_number(struct frame frame)
{
	return (uint64_t)(-1 - frame.right) * FRAME_LEFT_COUNT + (uint64_t)(frame.left - 1);
}

static inline bool frame_is_silent(struct frame frame)
{
	return frame.left == 0 && frame.right == 0;
}

static inline bool frame_is_click(struct frame frame)
{
	return frame.left > FRAME_CLICK_LEVEL && frame.right > FRAME_CLICK_LEVEL;
}

#endif
