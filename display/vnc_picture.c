/* SPDX-License-Identifier: MIT */
#include "display/vnc_picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/vnc_library.h"
#include "vmm/base/compiler.h"

#define PIXEL_BYTES 4u

/* Larger damage is looked through in pieces of so many rows and columns. */
#define SMALL_PIXELS 4096u
#define BAND_ROWS    16u
#define TILE_COLUMNS 64u

/* --- frame buffer --- */

/* The library's own order of colours is RGBX. */
static void set_format(rfbScreenInfo *screen)
{
	screen->serverFormat.redShift = 16;
	screen->serverFormat.greenShift = 8;
	screen->serverFormat.blueShift = 0;
}

/* The library thinks that a new frame buffer has a new format, and calls this while it holds locks
 * that the answer needs. Ours never has. */
static rfbBool keep_translation(rfbClientPtr client UNUSED)
{
	return TRUE;
}

static int resize(struct vnc_picture *picture, uint32_t width, uint32_t height)
{
	rfbScreenInfo *screen = picture->screen;
	uint32_t *pixels = calloc((size_t)width * height, PIXEL_BYTES);
	uint32_t *band = calloc((size_t)width * BAND_ROWS, PIXEL_BYTES);

	if (!pixels || !band) {
		free(pixels);
		free(band);
		return -ENOMEM;
	}
	screen->setTranslateFunction = keep_translation;
	libvnc.NewFramebuffer(screen, (char *)pixels, (int)width, (int)height, 8, 3, PIXEL_BYTES);
	screen->setTranslateFunction = libvnc.SetTranslateFunction;
	set_format(screen);
	free(picture->pixels);
	free(picture->band);
	picture->pixels = pixels;
	picture->band = band;
	picture->width = width;
	picture->height = height;
	return 0;
}

int vnc_picture_init(struct vnc_picture *picture, rfbScreenInfo *screen, uint32_t width,
		     uint32_t height)
{
	*picture = (struct vnc_picture){ .screen = screen };
	libvnc.SetCursor(screen, NULL);
	screen->cursorX = 0;
	screen->cursorY = 0;
	return resize(picture, width, height);
}

void vnc_picture_finish(struct vnc_picture *picture)
{
	if (picture->screen) {
		libvnc.SetCursor(picture->screen, NULL);
		picture->screen->frameBuffer = NULL;
	}
	free(picture->pixels);
	free(picture->band);
	*picture = (struct vnc_picture){ 0 };
}

/* --- cursor --- */

/* The library sends a cursor from the same buffer, and breaks the connection over a larger one. */
#define CURSOR_SIDE 88u
#define OPAQUE	    0x80u

static bool is_opaque(const struct cursor *cursor, uint32_t x, uint32_t y)
{
	return cursor->pixels[(size_t)y * cursor->width + x] >> 24 >= OPAQUE;
}

/* The part that can be seen. */
static struct rect visible_part(const struct cursor *cursor)
{
	uint32_t left = cursor->width, right = 0, top = cursor->height, bottom = 0;

	for (uint32_t y = 0; y < cursor->height; y++) {
		for (uint32_t x = 0; x < cursor->width; x++) {
			if (is_opaque(cursor, x, y)) {
				left = MIN(left, x);
				right = MAX(right, x + 1);
				top = MIN(top, y);
				bottom = MAX(bottom, y + 1);
			}
		}
	}
	if (right == 0) {
		return (struct rect){ 0 };
	}
	return (struct rect){ left, top, right - left, bottom - top };
}

/* At most CURSOR_SIDE from `*start`, with the hot spot in it where it can be. */
static void shorten(uint32_t *start, uint32_t *length, uint32_t hot)
{
	uint32_t end = *start + *length;

	if (*length <= CURSOR_SIDE) {
		return;
	}
	if (hot >= *start + CURSOR_SIDE && hot < end) {
		*start = MIN(hot - CURSOR_SIDE / 2, end - CURSOR_SIDE);
	}
	*length = CURSOR_SIDE;
}

static void copy_cursor(rfbCursor *out, const struct cursor *cursor, const struct rect *part)
{
	size_t mask_stride = (part->width + 7) / 8;

	for (uint32_t y = 0; y < part->height; y++) {
		const uint32_t *from =
			cursor->pixels + (size_t)(part->y + y) * cursor->width + part->x;

		memcpy(out->richSource + (size_t)y * part->width * PIXEL_BYTES, from,
		       (size_t)part->width * PIXEL_BYTES);
		for (uint32_t x = 0; x < part->width; x++) {
			if (is_opaque(cursor, part->x + x, part->y + y)) {
				out->mask[y * mask_stride + x / 8] |= (uint8_t)(0x80 >> x % 8);
			}
		}
	}
}

