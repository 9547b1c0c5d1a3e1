/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_PAINT_H
#define THUNDERLAKE_DISPLAY_SDL_PAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "display/damage.h"
#include "display/fit.h"
#include "vmm/base/error.h"

struct SDL_Window;
struct display_frame;

/*
 * How a picture gets into a window, in one of two ways: `surface` copies into memory shared with
 * the window system, `texture` into one that a graphics card draws and shows with the vertical
 * blank. Either copies a changed pixel once. Window's thread.
 */
struct sdl_painter {
	const struct sdl_painter_type *type;
	struct SDL_Window *window;
	uint32_t width, height; /* of the window, in pixels of the screen; set by `begin` */
};

/* What is to be drawn. */
struct sdl_picture {
	const struct display_frame *frame;
	const struct fit *fit;
	const struct damage *damage; /* changed pixels of the picture, cursor included */
	bool is_all_new;	     /* the window holds nothing of use, bars included */
	bool with_cursor;	     /* the frame's cursor is drawn into the picture */
};

struct sdl_painter_type {
	/* Finds the window's size. False: nothing can be drawn now. */
	bool (*begin)(struct sdl_painter *painter);
	/* Copies what changed; the guest may draw afterwards. */
	void (*draw)(struct sdl_painter *painter, const struct sdl_picture *picture);
	/* Shows what was drawn. */
	void (*present)(struct sdl_painter *painter);
	/* Shows what was shown already: the window system lost it. */
	void (*repeat)(struct sdl_painter *painter);
	/* `is_lost`: the window system is gone, SDL must not be called. */
	void (*destroy)(struct sdl_painter *painter, bool is_lost);
};

enum sdl_render {
	SDL_RENDER_AUTO, /* texture where there is a graphics card */
	SDL_RENDER_CPU,
	SDL_RENDER_GPU,
};

/* Chooses one for a window that is not shown yet. */
int sdl_painter_create(enum sdl_render render, bool with_vsync, struct SDL_Window *window,
		       struct sdl_painter **out, struct error *err);
/* NULL is fine. */
void sdl_painter_destroy(struct sdl_painter *painter, bool is_lost);

/* The two ways. -ENOTSUP: the window system has other pixels than these, or shares no memory. */
int sdl_paint_surface_create(struct SDL_Window *window, struct sdl_painter **out,
			     struct error *err);
/* `is_any` accepts a renderer without a graphics card, too; else -ENODEV. */
int sdl_paint_texture_create(struct SDL_Window *window, bool is_any, bool with_vsync,
			     struct sdl_painter **out, struct error *err);

#endif
