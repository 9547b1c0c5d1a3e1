/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_SCREEN_H
#define THUNDERLAKE_MGMT_SCREEN_H

#include "vmm/base/error.h"

struct loop;
struct machine;

/*
 * What --display chose for a running machine: makes the back end, tells it the machine's state, and
 * acts when the user closes the window: the first time the guest's power button is pressed, the
 * second time the machine ends. Begins the film of --record. Main thread.
 */
struct screen;

/* `*out` is NULL, and nothing wrong, for a machine with --display off. Both are borrowed. */
int screen_create(struct machine *machine, struct loop *main_loop, struct screen **out,
		  struct error *err);
/* Before the machine. NULL is fine. */
void screen_destroy(struct screen *screen);

#endif
