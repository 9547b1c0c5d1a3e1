/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_CURSOR_H
#define THUNDERLAKE_DISPLAY_SDL_CURSOR_H

struct sdl_window;

enum sdl_pointer {
	SDL_POINTER_HOST,  /* the host's arrow */
	SDL_POINTER_GUEST, /* the guest's cursor, or nothing where it has none */
	SDL_POINTER_NONE,
};

/* Makes the window's cursor from that in its frame, as large as the picture shows it. `density`:
 * screen pixels of one unit of SDL's. */
void sdl_cursor_make(struct sdl_window *w, double density);

/* What the host's pointer looks like over the window. */
void sdl_cursor_show(const struct sdl_window *w, enum sdl_pointer pointer);

#endif
