/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_RECORD_STATE_H
#define THUNDERLAKE_DISPLAY_RECORD_STATE_H

#include "display/record.h"

/* A record without its thread, for tests with a clock of their own; end it with record_stop. */
int record_open(struct display *display, const struct record_options *options, struct record **out,
		struct error *err);

/* Does what is due at this time: takes the picture, writes the frames until now. False: the
 * recording has ended by itself. The record's thread. */
bool record_step(struct record *record, uint64_t now_ns);

#endif
