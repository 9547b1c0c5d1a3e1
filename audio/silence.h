/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_SILENCE_H
#define THUNDERLAKE_AUDIO_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/loop.h"

struct audio_stream;

/*
 * Plays what nobody hears, in real time: a stream's voice while it has none. Frames are pulled a
 * little ahead, as a sound card's FIFO would, and reported as consumed by CLOCK_MONOTONIC; captured
 * ones are silence. Embedded in the stream, on the audio loop.
 */
struct silence {
	struct audio_stream *stream; /* borrowed */
	struct loop *loop;	     /* borrowed */
	struct loop_timer tick;
	bool is_running;
	bool is_dry;	   /* nothing to consume: time stands */
	uint64_t start_ns; /* when `done` frames had been consumed */
	uint64_t done;
	uint64_t moved; /* pulled or pushed */
};

void silence_init(struct silence *silence, struct audio_stream *stream, struct loop *loop);

/* Consumes from now on, beginning with `ahead` frames that were pulled before. Its reports count
 * from here. */
void silence_start(struct silence *silence, uint64_t ahead);
/* Harmless when stopped. */
void silence_stop(struct silence *silence);

/* There is more to pull. */
void silence_kick(struct silence *silence);

#endif
