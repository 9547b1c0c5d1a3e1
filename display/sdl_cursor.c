/* SPDX-License-Identifier: MIT */
#include "display/sdl_cursor.h"

#include <string.h>

#include "display/sdl_library.h"
#include "display/sdl_window.h"
#include "vmm/base/compiler.h"

/* The host's cursors are measured in SDL's units, of which one may be several screen pixels. */
static uint32_t scaled(uint32_t side, const struct sdl_window *w, double density)
{
	double screen_pixels = (double)side * w->fit.place.width / w->fit.width;

	return (uint32_t)(screen_pixels / density + 0.5);
}

/* X11 wants colours times alpha, and SDL hands on what it gets; for Wayland it multiplies. */
static uint32_t multiply(uint32_t pixel)
{
	uint32_t alpha = pixel >> 24;
	uint32_t red = (pixel >> 16 & 0xff) * alpha / 255;
	uint32_t green = (pixel >> 8 & 0xff) * alpha / 255;
	uint32_t blue = (pixel & 0xff) * alpha / 255;

	return alpha << 24 | red << 16 | green << 8 | blue;
}

static void fill(const SDL_Surface *surface, const struct cursor *cursor)
{
	const char *driver = sdl.GetCurrentVideoDriver();
	bool is_x11 = driver && strcmp(driver, "x11") == 0;

	for (int y = 0; y < surface->h; y++) {
		uint32_t *row = (uint32_t *)(void *)((uint8_t *)surface->pixels +
						     (size_t)y * (size_t)surface->pitch);
		const uint32_t *from = cursor->pixels + (uint64_t)y * cursor->height /
								(uint64_t)surface->h *
								cursor->width;

		for (int x = 0; x < surface->w; x++) {
			uint32_t pixel = from[(uint64_t)x * cursor->width / (uint64_t)surface->w];

			row[x] = is_x11 ? multiply(pixel) : pixel;
		}
	}
}

static SDL_Cursor *make(const struct sdl_window *w, const struct cursor *cursor, double density)
{
	uint32_t width = MIN(MAX(scaled(cursor->width, w, density), 1u), CURSOR_SIDE_MAX);
	uint32_t height = MIN(MAX(scaled(cursor->height, w, density), 1u), CURSOR_SIDE_MAX);
	SDL_Surface *surface = sdl.CreateRGBSurfaceWithFormat(0, (int)width, (int)height, 32,
							      SDL_PIXELFORMAT_ARGB8888);
	SDL_Cursor *made;

	if (!surface) {
		return NULL;
	}
	fill(surface, cursor);
	made = sdl.CreateColorCursor(surface,
				     (int)MIN(scaled(cursor->hot_x, w, density), width - 1),
				     (int)MIN(scaled(cursor->hot_y, w, density), height - 1));
	sdl.FreeSurface(surface);
	return made;
}

void sdl_cursor_make(struct sdl_window *w, double density)
{
	const struct cursor *cursor = w->frame.cursor;
	SDL_Cursor *old = w->cursor;

	w->cursor = NULL;
	if (cursor && cursor->width > 0 && cursor->height > 0 && w->fit.width > 0) {
		w->cursor = make(w, cursor, density);
	}
	w->is_cursor_new = true;
	/* SDL shows its arrow instead of a freed one, so the new one comes first. */
	if (old && w->cursor && sdl.GetCursor() == old) {
		sdl.SetCursor(w->cursor);
	}
	if (old) {
		sdl.FreeCursor(old);
	}
}

void sdl_cursor_show(const struct sdl_window *w, enum sdl_pointer pointer)
{
	bool is_guests = pointer == SDL_POINTER_GUEST && w->cursor;

	if (pointer == SDL_POINTER_HOST || is_guests) {
		sdl.SetCursor(is_guests ? w->cursor : sdl.GetDefaultCursor());
		(void)sdl.ShowCursor(SDL_ENABLE);
	} else {
		(void)sdl.ShowCursor(SDL_DISABLE);
	}
}
