/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_CURSOR_DRAW_H
#define THUNDERLAKE_DISPLAY_CURSOR_DRAW_H

#include <stdint.h>

#include "display/display.h"
#include "display/rect.h"

struct image;

/* What a cursor with its hot spot at (x, y) covers of the image; empty when it is outside. */
struct rect cursor_area(const struct image *image, const struct cursor *cursor, int32_t x,
			int32_t y);

/* Draws it there, over what is in the image. */
void cursor_draw(struct image *image, const struct cursor *cursor, int32_t x, int32_t y);

#endif
