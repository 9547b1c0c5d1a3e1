/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_IMAGE_H
#define THUNDERLAKE_DISPLAY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "display/rect.h"
#include "vmm/base/error.h"

/* A still picture in memory: rows of `width` pixels 0xffRRGGBB, without gaps. */
struct image {
	uint32_t width, height;
	uint32_t pixels[];
};

/* Black. -EINVAL beyond SURFACE_SIDE_MAX or empty, -ENOMEM. The caller frees it with free. */
int image_create(uint32_t width, uint32_t height, struct image **out);

enum image_format {
	IMAGE_PNG,
	IMAGE_PPM,
};

/* Replaces the file as a whole: it is complete or as it was (a device or FIFO is written to).
 * Errors name the path. */
int image_write(const struct image *image, enum image_format format, const char *path,
		struct error *err);

#define IMAGE_PIXELS_MAX (1u << 26) /* of a file: 256 MiB in memory */

/* Reads a PNG of any colour type and depth; what is transparent becomes black. -EINVAL: no PNG,
 * damaged, a side over SURFACE_SIDE_MAX, or over IMAGE_PIXELS_MAX; -EISDIR and others of open. */
int image_read_png(const char *path, struct image **out, struct error *err);

/* How far two pictures may be apart and still be alike. */
struct image_tolerance {
	uint8_t channel;   /* a pixel differs when a colour is further off than this */
	uint32_t permille; /* so many of a thousand compared pixels may differ */
};

/* Compares `region` (NULL: all) of two pictures of one size, only where `mask` (same size, NULL:
 * everywhere) is not black; what of the region lies outside counts for nothing. Returns whether
 * they are alike; `*differing` and `*compared` (may be NULL) count pixels. Pictures, or a mask, of
 * another size are not alike: all pixels differ. */
bool image_is_alike(const struct image *a, const struct image *b, const struct rect *region,
		    const struct image *mask, const struct image_tolerance *tolerance,
		    uint64_t *differing, uint64_t *compared);

/* A picture of what differs: `b` in grey, pixels that differ, or that `a` has not, red. A mask of
 * another size than `b` counts for nothing. -ENOMEM. */
int image_difference(const struct image *a, const struct image *b, const struct rect *region,
		     const struct image *mask, const struct image_tolerance *tolerance,
		     struct image **out);

#endif
