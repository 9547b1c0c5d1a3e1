/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_CURSOR_H
#define THUNDERLAKE_DISPLAY_SDL_CURSOR_H

struct SDL_Cursor;
struct cursor;

enum sdl_pointer {
	SDL_POINTER_HOST,  /* the host's arrow */
	SDL_POINTER_GUEST, /* the guest's cursor, or nothing where it has none */
	SDL_POINTER_NONE,
};

/* Puts the guest's cursor (NULL: none) in the place of `*made`, which NULL leaves empty. `scale`:
 * its size in SDL's units for one of its pixels, 0: it is not shown. */
void sdl_cursor_make(struct SDL_Cursor **made, const struct cursor *cursor, double scale);

/* What the host's pointer looks like; `cursor`: the guest's, or NULL. */
void sdl_cursor_show(struct SDL_Cursor *cursor, enum sdl_pointer pointer);

#endif
