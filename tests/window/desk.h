/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_WINDOW_DESK_H
#define THUNDERLAKE_TESTS_WINDOW_DESK_H

#include <X11/Xlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A desktop for one test: a display server and a window manager of its own, and the hands and eyes
 * of somebody who sits before it. Whatever waits fails the test after DESK_LIMIT_S.
 */
#define DESK_WIDTH   1600
#define DESK_HEIGHT  1200
#define DESK_LIMIT_S 10

struct desk {
	Display *display;
	pid_t server, manager;
};

/* Set by tests that load OpenGL: leaks are not looked for then. */
extern bool desk_has_opengl;

/* Skips the test when Xvfb or openbox is missing. Sets DISPLAY. */
void desk_start(struct desk *desk);
void desk_end(struct desk *desk);
void desk_kill_server(struct desk *desk);

/* Waits until `is_so(arg)`; says `what` when that does not come. */
void desk_wait(const char *what, bool (*is_so)(void *arg), void *arg);
void desk_sleep_ms(unsigned ms);

/* The window whose title starts with `title`, once it is shown. */
Window desk_find(struct desk *desk, const char *title);
bool desk_is_shown(struct desk *desk, const char *title);
bool desk_has_title(struct desk *desk, Window window, const char *title);
void desk_size_of(struct desk *desk, Window window, unsigned *width, unsigned *height);
/* What is seen there, as 0xffRRGGBB. */
void desk_see(struct desk *desk, Window window, unsigned width, unsigned height, uint32_t *pixels);

void desk_resize(struct desk *desk, Window window, unsigned width, unsigned height);
void desk_minimise(struct desk *desk, Window window);
void desk_restore(struct desk *desk, Window window);
void desk_focus(struct desk *desk, Window window);
/* By its close button. */
void desk_close(struct desk *desk, Window window);

void desk_move(struct desk *desk, Window window, int x, int y);
void desk_press(struct desk *desk, unsigned button, bool down);
void desk_click(struct desk *desk, Window window, int x, int y);
void desk_key(struct desk *desk, KeySym key, bool down);
/* Names like "ctrl+alt+g": all down in order, then all up. */
void desk_chord(struct desk *desk, const KeySym *keys, unsigned count);

#endif
