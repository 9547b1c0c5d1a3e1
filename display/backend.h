/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_BACKEND_H
#define THUNDERLAKE_DISPLAY_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

struct clipboard;
struct display;
struct input;
struct loop;

/*
 * What shows a machine: `--display NAME[,OPTION=…]`. A back end is a viewer of the display, a
 * source of input and a peer of the clipboard; it works on a thread of its own, so that a slow
 * window system delays neither the guest nor the control socket. When its window system dies, it
 * ends by itself and says so in one line; the machine goes on.
 */
struct display_backend;

/* What a back end is granted; everything is borrowed and outlives it. */
struct display_backend_env {
	struct display *display;
	struct input *input;
	struct clipboard *clipboard;
	const char *machine_name;
	const char *runtime_folder; /* where sockets go by default; NULL: there is none */
	/* The user closed the window. Any thread; must only hand it on. */
	void (*on_close)(void *arg);
	void *on_close_arg;
};

/* First member of each back end's state. */
struct display_backend {
	const struct display_backend_type *type;
};

/* All calls come from the main thread. */
struct display_backend_type {
	const char *name; /* "sdl" */
	const char *help; /* one line */
	struct option_table options;
	size_t options_size;

	/* Whether there is what it needs, found out by trying, without a trace on the host; NULL:
	 * never chosen by itself. */
	bool (*is_available)(void);
	/* `options` is valid for the call only. */
	int (*create)(const struct display_backend_env *env, const void *options,
		      struct display_backend **out, struct error *err);
	/* The machine's state changed: "paused", "microphone on", "" when there is nothing to tell
	 * of one that runs. NULL: not shown anywhere. */
	void (*set_state)(struct display_backend *backend, const char *state);
	/* Fills `text` with one line on where to look: "VNC on unix:/run/…". NULL: nothing. */
	void (*describe)(const struct display_backend *backend, char *text, size_t size);
	void (*destroy)(struct display_backend *backend);
};

/* All that were built in, NULL-terminated; those before "none" are tried in this order when
 * nothing is chosen. */
extern const struct display_backend_type *const display_backend_types[];

/* By name; NULL: no such back end, the nearest is suggested. */
const struct display_backend_type *display_backend_find(const char *name, struct error *err);

/* Whether display_backend_create would know this name and these options; -EINVAL and others as
 * there. Makes nothing. */
int display_backend_check(const char *text, struct error *err);

/* Makes a back end from `NAME[,OPTION=…]`, or from "auto": the first that is available, with a line
 * in the log when that is none for want of a display server. -EINVAL: no such name (nearest
 * suggested) or option; other errors are the back end's. */
int display_backend_create(const char *text, const struct display_backend_env *env,
			   struct display_backend **out, struct error *err);
/* NULL is fine. */
void display_backend_destroy(struct display_backend *backend);

#endif
