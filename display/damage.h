/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_DAMAGE_H
#define THUNDERLAKE_DISPLAY_DAMAGE_H

#include <stddef.h>

#include "display/rect.h"

/*
 * Which pixels changed: a few rectangles that do not overlap. What is added is always covered; when
 * there are too many, those whose union wastes the fewest pixels become one. Zero-initialised:
 * nothing changed.
 */
#define DAMAGE_RECTS_MAX 16u

struct damage {
	struct rect rects[DAMAGE_RECTS_MAX];
	size_t count;
};

/* An empty rectangle adds nothing. */
void damage_add(struct damage *damage, const struct rect *r);
void damage_add_all(struct damage *damage, const struct damage *other);
/* Cuts off what lies outside a picture of this size. */
void damage_clip(struct damage *damage, uint32_t width, uint32_t height);
/* The number of pixels. */
uint64_t damage_pixels(const struct damage *damage);

static inline void damage_clear(struct damage *damage)
{
	damage->count = 0;
}

#endif
