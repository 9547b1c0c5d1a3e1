/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PACER_H
#define THUNDERLAKE_AUDIO_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/loop.h"

struct audio_stream;

/*
 * Consumes a stream in real time: frames are pulled a little ahead, as a sound card's FIFO would,
 * and reported as consumed by CLOCK_MONOTONIC; captured ones are pushed likewise. The voice of
 * streams that have none, and of files. Embedded, on the audio loop.
 */
struct pacer_ops {
	/* These were pulled. NULL: nobody hears them. */
	void (*take)(void *arg, const void *frames, size_t count);
	/* Fills in captured frames. NULL: silence. */
	void (*give)(void *arg, void *frames, size_t count);
};

struct pacer {
	struct audio_stream *stream; /* borrowed, as the loop is */
	struct loop *loop;
	const struct pacer_ops *ops;
	void *arg;
	struct loop_timer tick;
	bool is_fast; /* playback goes as fast as the guest writes, if its card can */
	bool is_running;
	bool is_dry;	   /* nothing to consume: time stands */
	uint64_t start_ns; /* when `done` frames had been consumed */
	uint64_t done;
	uint64_t moved; /* pulled or pushed */
};

/* `ops` NULL: neither takes nor gives. */
void pacer_init(struct pacer *pacer, struct audio_stream *stream, struct loop *loop,
		const struct pacer_ops *ops, void *arg);

/* Stopped: its reports count from here, and `ahead` frames were pulled already. */
void pacer_reset(struct pacer *pacer, uint64_t ahead);

void pacer_start(struct pacer *pacer);
/* `drain`: what was pulled counts as consumed; else it will be, after the next start. Harmless when
 * stopped. */
void pacer_stop(struct pacer *pacer, bool drain);

/* There is more to pull. */
void pacer_kick(struct pacer *pacer);

#endif
