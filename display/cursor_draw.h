/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_CURSOR_DRAW_H
#define THUNDERLAKE_DISPLAY_CURSOR_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "display/display.h"
#include "display/rect.h"

/* What a cursor with its hot spot at (x, y) of a picture covers of a part of it; empty when it is
 * outside. */
struct rect cursor_area(const struct rect *part, const struct cursor *cursor, int32_t x, int32_t y);

/* Draws it there, over rows of `stride` bytes that hold the part's BGRX pixels. */
void cursor_draw(const struct cursor *cursor, int32_t x, int32_t y, const struct rect *part,
		 void *pixels, size_t stride);

#endif
