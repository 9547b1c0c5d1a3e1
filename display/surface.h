/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SURFACE_H
#define THUNDERLAKE_DISPLAY_SURFACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "display/rect.h"

/*
 * Pixels that somebody else owns: a resource of the guest's graphics card in guest memory, in many
 * pieces, or in memory of this process. Viewers copy the rectangles that they need straight to
 * where the window system takes them, so a changed pixel is copied once. Counted references; the
 * owner revokes the surface when the memory goes away, and readers get black from then on. All
 * functions from any thread.
 *
 * Readers see the pixels of the moment: the guest may be drawing.
 */
#define SURFACE_SIDE_MAX 16384u /* pixels */

/* As bytes in memory; X stands for a byte of no meaning. */
enum surface_format {
	SURFACE_BGRX, /* what readers get; DRM_FORMAT_XRGB8888 */
	SURFACE_BGRA, /* alpha is ignored in a picture and straight in a cursor */
	SURFACE_RGBX,
	SURFACE_RGBA,
	SURFACE_XRGB,
	SURFACE_ARGB,
	SURFACE_XBGR,
	SURFACE_ABGR,
};

#define SURFACE_PIXEL_BYTES 4u

struct surface;

struct surface_layout {
	uint32_t width, height; /* 1 to SURFACE_SIDE_MAX */
	uint32_t stride;	/* bytes from row to row, at least four times the width */
	enum surface_format format;
};

/* The pieces (copied; the memory is borrowed until surface_revoke) hold the rows one after the
 * other, `offset` bytes after the beginning of the first. -EINVAL: layout beyond its bounds, or
 * pieces too short for it; -ENOMEM. */
int surface_create(const struct surface_layout *layout, const struct iovec *pieces, size_t count,
		   size_t offset, struct surface **out);

struct surface *surface_get(struct surface *surface);
/* Frees with the last reference, revoked or not. NULL is fine. */
void surface_put(struct surface *surface);

/* The memory goes away: waits for readers, who get black from now on. */
void surface_revoke(struct surface *surface);

const struct surface_layout *surface_layout(const struct surface *surface);

/* What a reader gets in the fourth byte of each pixel. */
enum surface_alpha {
	SURFACE_OPAQUE, /* 0xff */
	SURFACE_ALPHA,	/* what the surface has there; 0xff where its format has none */
	SURFACE_COLORS, /* anything, which is the quickest: for who does not look at it */
};

/* Copies `part`, which lies inside the surface, to rows of `stride` bytes at `pixels`, as BGRA. */
void surface_read(struct surface *surface, const struct rect *part, enum surface_alpha alpha,
		  void *pixels, size_t stride);

#endif
