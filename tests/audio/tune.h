/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_AUDIO_TUNE_H
#define THUNDERLAKE_TESTS_AUDIO_TUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/format.h"

/* A tune of which no frame is silent and each tells its place, so that a record of it shows every
 * frame that was lost, repeated or changed. It begins anew after TUNE_FRAMES. */
#define TUNE_FRAMES	32749u
#define TUNE_FRAMES_U8	113u
#define TUNE_ALL_VOICES UINT32_MAX

/* Frames from place `first` on; channels that are not in the mask `voices` stay silent. */
void tune_write(const struct audio_format *format, uint32_t voices, uint64_t first, void *frames,
		size_t count);

/* What a record has of the tune; silence may be anywhere. */
struct tune_report {
	uint64_t first;	 /* place of the first frame that was heard, within TUNE_FRAMES */
	uint64_t frames; /* that were heard in order, up to the first wrong one */
	bool is_whole;	 /* there was no wrong one */
	uint64_t gaps, gap_frames, longest_gap; /* silence between them */
};

void tune_check(const struct audio_format *format, uint32_t voices, const void *record,
		size_t count, struct tune_report *out);

#endif
