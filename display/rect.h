/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_RECT_H
#define THUNDERLAKE_DISPLAY_RECT_H

#include <stdbool.h>
#include <stdint.h>

/* A rectangle of pixels; empty with no width or no height. The sums of x and width, y and height
 * always fit: whoever takes one from a guest or a file checks it with rect_is_inside. */
struct rect {
	uint32_t x, y, width, height;
};

static inline bool rect_is_empty(const struct rect *r)
{
	return r->width == 0 || r->height == 0;
}

/* Whether `r`, of any values, lies in a picture of width × height pixels. */
static inline bool rect_is_inside(const struct rect *r, uint32_t width, uint32_t height)
{
	return r->x <= width && r->width <= width - r->x && r->y <= height &&
	       r->height <= height - r->y;
}

/* What both cover; empty, with x and y of no meaning, when that is nothing. */
struct rect rect_intersect(const struct rect *a, const struct rect *b);

/* The smallest rectangle around both; an empty one counts for nothing. */
struct rect rect_around(const struct rect *a, const struct rect *b);

#endif
