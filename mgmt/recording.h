/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_RECORDING_H
#define THUNDERLAKE_MGMT_RECORDING_H

#include <stdbool.h>

#include "display/record.h"
#include "vmm/base/error.h"

struct audio;
struct display;

/* The film that is being made of a machine, one at a time, by --record or the control socket. Main
 * thread. */
struct recording;

/* `display` is borrowed; NULL: a machine without a screen, where every start fails. */
int recording_create(struct display *display, struct recording **out);
/* Films that begin from now on have the machine's sound; borrowed, until recording_destroy. NULL:
 * none has. */
void recording_set_audio(struct recording *recording, struct audio *audio);
/* Finishes the film, and tells of it as recording_stop. NULL is fine. */
void recording_destroy(struct recording *recording);

/* FILE[,OPTION=…], the options of display/record.h. -EINVAL and others as options_parse and
 * record_check. */
int recording_check(const char *text, struct error *err);

/* -EBUSY: a film is being made; -ENODEV: no screen; others as recording_check and record_start. */
int recording_start(struct recording *recording, const char *text, struct error *err);

/* Finishes the film, with a line in the log; `last` (may be NULL) is what it was. -ENOENT: there is
 * none; others as record_stop. */
int recording_stop(struct recording *recording, struct record_status *last, struct error *err);

/* NULL when there is no film, else its file; `out` is how far it is. One that ended by itself stays
 * until it is stopped or another one starts. */
const char *recording_file(struct recording *recording, struct record_status *out);

#endif
