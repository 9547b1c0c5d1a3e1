/* SPDX-License-Identifier: MIT */
#include "display/cursor_draw.h"

#include "vmm/base/compiler.h"

/* Straight alpha over an opaque pixel, one colour. */
static uint32_t blend_channel(uint32_t under, uint32_t over, uint32_t alpha, unsigned shift)
{
	uint32_t u = (under >> shift) & 0xff;
	uint32_t o = (over >> shift) & 0xff;

	return ((o * alpha + u * (255 - alpha) + 127) / 255) << shift;
}

static uint32_t blend(uint32_t under, uint32_t over)
{
	uint32_t alpha = over >> 24;

	return 0xff000000u | blend_channel(under, over, alpha, 16) |
	       blend_channel(under, over, alpha, 8) | blend_channel(under, over, alpha, 0);
}

/* Of a span that begins at `start`, the part that lies within another. */
static void clip(int64_t start, uint32_t length, uint32_t *first, uint32_t *count)
{
	int64_t from = MAX(start, (int64_t)*first);
	int64_t end = MIN(start + (int64_t)length, (int64_t)*first + *count);

	if (from < end) {
		*first = (uint32_t)from;
		*count = (uint32_t)(end - from);
	} else {
		*count = 0;
	}
}

struct rect cursor_area(const struct rect *part, const struct cursor *cursor, int32_t x, int32_t y)
{
	struct rect area = *part;

	clip((int64_t)x - cursor->hot_x, cursor->width, &area.x, &area.width);
	clip((int64_t)y - cursor->hot_y, cursor->height, &area.y, &area.height);
	return area;
}

void cursor_draw(const struct cursor *cursor, int32_t x, int32_t y, const struct rect *part,
		 void *pixels, size_t stride)
{
	const struct rect area = cursor_area(part, cursor, x, y);
	int64_t left = (int64_t)x - cursor->hot_x;
	int64_t top = (int64_t)y - cursor->hot_y;

	for (uint32_t to_y = area.y; to_y < area.y + area.height; to_y++) {
		uint32_t *to =
			(uint32_t *)(void *)((uint8_t *)pixels + (size_t)(to_y - part->y) * stride);
		const uint32_t *from = &cursor->pixels[(size_t)(to_y - top) * cursor->width];

		for (uint32_t to_x = area.x; to_x < area.x + area.width; to_x++) {
			to[to_x - part->x] = blend(to[to_x - part->x], from[to_x - left]);
		}
	}
}
