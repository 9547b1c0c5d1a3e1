/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_WINDOW_H
#define THUNDERLAKE_DISPLAY_SDL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "display/display.h"
#include "display/fit.h"
#include "display/sdl_paint.h"

struct SDL_Cursor;

/* What all windows of a machine share; borrowed by each. */
struct sdl_windows {
	struct display *display;
	struct display_viewer *viewer;
	enum fit_kind fit;
	bool follows_window; /* the guest is asked for the window's size */
	unsigned scale;	     /* screen pixels of a guest's pixel, per side; 0: as the host has it */
	enum sdl_render render;
};

/* The window of one scanout. Window's thread. */
struct sdl_window {
	const struct sdl_windows *shared;
	unsigned scanout;
	struct SDL_Window *handle; /* NULL: not open */
	uint32_t id;
	struct sdl_painter *painter;
	struct fit fit;

	struct display_frame frame; /* held while `has_frame` */
	bool has_frame;
	struct rect cursor_area;   /* of the cursor that is drawn into the picture; empty: none */
	struct SDL_Cursor *cursor; /* the guest's; NULL: none */
	bool is_cursor_new;	   /* not shown yet */
	bool with_cursor;	   /* as it was drawn last */

	bool is_hidden;
	bool is_lost;	     /* the window holds nothing of use */
	bool is_exposed;     /* the window system lost what was shown */
	uint64_t settled_ns; /* when the size will have been the same for long enough; 0: it has */
};

/* Opens it hidden, at the size of the scanout's mode. The caller sets the title and shows it. */
int sdl_window_open(struct sdl_window *w, const struct sdl_windows *shared, unsigned scanout,
		    struct error *err);
/* Not open is fine. */
void sdl_window_close(struct sdl_window *w);

/* The window system is gone: lets go of what is not the window system's. */
void sdl_window_abandon(struct sdl_window *w);

/* Takes what is new and shows it. `with_cursor`: the guest's cursor is drawn into the picture, not
 * shown by the host. */
void sdl_window_draw(struct sdl_window *w, bool with_cursor);

/* What SDL_WINDOWEVENT_ events say of size and visibility. */
void sdl_window_on_event(struct sdl_window *w, unsigned event);

/* Asks the guest for the window's size, when that has settled. Returns the time to call again. */
uint64_t sdl_window_settle(struct sdl_window *w, uint64_t now_ns);

bool sdl_window_is_full_screen(const struct sdl_window *w);
void sdl_window_toggle_full_screen(struct sdl_window *w);

/* As large as the picture at its own size, out of full screen. */
void sdl_window_fit_picture(struct sdl_window *w);

/* The picture's pixel at a place of the window as SDL tells it. False: outside of the picture. */
bool sdl_window_find_pixel(const struct sdl_window *w, int32_t x, int32_t y, uint32_t *pixel_x,
			   uint32_t *pixel_y);

#endif
