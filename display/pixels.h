/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_PIXELS_H
#define THUNDERLAKE_DISPLAY_PIXELS_H

#include <stddef.h>

#include "display/surface.h"

/* How the pixels of a surface become what its readers get. */
struct pixels_rule {
	enum surface_format format;
	enum surface_alpha alpha;
};

/* Converts `count` pixels to BGRA. `from` may be equal to `to`, but not overlap it otherwise; both
 * at any alignment. */
void pixels_convert(const struct pixels_rule *rule, const void *from, void *to, size_t count);

void pixels_fill_black(void *to, size_t count);

#endif
