/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "display/cursor_draw.h"
#include "display/display.h"
#include "display/display_state.h"
#include "display/image.h"
#include "display/surface.h"

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
			cursor_draw(frame.cursor, frame.cursor_x, frame.cursor_y, &all,
				    (*out)->pixels, (size_t)frame.part.width * SURFACE_PIXEL_BYTES);
		}
	}
	surface_put(frame.surface);
	cursor_put(frame.cursor);
	return code;
}
