/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "display/cursor_draw.h"
#include "display/display.h"
#include "display/sdl_library.h"
#include "display/sdl_paint.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

#define BARS_MAX 4u

struct surface_painter {
	struct sdl_painter base;
	SDL_Surface *surface; /* SDL's; another one after each change of the window's size */
	SDL_Rect changed[DAMAGE_RECTS_MAX + BARS_MAX]; /* since the last present */
	int changed_count;
	bool has_alpha;	  /* it means something to the window system */
	uint32_t *source; /* pixels to be scaled */
	size_t source_pixels;
};

static struct surface_painter *of_base(struct sdl_painter *painter)
{
	return container_of(painter, struct surface_painter, base);
}

static bool surface_begin(struct sdl_painter *painter)
{
	struct surface_painter *p = of_base(painter);

	p->surface = sdl.GetWindowSurface(painter->window);
	if (!p->surface) {
		return false;
	}
	painter->width = (uint32_t)p->surface->w;
	painter->height = (uint32_t)p->surface->h;
	return true;
}

static uint8_t *pixels_at(const struct surface_painter *p, const struct rect *r)
{
	return (uint8_t *)p->surface->pixels + (size_t)r->y * (size_t)p->surface->pitch +
	       (size_t)r->x * SURFACE_PIXEL_BYTES;
}

static void note_changed(struct surface_painter *p, const struct rect *r)
{
	if (!rect_is_empty(r) && p->changed_count < (int)ARRAY_SIZE(p->changed)) {
		p->changed[p->changed_count++] =
			(SDL_Rect){ (int)r->x, (int)r->y, (int)r->width, (int)r->height };
	}
}

/* Pixel for pixel, straight from the guest's memory to the window system's. */
static void copy_part(struct surface_painter *p, const struct sdl_picture *picture,
		      const struct rect *r, const struct rect *to)
{
	uint8_t *pixels = pixels_at(p, to);
	size_t stride = (size_t)p->surface->pitch;

	if (p->has_alpha) {
		display_frame_read(picture->frame, r, pixels, stride);
	} else {
		display_frame_read_colors(picture->frame, r, pixels, stride);
	}
	if (picture->with_cursor) {
		cursor_draw(picture->frame->cursor, picture->frame->cursor_x,
			    picture->frame->cursor_y, r, pixels, stride);
	}
}

static bool reserve_source(struct surface_painter *p, size_t pixels)
{
	uint32_t *larger;

	if (pixels <= p->source_pixels) {
		return true;
	}
	larger = realloc(p->source, pixels * SURFACE_PIXEL_BYTES);
	if (larger) {
		p->source = larger;
		p->source_pixels = pixels;
	}
	return larger;
}

static void scale_part(struct surface_painter *p, const struct sdl_picture *picture,
		       const struct rect *to)
{
	struct rect from = fit_source(picture->fit, to);
	size_t stride = (size_t)from.width * SURFACE_PIXEL_BYTES;

	if (!reserve_source(p, (size_t)from.width * from.height)) {
		return;
	}
	display_frame_read(picture->frame, &from, p->source, stride);
	if (picture->with_cursor) {
		cursor_draw(picture->frame->cursor, picture->frame->cursor_x,
			    picture->frame->cursor_y, &from, p->source, stride);
	}
	fit_draw(picture->fit, &from, p->source, to, pixels_at(p, to), (uint32_t)p->surface->pitch);
}

static void fill_bars(struct surface_painter *p, const struct fit *fit)
{
	const struct rect all = { 0, 0, p->base.width, p->base.height };
	struct rect bars[BARS_MAX] = { all };
	unsigned count = 1;

	if (!rect_is_empty(&fit->place)) {
		count = fit_bars(fit, p->base.width, p->base.height, bars);
	}
	for (unsigned i = 0; i < count; i++) {
		const SDL_Rect bar = { (int)bars[i].x, (int)bars[i].y, (int)bars[i].width,
				       (int)bars[i].height };

		(void)sdl.FillRect(p->surface, &bar, 0);
		note_changed(p, &bars[i]);
	}
}

static void surface_draw(struct sdl_painter *painter, const struct sdl_picture *picture)
{
	struct surface_painter *p = of_base(painter);

	p->changed_count = 0;
	if (picture->is_all_new) {
		fill_bars(p, picture->fit);
	}
	for (size_t i = 0; i < picture->damage->count; i++) {
		const struct rect *r = &picture->damage->rects[i];
		struct rect to = fit_cover(picture->fit, r);

		if (rect_is_empty(&to)) {
			continue;
		}
		if (picture->fit->factor == 1) {
			copy_part(p, picture, r, &to);
		} else {
			scale_part(p, picture, &to);
		}
		note_changed(p, &to);
	}
}

/* Fails when the window has got another size meanwhile; its event follows. */
static void surface_present(struct sdl_painter *painter)
{
	struct surface_painter *p = of_base(painter);

	if (p->changed_count > 0) {
		(void)sdl.UpdateWindowSurfaceRects(painter->window, p->changed, p->changed_count);
	}
}

static void surface_repeat(struct sdl_painter *painter)
{
	(void)sdl.UpdateWindowSurface(painter->window);
}

static void surface_destroy(struct sdl_painter *painter, bool is_lost UNUSED)
{
	struct surface_painter *p = of_base(painter);

	free(p->source);
	free(p);
}

static const struct sdl_painter_type surface_type = {
	.begin = surface_begin,
	.draw = surface_draw,
	.present = surface_present,
	.repeat = surface_repeat,
	.destroy = surface_destroy,
};

int sdl_paint_surface_create(struct SDL_Window *window, struct sdl_painter **out, struct error *err)
{
	SDL_Surface *surface = sdl.GetWindowSurface(window);
	struct surface_painter *p;

	/* Wayland has none without OpenGL. */
	if (!surface) {
		return error_set(err, -ENOTSUP, "SDL has no surface for the window: %s",
				 sdl.GetError());
	}
	if (surface->format->format != SDL_PIXELFORMAT_RGB888 &&
	    surface->format->format != SDL_PIXELFORMAT_ARGB8888) {
		return -ENOTSUP;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		return -ENOMEM;
	}
	p->base = (struct sdl_painter){ .type = &surface_type, .window = window };
	p->has_alpha = surface->format->format == SDL_PIXELFORMAT_ARGB8888;
	*out = &p->base;
	return 0;
}
