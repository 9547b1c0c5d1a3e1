/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_TONE_H
#define THUNDERLAKE_AUDIO_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/format.h"
#include "vmm/base/error.h"

/*
 * Waits for a tone or for silence in what a machine plays. Fed by a tap (audio_tap: on_frames is
 * tone_watch_hear, arg the watch) on the audio loop; asked now and then whether it came. The
 * beginning and the end of a tone are known to GOERTZEL_BLOCK_MS.
 */
#define TONE_ANY_CHANNEL UINT32_MAX
#define TONE_MIN_HZ	 20u
#define TONE_MAX_HZ	 90000u

/* Softer than this, of full scale, is silence (-60 dB) or no tone. */
#define TONE_SILENCE_MAX 0.001f
/* A tone has at least this part of its channel's power. */
#define TONE_SHARE_MIN 0.2

struct tone_wanted {
	bool is_silence; /* then hz and tolerance_hz are of no meaning */
	uint32_t hz;
	uint32_t tolerance_hz;
	uint32_t channel; /* counted from 0 in its stream; or TONE_ANY_CHANNEL: one of them has the
			     tone, or all of them are silent */
	uint64_t for_ns;  /* without a break; 0: one block of a tone */
};

/* Whether it can be waited for at all. -ERANGE. */
int tone_wanted_check(const struct tone_wanted *wanted, struct error *err);

struct tone_watch;

/* `now_ns`: silence counts from here. `wanted` is copied, and was checked. -ENOMEM. */
int tone_watch_create(const struct tone_wanted *wanted, uint64_t now_ns, struct tone_watch **out);
/* The tap is removed. NULL is fine. */
void tone_watch_destroy(struct tone_watch *watch);

/* As audio_tap's on_frames; `arg` is the watch. */
void tone_watch_hear(void *arg, unsigned stream, const struct audio_format *format,
		     const void *frames, size_t count, uint64_t heard_ns);

/* Whether it has been heard, all of it, by `now_ns`. Once it has, it stays so. Silence of a stream
 * that plays nothing is silence, too. */
bool tone_watch_is_met(struct tone_watch *watch, uint64_t now_ns);

/* For a message when it did not come: what was heard in the channels in question. */
struct tone_findings {
	bool has_frames;     /* something was played, be it silence */
	float loudest;	     /* sample, 0 to 1 */
	double hz;	     /* of the last tone in the neighbourhood; 0: none */
	uint64_t longest_ns; /* that what is wanted lasted */
};

void tone_watch_findings(const struct tone_watch *watch, struct tone_findings *out);

#endif
