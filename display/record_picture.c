/* SPDX-License-Identifier: MIT */
#include "display/record_picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/cursor_draw.h"
#include "display/fit.h"
#include "display/image.h"
#include "display/pixels.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

/* --- cursor --- */

static void copy_area(const struct rect *area, const uint32_t *from, size_t from_width,
		      uint32_t *to, size_t to_width)
{
	for (uint32_t y = 0; y < area->height; y++) {
		memcpy(to, from, area->width * sizeof(*to));
		from += from_width;
		to += to_width;
	}
}

static void take_cursor_out(struct record_picture *p)
{
	const struct rect *area = &p->saved_area;

	if (!rect_is_empty(area)) {
		copy_area(area, p->saved_pixels, area->width,
			  &p->screen->pixels[(size_t)area->y * p->screen->width + area->x],
			  p->screen->width);
		p->saved_area = (struct rect){ 0 };
	}
}

/* Without memory for what is under it, a film without cursor is the smaller evil. */
static void put_cursor_in(struct record_picture *p, const struct display_frame *frame)
{
	const struct rect all = { 0, 0, p->screen->width, p->screen->height };

	if (!p->with_cursor || !frame->cursor || !frame->surface) {
		return;
	}
	if (!p->saved_pixels) {
		p->saved_pixels = malloc(sizeof(uint32_t) * CURSOR_SIDE_MAX * CURSOR_SIDE_MAX);
		if (!p->saved_pixels) {
			return;
		}
	}
	p->saved_area = cursor_area(&all, frame->cursor, frame->cursor_x, frame->cursor_y);
	copy_area(&p->saved_area,
		  &p->screen->pixels[(size_t)p->saved_area.y * p->screen->width + p->saved_area.x],
		  p->screen->width, p->saved_pixels, p->saved_area.width);
	cursor_draw(frame->cursor, frame->cursor_x, frame->cursor_y, &all, p->screen->pixels,
		    (size_t)p->screen->width * sizeof(uint32_t));
}

/* --- size --- */

static void scale(struct record_picture *p)
{
	const struct image *from = p->screen;
	const struct rect all = { 0, 0, from->width, from->height };
	const struct fit fit = fit_picture(FIT_FILL, p->width, p->height, all.width, all.height);

	pixels_fill_black(p->scaled->pixels, (size_t)p->width * p->height);
	fit_draw(&fit, &all, from->pixels, &fit.place,
		 &p->scaled->pixels[(size_t)fit.place.y * p->width + fit.place.x],
		 p->width * SURFACE_PIXEL_BYTES);
}

static int resize(struct record_picture *p, uint32_t width, uint32_t height)
{
	bool is_of_film_size = !p->width || (width == p->width && height == p->height);
	struct image *screen;
	int code;

	if ((uint64_t)width * height > IMAGE_PIXELS_MAX) {
		return -EFBIG;
	}
	if (!is_of_film_size && !p->scaled) {
		code = image_create(p->width, p->height, &p->scaled);
		if (code < 0) {
			return code;
		}
	}
	code = image_create(width, height, &screen);
	if (code < 0) {
		return code;
	}
	if (is_of_film_size) {
		free(p->scaled);
		p->scaled = NULL;
		p->width = width;
		p->height = height;
	}
	free(p->screen);
	p->screen = screen;
	return 0;
}

/* --- */

static void read_damage(struct record_picture *p, const struct display_frame *frame)
{
	for (size_t i = 0; i < frame->damage.count; i++) {
		const struct rect *r = &frame->damage.rects[i];

		display_frame_read(frame, r,
				   &p->screen->pixels[(size_t)r->y * p->screen->width + r->x],
				   (size_t)p->screen->width * SURFACE_PIXEL_BYTES);
	}
}

int record_picture_update(struct record_picture *p, const struct display_frame *frame)
{
	const struct rect *part = &frame->part;
	int code;

	if (!frame->surface && !p->screen) {
		return 0;
	}
	if (p->screen) {
		take_cursor_out(p);
	}
	if (!frame->surface) {
		pixels_fill_black(p->screen->pixels, (size_t)p->screen->width * p->screen->height);
	} else {
		if (!p->screen || p->screen->width != part->width ||
		    p->screen->height != part->height) {
			code = resize(p, part->width, part->height);
			if (code < 0) {
				return code;
			}
		}
		read_damage(p, frame);
		put_cursor_in(p, frame);
	}
	if (p->scaled) {
		scale(p);
	}
	return 0;
}

const struct image *record_picture_image(const struct record_picture *p)
{
	return p->scaled ? p->scaled : p->screen;
}

void record_picture_finish(struct record_picture *p)
{
	free(p->screen);
	free(p->scaled);
	free(p->saved_pixels);
	*p = (struct record_picture){ 0 };
}
