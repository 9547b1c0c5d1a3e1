/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_RECORD_H
#define THUNDERLAKE_DISPLAY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

struct display;

/*
 * A film of one screen: a viewer on a thread of its own that does not set the pace. The film has
 * the size of the first picture (others are scaled into it, with their shape kept) and a constant
 * rate, so frames are repeated or left out by their timestamps and it lasts as long as what it
 * shows. FILE.y4m is written as it is; FILE.mkv is packed without loss by ffmpeg, if there is one.
 *
 * When the disk is full, or ffmpeg dies, the recording ends with one line in the log and the guest
 * goes on; what was written until then plays.
 */
struct record;

/*
 * Where the sound of a film comes from: RECORD_SOUND_HZ frames a second of RECORD_SOUND_CHANNELS
 * samples, counted from the film's first picture on. FILE.mkv has it as a second track; FILE.y4m
 * can't, and FILE.wav lies beside it. On the record's thread.
 */
#define RECORD_SOUND_HZ	      48000u
#define RECORD_SOUND_CHANNELS 2u

struct record_sound {
	/* Frame 0 is what is heard at `start_ns` of clock_now_ns. */
	void (*begin)(void *arg, uint64_t start_ns);
	/* Frames from `first` on, all heard by now; never asked for again, and some never are. */
	void (*read)(void *arg, uint64_t first, int16_t *samples, size_t frames);
	void *arg;
};

struct record_options {
	char *file;
	uint64_t rate_hz; /* 0: the screen's */
	uint64_t screen;
	bool with_cursor;
	/* Not of the table; its functions are called until record_stop. NULL: a silent film. */
	const struct record_sound *sound;
};

/* FILE[,rate=HZ][,screen=N][,cursor=on|off] */
extern const struct option_table record_option_table;

/* Whether such a film can be made: -EINVAL for a name of another ending, -ENOENT without ffmpeg
 * where that is needed; the text says what to do. */
int record_check(const struct record_options *options, struct error *err);

/* Begins with the first picture: at once when one is shown. An existing file is overwritten.
 * `options` are valid for the call only. Errors as record_check; -EINVAL: no such screen; -errno of
 * creating the file. */
int record_start(struct display *display, const struct record_options *options, struct record **out,
		 struct error *err);

struct record_status {
	uint32_t width, height; /* 0: no picture yet, and no film */
	uint32_t rate_mhz;
	uint64_t frames; /* written */
	uint64_t lost;	 /* left out since disk or ffmpeg did not keep up: the film is shorter */
	int code;	 /* 0, or why it ended by itself: -ENOSPC … */
};

void record_status(struct record *record, struct record_status *out);

/* Finishes the file and frees the record; `last` (may be NULL) is the status then. Its code, or
 * that of finishing, with the text. NULL is fine. Waits some seconds for ffmpeg at most. */
int record_stop(struct record *record, struct record_status *last, struct error *err);

#endif
