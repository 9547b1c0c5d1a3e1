/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_RECORD_STATE_H
#define THUNDERLAKE_DISPLAY_RECORD_STATE_H

#include "display/display.h"
#include "display/film.h"
#include "display/record.h"
#include "display/record_picture.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

/* Inside of a record: record.c makes it and its thread, record_step.c is what that does. */
struct record {
	struct display *display;
	struct display_viewer viewer;
	unsigned scanout;
	char *file;
	const struct film_type *type;
	struct film *film; /* NULL before the first picture and after the end */
	struct record_picture picture;
	uint64_t start_ns;	   /* of the first frame; frame n is due n intervals later */
	uint64_t passed;	   /* frames that were due: written or lost */
	struct record_sound sound; /* no functions: a silent film */
	uint64_t sound_passed;	   /* likewise of the sound's frames */
	bool has_changed;	   /* the picture, since the last frame */
	bool has_ended;
	bool has_lagged;    /* told */
	bool has_made_file; /* before the film was begun: to be removed if there is none */
	struct error why;   /* it ended by itself */

	struct loop *loop; /* NULL without a thread */
	struct loop_timer tick;

	struct mutex lock; /* guards status, of which only this record's thread changes anything */
	struct record_status status;
};

/* A record without its thread, for tests with a clock of their own; end it with record_stop. */
int record_open(struct display *display, const struct record_options *options, struct record **out,
		struct error *err);

/* Does what is due at this time: takes the picture, writes the frames until now. False: the
 * recording has ended by itself. The record's thread. */
bool record_step(struct record *record, uint64_t now_ns);

/* Finishes the film and looks no more. `err` is that of finishing. */
void record_end(struct record *record, int code, struct error *err);

#endif
