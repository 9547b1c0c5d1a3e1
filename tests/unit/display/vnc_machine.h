/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DISPLAY_VNC_MACHINE_H
#define THUNDERLAKE_TESTS_UNIT_DISPLAY_VNC_MACHINE_H

#include <stdatomic.h>
#include <stdint.h>

#include "display/backend.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "display/surface.h"
#include "tests/unit/display/vnc_viewer.h"
#include "vmm/base/thread.h"

/* A machine for the tests of VNC: the real display, input and clipboard with a graphics card, a
 * keyboard and a tablet made of this structure. */
#define MACHINE_EVENTS_MAX 64u

struct vnc_machine {
	char folder[32], path[64]; /* of the socket */
	struct display_backend_env env;
	struct display_backend *backend;
	struct error err;

	struct display_source source;
	uint32_t width, height;
	uint32_t *pixels;
	struct surface *surface;
	struct display_mode wish;
	_Atomic unsigned wishes;

	struct input_sink keyboard, tablet;
	struct mutex lock; /* of what the sinks got */
	struct condition changed;
	struct input_event events[MACHINE_EVENTS_MAX];
	unsigned event_count;
};

/* A picture of 96 × 64 pixels, each another one; no back end yet. */
void vnc_machine_init(struct vnc_machine *machine);
void vnc_machine_finish(struct vnc_machine *machine);

/* `options` as after "--display vnc,"; "": the Unix socket. */
int vnc_machine_start(struct vnc_machine *machine, const char *options);
void vnc_machine_stop(struct vnc_machine *machine);
/* The port in describe's text. */
uint16_t vnc_machine_port(const struct vnc_machine *machine);
/* Connected to the Unix socket, not joined. */
struct vnc_viewer *vnc_machine_connect(struct vnc_machine *machine);

/* Shows another picture of that size. */
void vnc_machine_show(struct vnc_machine *machine, uint32_t width, uint32_t height);
/* Draws a rectangle in one colour and flushes it. */
void vnc_machine_draw(struct vnc_machine *machine, const struct rect *r, uint32_t colour);
/* The viewer has the guest's picture, pixel for pixel. */
void vnc_machine_compare(const struct vnc_machine *machine, const struct vnc_viewer *viewer);

/* Waits until the sinks got so many events. */
void vnc_machine_wait_events(struct vnc_machine *machine, unsigned count);
void vnc_machine_forget_events(struct vnc_machine *machine);

#endif
