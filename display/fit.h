/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_FIT_H
#define THUNDERLAKE_DISPLAY_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "display/rect.h"

/*
 * Where a picture lies in a window, in pixels of the screen: as large as fits, with kept aspect, in
 * the middle, black around it. Pure arithmetic.
 */
enum fit_kind {
	FIT_WHOLE, /* as many times as large as a whole number says; smaller when it must be */
	FIT_FILL,  /* as large as the window */
};

struct fit {
	struct rect place;	/* in the window; empty when there is no picture or no window */
	uint32_t width, height; /* of the picture */
	unsigned factor; /* screen pixels of a picture's pixel, per side; 0: no whole number */
};

struct fit fit_picture(enum fit_kind kind, uint32_t window_width, uint32_t window_height,
		       uint32_t width, uint32_t height);

/* The picture's pixel at a place of the window. False: outside; then it is the nearest pixel. */
bool fit_find_pixel(const struct fit *fit, int32_t x, int32_t y, uint32_t *pixel_x,
		    uint32_t *pixel_y);

/* The middle of a pixel of `side`, as an absolute pointer says it: the guest's own rounding leads
 * back to the pixel. */
int32_t fit_absolute(uint32_t pixel, uint32_t side);

/* All of the window that changes with a rectangle of the picture. */
struct rect fit_cover(const struct fit *fit, const struct rect *r);

/* All of the picture that a rectangle within the place is made from. */
struct rect fit_source(const struct fit *fit, const struct rect *r);

/* The bars around the place: writes up to 4 rectangles and returns how many. */
unsigned fit_bars(const struct fit *fit, uint32_t window_width, uint32_t window_height,
		  struct rect bars[4]);

/* Draws `to`, a rectangle within the place, into rows of `stride` bytes at `pixels`; `source` are
 * the pixels of the picture's rectangle `from`, which holds fit_source(to), without gaps. A whole
 * factor repeats pixels, others blend the nearest four. */
void fit_draw(const struct fit *fit, const struct rect *from, const uint32_t *source,
	      const struct rect *to, void *pixels, uint32_t stride);

#endif