/* NULL: nothing to see, or no memory for it. */
static rfbCursor *make_cursor(const struct cursor *cursor)
{
	struct rect part = visible_part(cursor);
	rfbCursor *out;

	shorten(&part.x, &part.width, cursor->hot_x);
	shorten(&part.y, &part.height, cursor->hot_y);
	out = rect_is_empty(&part) ? NULL : calloc(1, sizeof(*out));
	if (!out) {
		return NULL;
	}
	out->cleanup = out->cleanupMask = out->cleanupRichSource = TRUE;
	out->width = (unsigned short)part.width;
	out->height = (unsigned short)part.height;
	out->xhot = (unsigned short)(MAX(cursor->hot_x, part.x) - part.x);
	out->yhot = (unsigned short)(MAX(cursor->hot_y, part.y) - part.y);
	out->richSource = calloc((size_t)part.width * part.height, PIXEL_BYTES);
	out->mask = calloc((part.width + 7) / 8, part.height);
	if (!out->richSource || !out->mask) {
		libvnc.FreeCursor(out);
		return NULL;
	}
	copy_cursor(out, cursor, &part);
	return out;
}

static int inside(int32_t place, uint32_t size)
{
	return (int)MAX(0, MIN(place, (int32_t)size - 1));
}

static void draw_cursor(struct vnc_picture *picture, const struct display_frame *frame)
{
	if (frame->is_new_cursor) {
		libvnc.SetCursor(picture->screen,
				 frame->cursor ? make_cursor(frame->cursor) : NULL);
	}
	picture->screen->cursorX = inside(frame->cursor_x, picture->width);
	picture->screen->cursorY = inside(frame->cursor_y, picture->height);
}

/* --- frames --- */

static int follow_size(struct vnc_picture *picture, const struct display_frame *frame)
{
	uint32_t width = MIN(frame->part.width, VNC_SIDE_MAX);
	uint32_t height = MIN(frame->part.height, VNC_SIDE_MAX);

	if (!frame->surface || width == 0 || height == 0) {
		return 0; /* a blank screen has the size that it had */
	}
	height = MIN(height, VNC_PIXELS_MAX / width);
	if (width == picture->width && height == picture->height) {
		return 0;
	}
	return resize(picture, width, height);
}

static void mark(struct vnc_picture *picture, const struct rect *r)
{
	libvnc.MarkRectAsModified(picture->screen, (int)r->x, (int)r->y, (int)(r->x + r->width),
				  (int)(r->y + r->height));
}

static uint32_t *pixel_at(struct vnc_picture *picture, uint32_t x, uint32_t y)
{
	return picture->pixels + (size_t)y * picture->width + x;
}

/* Brings a tile from the band, which begins at band->x and has its rows side by side, into the
 * picture. Whether any pixel is another one. */
static bool take_tile(struct vnc_picture *picture, const struct rect *band, const struct rect *tile)
{
	size_t length = (size_t)tile->width * PIXEL_BYTES;
	bool differs = false;

	for (uint32_t y = 0; y < tile->height; y++) {
		const uint32_t *from =
			picture->band + (size_t)y * band->width + (tile->x - band->x);
		uint32_t *to = pixel_at(picture, tile->x, tile->y + y);

		if (memcmp(to, from, length) != 0) {
			memcpy(to, from, length);
			differs = true;
		}
	}
	return differs;
}

/* Changed tiles that are neighbours are told as one. */
static bool take_band(struct vnc_picture *picture, const struct rect *band)
{
	struct rect changed = { 0 };
	bool has_changed = false;

	for (uint32_t x = 0; x < band->width; x += TILE_COLUMNS) {
		const struct rect tile = { band->x + x, band->y, MIN(TILE_COLUMNS, band->width - x),
					   band->height };

		if (take_tile(picture, band, &tile)) {
			changed = rect_around(&changed, &tile);
			has_changed = true;
		} else if (!rect_is_empty(&changed)) {
			mark(picture, &changed);
			changed = (struct rect){ 0 };
		}
	}
	if (!rect_is_empty(&changed)) {
		mark(picture, &changed);
	}
	return has_changed;
}

static bool draw_rect(struct vnc_picture *picture, const struct display_frame *frame,
		      const struct rect *r)
{
	bool has_changed = false;

	if ((uint64_t)r->width * r->height <= SMALL_PIXELS) {
		display_frame_read(frame, r, pixel_at(picture, r->x, r->y),
				   (size_t)picture->width * PIXEL_BYTES);
		mark(picture, r);
		return true;
	}
	for (uint32_t y = 0; y < r->height; y += BAND_ROWS) {
		const struct rect band = { r->x, r->y + y, r->width,
					   MIN(BAND_ROWS, r->height - y) };

		display_frame_read(frame, &band, picture->band, (size_t)r->width * PIXEL_BYTES);
		has_changed |= take_band(picture, &band);
	}
	return has_changed;
}

static void blank(struct vnc_picture *picture)
{
	memset(picture->pixels, 0, (size_t)picture->width * picture->height * PIXEL_BYTES);
	libvnc.MarkRectAsModified(picture->screen, 0, 0, (int)picture->width, (int)picture->height);
}

int vnc_picture_draw(struct vnc_picture *picture, const struct display_frame *frame,
		     bool *has_changed)
{
	struct damage damage = frame->damage;
	int code = follow_size(picture, frame);

	*has_changed = frame->is_new_surface || frame->is_new_cursor || frame->is_moved_cursor;
	if (code < 0) {
		return code;
	}
	if (frame->surface) {
		damage_clip(&damage, picture->width, picture->height);
		for (size_t i = 0; i < damage.count; i++) {
			*has_changed |= draw_rect(picture, frame, &damage.rects[i]);
		}
	} else if (frame->is_new_surface) {
		blank(picture);
	}
	draw_cursor(picture, frame);
	return 0;
}
