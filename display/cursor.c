/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "display/display.h"

struct cursor *cursor_create(uint32_t width, uint32_t height, uint32_t hot_x, uint32_t hot_y)
{
	struct cursor *cursor;

	if (width > CURSOR_SIDE_MAX || height > CURSOR_SIDE_MAX) {
		return NULL;
	}
	cursor = calloc(1, sizeof(*cursor) + sizeof(uint32_t) * width * height);
	if (cursor) {
		cursor->references = 1;
		cursor->width = width;
		cursor->height = height;
		cursor->hot_x = hot_x;
		cursor->hot_y = hot_y;
	}
	return cursor;
}

struct cursor *cursor_get(struct cursor *cursor)
{
	(void)__atomic_fetch_add(&cursor->references, 1, __ATOMIC_RELAXED);
	return cursor;
}

void cursor_put(struct cursor *cursor)
{
	if (cursor && __atomic_sub_fetch(&cursor->references, 1, __ATOMIC_ACQ_REL) == 0) {
		free(cursor);
	}
}
