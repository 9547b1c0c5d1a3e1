/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_CONNECTION_H
#define THUNDERLAKE_DISPLAY_SDL_CONNECTION_H

#include <stdbool.h>

struct SDL_Window;

/*
 * SDL's connection to the display server, for what SDL itself cannot do: sleep until either side
 * has something to say, and survive the server's death. Only the window's thread talks to the
 * server, so only it can find the server dead. Window's thread unless said.
 */
struct sdl_connection {
	int fd; /* -1: a driver without one */
	void *x11;
	void *wayland;
};

/* Tries whether there is a server to connect to. Main thread. */
bool sdl_connection_is_possible(void);

/* From now on an X server's death calls `on_lost(arg)` on the thread that noticed; it must not
 * return, and never call SDL again. Errors that are none of ours end nothing. After SDL's start. */
void sdl_connection_guard(void (*on_lost)(void *arg), void *arg);

/* Finds the connection of a window. */
void sdl_connection_open(struct sdl_connection *c, struct SDL_Window *window);

/* Sends what waits to be sent. True: nothing of the server's waits in memory, so that poll on `fd`
 * wakes for anything new. */
bool sdl_connection_is_quiet(struct sdl_connection *c);

/* Whether the server has gone, by what poll says of `fd`. */
bool sdl_connection_is_lost(const struct sdl_connection *c, short events);

#endif
