/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_BACKEND_H
#define THUNDERLAKE_DISPLAY_SDL_BACKEND_H

#include <pthread.h>
#include <stdatomic.h>

#include "display/backend.h"
#include "display/input.h"
#include "display/sdl_clipboard.h"
#include "display/sdl_connection.h"
#include "display/sdl_input.h"
#include "display/sdl_window.h"
#include "vmm/base/thread.h"

/*
 * Inside of the back end: sdl.c is the main thread's side, sdl_thread.c the window's thread, which
 * alone calls SDL, with sdl_events.c and sdl_windows.c. The one wakes the other by bits and an
 * eventfd, not by SDL's events: those go through the display server, which then could die under any
 * thread.
 */
enum sdl_wake {
	SDL_WAKE_SCANOUT = 1u << 0, /* and the following DISPLAY_SCANOUTS_MAX - 1 */
	SDL_WAKE_TITLE = 1u << DISPLAY_SCANOUTS_MAX,
	SDL_WAKE_CLIPBOARD = SDL_WAKE_TITLE << 1,
	SDL_WAKE_DEVICES = SDL_WAKE_TITLE << 2,
	SDL_WAKE_END = SDL_WAKE_TITLE << 3,
	SDL_WAKE_ASLEEP = SDL_WAKE_TITLE << 4, /* set by the thread: it waits for the eventfd */
};

#define SDL_STATE_MAX 32

struct sdl_backend {
	struct display_backend base;
	struct display_backend_env env;
	struct chord chord;
	struct sdl_windows shared;
	unsigned window_count; /* windows to open at once */
	bool is_full_screen;   /* as it starts */

	pthread_t thread;
	int wake_fd;
	_Atomic unsigned
		wakes; /* enum sdl_wake; what is set before the thread reads them is seen */

	struct mutex lock; /* guards the next four */
	struct condition started;
	bool has_started;
	int start_code; /* 0, or why there is no window */
	char state[SDL_STATE_MAX];

	/* The window's thread. */
	struct error *start_error; /* valid until has_started */
	struct display_viewer viewer;
	struct input_listener listener;
	struct sdl_clipboard clipboard;
	struct sdl_input input;
	struct sdl_window windows[DISPLAY_SCANOUTS_MAX];
	struct sdl_connection connection;
	bool is_attached; /* viewer, listener and clipboard peer are known to their owners */
	bool is_ending;
	bool has_news;		    /* SDL or the server has events, or it is time to ask */
	uint64_t asked_ns;	    /* when SDL last was */
	uint64_t restless_until_ns; /* when to ask SDL once more; 0: it was asked */
};

/* Any thread. */
void sdl_wake(struct sdl_backend *b, unsigned wakes);

/* Runs until SDL_WAKE_END or the display server's end; `arg` is the back end. */
void *sdl_thread_run(void *arg);

/* Leaves pictures, input and clipboard; once is enough. Window's thread, or the main one when that
 * is stuck. */
void sdl_detach(struct sdl_backend *b);

/* False: the display server has gone. */
bool sdl_on_event(struct sdl_backend *b, const SDL_Event *event);

/* --- sdl_windows.c; the window's thread --- */

/* The open window with this number of SDL's, or NULL. */
struct sdl_window *sdl_find_window(struct sdl_backend *b, uint32_t id);

int sdl_open_window(struct sdl_backend *b, unsigned scanout, struct error *err);
void sdl_close_window(struct sdl_backend *b, struct sdl_window *w);
void sdl_set_titles(struct sdl_backend *b);

/* Shows what is new, of the scanouts whose bits are set and otherwise. */
void sdl_draw_windows(struct sdl_backend *b, unsigned wakes);

#endif
