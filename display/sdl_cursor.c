/* SPDX-License-Identifier: MIT */
#include "display/sdl_cursor.h"

#include <string.h>

#include "display/display.h"
#include "display/sdl_library.h"
#include "vmm/base/compiler.h"

static uint32_t scaled(uint32_t side, double scale)
{
	return (uint32_t)(side * scale + 0.5);
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

static SDL_Cursor *make(const struct cursor *cursor, double scale)
{
	uint32_t width = MIN(MAX(scaled(cursor->width, scale), 1u), CURSOR_SIDE_MAX);
	uint32_t height = MIN(MAX(scaled(cursor->height, scale), 1u), CURSOR_SIDE_MAX);
	SDL_Surface *surface = sdl.CreateRGBSurfaceWithFormat(0, (int)width, (int)height, 32,
							      SDL_PIXELFORMAT_ARGB8888);
	SDL_Cursor *made;

	if (!surface) {
		return NULL;
	}
	fill(surface, cursor);
	made = sdl.CreateColorCursor(surface, (int)MIN(scaled(cursor->hot_x, scale), width - 1),
				     (int)MIN(scaled(cursor->hot_y, scale), height - 1));
	sdl.FreeSurface(surface);
	return made;
}

void sdl_cursor_make(SDL_Cursor **made, const struct cursor *cursor, double scale)
{
	SDL_Cursor *old = *made;

	*made = NULL;
	if (cursor && cursor->width > 0 && cursor->height > 0 && scale > 0) {
		*made = make(cursor, scale);
	}
	/* SDL shows its arrow instead of a freed one, so the new one comes first. */
	if (old && *made && sdl.GetCursor() == old) {
		sdl.SetCursor(*made);
	}
	if (old) {
		sdl.FreeCursor(old);
	}
}

void sdl_cursor_show(SDL_Cursor *cursor, enum sdl_pointer pointer)
{
	bool is_guests = pointer == SDL_POINTER_GUEST && cursor;

	if (pointer == SDL_POINTER_HOST || is_guests) {
		sdl.SetCursor(is_guests ? cursor : sdl.GetDefaultCursor());
		(void)sdl.ShowCursor(SDL_ENABLE);
	} else {
		(void)sdl.ShowCursor(SDL_DISABLE);
	}
}
