/* SPDX-License-Identifier: MIT */
#include "display/sdl_paint.h"

#include <errno.h>
#include <glob.h>

/* To ask OpenGL would load 100 MB of Mesa only to hear that there is no card. */
static bool has_graphics_card(void)
{
	glob_t found = { 0 };
	bool is_there = glob("/dev/dri/renderD*", GLOB_NOSORT, NULL, &found) == 0;

	globfree(&found);
	return is_there;
}

int sdl_painter_create(enum sdl_render render, bool with_vsync, struct SDL_Window *window,
		       struct sdl_painter **out, struct error *err)
{
	int code = -ENODEV;

	if (render == SDL_RENDER_GPU || (render == SDL_RENDER_AUTO && has_graphics_card())) {
		code = sdl_paint_texture_create(window, render == SDL_RENDER_GPU, with_vsync, out,
						err);
	}
	if (code == -ENODEV && render != SDL_RENDER_GPU) {
		code = sdl_paint_surface_create(window, out, err);
	}
	/* Few colours, or no memory to share: SDL finds a way. */
	return code == -ENOTSUP ? sdl_paint_texture_create(window, true, false, out, err) : code;
}

void sdl_painter_destroy(struct sdl_painter *painter, bool is_lost)
{
	if (painter) {
		painter->type->destroy(painter, is_lost);
	}
}
