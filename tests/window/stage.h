/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_WINDOW_STAGE_H
#define THUNDERLAKE_TESTS_WINDOW_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "display/clipboard.h"
#include "display/display.h"
#include "display/input.h"
#include "tests/window/desk.h"
#include "vmm/base/thread.h"

/* A machine without a guest: the display's, the input's and the clipboard's real cores, a graphics
 * card that shows patterns, and keyboard, tablet and mouse that write down what they get. */
#define STAGE_NAME	 "stage"
#define STAGE_EVENTS_MAX 4096u

struct stage {
	struct desk desk;
	struct display *display;
	struct input *input;
	struct clipboard *clipboard;
	struct display_backend *backend;

	struct surface *surface;
	uint32_t *pixels;
	uint32_t width, height;

	struct input_sink sinks[INPUT_KINDS];
	struct mutex lock; /* guards what follows, written by callbacks */
	struct input_event events[STAGE_EVENTS_MAX];
	size_t event_count;
	struct display_mode modes[DISPLAY_SCANOUTS_MAX];
	unsigned mode_count, close_count;
};

/* A desktop and a machine with so many scanouts, and with a back end made from `text`. */
void stage_start(struct stage *stage, unsigned scanouts, const char *text);
void stage_end(struct stage *stage);

/* Shows a pattern of this size, different for each seed. */
void stage_show(struct stage *stage, unsigned scanout, uint32_t width, uint32_t height,
		uint32_t seed);
/* Draws another pattern into a rectangle and tells of it. */
void stage_change(struct stage *stage, const struct rect *r, uint32_t seed);

/* Which of the machine's input devices the guest listens to. */
void stage_set_ready(struct stage *stage, enum input_kind kind, bool ready);

/* What was heard since the last call to stage_forget. */
void stage_forget(struct stage *stage);
/* The last value of an event's code; -1: there was none. */
int32_t stage_last(struct stage *stage, uint16_t type, uint16_t code);
size_t stage_count(struct stage *stage, uint16_t type, uint16_t code, int32_t value);
void stage_expect(struct stage *stage, uint16_t type, uint16_t code, int32_t value);

/* Waits until the window shows the picture pixel for pixel at `factor`, black around it. */
void stage_expect_picture(struct stage *stage, Window window, unsigned factor);

/* Waits until a mode is asked for. */
void stage_expect_mode(struct stage *stage, unsigned scanout, uint32_t width, uint32_t height);

#endif
