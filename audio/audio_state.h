/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_AUDIO_STATE_H
#define THUNDERLAKE_AUDIO_AUDIO_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio.h"
#include "audio/audio_clock.h"
#include "audio/backend.h"
#include "audio/pacer.h"
#include "vmm/base/histogram.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"

/* What audio/ keeps of a machine's sound. For the files of audio.h and backend.h only. */

struct audio {
	struct loop *loop;   /* borrowed */
	struct list streams; /* in the order they were opened */
	unsigned stream_count;
	unsigned next_number;
	struct list taps;
	struct audio_backend *backend; /* NULL: none, all is silent */
	bool is_paused;
	_Atomic bool is_capture_allowed;
	_Atomic unsigned captures;	  /* that run */
	struct loop_task capture_changed; /* is_capture_allowed did */
	void (*on_listening)(void *arg);  /* NULL: nobody wants to know */
	void *on_listening_arg;
};

/* A moment at which the guest wrote, to be compared with when it was heard. */
struct audio_mark {
	uint64_t position; /* of the first frame it wrote then */
	uint64_t written_ns;
};

#define AUDIO_MARKS 256u

struct audio_counters {
	uint64_t since_ns;
	uint64_t start; /* the position then */
	uint64_t underruns, underrun_frames;
	uint64_t overruns, overrun_frames;
	uint64_t gaps;
	struct histogram latency;
	/* A ring: those not heard yet. */
	struct audio_mark marks[AUDIO_MARKS];
	unsigned first_mark, mark_count;
};

struct audio_stream {
	struct audio *audio;
	struct audio_stream_config config;
	unsigned number; /* its own, for taps */
	struct list node;

	struct audio_voice *voice; /* NULL: silence has it */
	struct pacer silence;
	uint64_t base; /* the position from which the voice, or silence, counts */

	bool is_started;  /* by the guest */
	uint64_t started; /* how much had moved then */
	uint64_t written; /* by the guest, as far as it told */
	uint64_t moved;	  /* frames pulled or pushed */
	bool is_hungry;	  /* the last pull came up short */

	/* Ran dry: an underrun, if the guest goes on. */
	bool is_dry;
	uint64_t dry_ns;
	uint64_t dry_frames; /* as the back end told; 0: not known */

	struct audio_clock clock;
	uint32_t latency;
	struct loop_timer wake;
	bool has_wake;
	uint64_t wake_position;

	unsigned volume_count; /* 0: never set */
	uint32_t volumes[AUDIO_CHANNELS_MAX];
	struct audio_counters counters;
};

/* --- audio.c --- */

/* A capture stream began to run, or this many fewer do. */
void audio_count_captures(struct audio *audio, int change);

/* --- audio_stream.c --- */

bool audio_stream_is_running(const struct audio_stream *stream);
/* Sets the timer for what the card waits for, after the clock or what has moved has changed. */
void audio_stream_plan_wake(struct audio_stream *stream);
/* The machine pauses or resumes, or its guest stops or starts: makes the voice and the clock run
 * or stand. `drain`: what was pulled is played. */
void audio_stream_run(struct audio_stream *stream);
void audio_stream_halt(struct audio_stream *stream, bool drain);

/* --- audio_voice.c --- */

/* Asks the back end for a voice, if it has none; silence goes on without. */
void audio_stream_connect(struct audio_stream *stream);
/* Gives the voice back; silence takes over. */
void audio_stream_disconnect(struct audio_stream *stream);

/* --- audio_stats.c --- */

void audio_counters_reset(struct audio_stream *stream);
/* The guest wrote frames from `position` on, at `written_ns`. */
void audio_count_written(struct audio_stream *stream, uint64_t position, uint64_t written_ns);
/* The frame at `position` is heard at `heard_ns`. */
void audio_count_heard(struct audio_stream *stream, uint64_t position, uint64_t heard_ns);
/* The time of those not heard yet says nothing any more. */
void audio_forget_marks(struct audio_stream *stream);

#endif
