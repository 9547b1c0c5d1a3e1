/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "display/display.h"
#include "display/display_state.h"
#include "display/image.h"
#include "display/surface.h"

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

/* The part of the cursor, whose corner is at (left, top), that lies in the picture. */
static void draw_cursor(struct image *image, const struct cursor *cursor, int64_t left, int64_t top)
{
	for (uint32_t y = 0; y < cursor->height; y++) {
		int64_t to_y = top + y;

		if (to_y < 0 || to_y >= image->height) {
			continue;
		}
		for (uint32_t x = 0; x < cursor->width; x++) {
			int64_t to_x = left + x;
			uint32_t *pixel;

			if (to_x >= 0 && to_x < image->width) {
				pixel = &image->pixels[to_y * image->width + to_x];
				*pixel = blend(*pixel, cursor->pixels[y * cursor->width + x]);
			}
		}
	}
}

int display_capture(struct display *display, unsigned scanout, bool with_cursor, struct image **out)
{
	const struct display_scanout *s = &display->scanouts[scanout];
	struct display_frame frame = { 0 };
	struct rect all;
	int code;

	*out = NULL;
	if (scanout >= display->scanout_count) {
		return -EINVAL;
	}
	mutex_lock(&display->lock);
	if (s->surface) {
		frame.surface = surface_get(s->surface);
		frame.part = s->part;
		frame.cursor = s->cursor ? cursor_get(s->cursor) : NULL;
		frame.cursor_x = s->cursor_x;
		frame.cursor_y = s->cursor_y;
	}
	mutex_unlock(&display->lock);
	if (!frame.surface) {
		return -ENODATA;
	}
	code = image_create(frame.part.width, frame.part.height, out);
	if (code == 0) {
		all = (struct rect){ 0, 0, frame.part.width, frame.part.height };
		display_frame_read(&frame, &all, (*out)->pixels,
				   (size_t)frame.part.width * SURFACE_PIXEL_BYTES);
		if (with_cursor && frame.cursor) {
			draw_cursor(*out, frame.cursor,
				    (int64_t)frame.cursor_x - frame.cursor->hot_x,
				    (int64_t)frame.cursor_y - frame.cursor->hot_y);
		}
	}
	surface_put(frame.surface);
	cursor_put(frame.cursor);
	return code;
}
