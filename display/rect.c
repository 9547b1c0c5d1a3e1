/* SPDX-License-Identifier: MIT */
#include "display/rect.h"

#include "vmm/base/compiler.h"

struct rect rect_intersect(const struct rect *a, const struct rect *b)
{
	uint32_t left = MAX(a->x, b->x);
	uint32_t top = MAX(a->y, b->y);
	uint32_t right = MIN(a->x + a->width, b->x + b->width);
	uint32_t bottom = MIN(a->y + a->height, b->y + b->height);

	if (left >= right || top >= bottom) {
		return (struct rect){ 0 };
	}
	return (struct rect){ left, top, right - left, bottom - top };
}

struct rect rect_around(const struct rect *a, const struct rect *b)
{
	uint32_t left = MIN(a->x, b->x);
	uint32_t top = MIN(a->y, b->y);

	if (rect_is_empty(a)) {
		return *b;
	}
	if (rect_is_empty(b)) {
		return *a;
	}
	return (struct rect){ left, top, MAX(a->x + a->width, b->x + b->width) - left,
			      MAX(a->y + a->height, b->y + b->height) - top };
}
