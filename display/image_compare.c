/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "display/image.h"
#include "vmm/base/compiler.h"

static bool is_same_size(const struct image *a, const struct image *b)
{
	return a->width == b->width && a->height == b->height;
}

static struct rect region_in(const struct image *image, const struct rect *region)
{
	const struct rect all = { 0, 0, image->width, image->height };

	return region ? rect_intersect(region, &all) : all;
}

static bool is_masked_out(const struct image *mask, size_t i)
{
	return mask && (mask->pixels[i] & 0xffffffu) == 0;
}

static bool channel_differs(uint32_t a, uint32_t b, unsigned shift, uint8_t tolerance)
{
	int difference = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

	return abs(difference) > tolerance;
}

static bool pixel_differs(uint32_t a, uint32_t b, uint8_t tolerance)
{
	return a != b &&
	       (channel_differs(a, b, 16, tolerance) || channel_differs(a, b, 8, tolerance) ||
		channel_differs(a, b, 0, tolerance));
}

struct tally {
	uint64_t differing, compared;
};

static struct tally compare(const struct image *a, const struct image *b, const struct rect *part,
			    const struct image *mask, uint8_t tolerance)
{
	struct tally tally = { 0 };

	for (uint32_t y = part->y; y < part->y + part->height; y++) {
		for (uint32_t x = part->x; x < part->x + part->width; x++) {
			size_t i = (size_t)y * a->width + x;

			if (!is_masked_out(mask, i)) {
				tally.compared++;
				tally.differing +=
					pixel_differs(a->pixels[i], b->pixels[i], tolerance);
			}
		}
	}
	return tally;
}

/* lint: long because two pictures, four rules and two counts belong to one question. */
bool image_is_alike(const struct image *a, const struct image *b, const struct rect *region,
		    const struct image *mask, const struct image_tolerance *tolerance,
		    uint64_t *differing, uint64_t *compared)
{
	bool is_comparable = is_same_size(a, b) && (!mask || is_same_size(a, mask));
	struct tally tally;

	if (is_comparable) {
		struct rect part = region_in(a, region);

		tally = compare(a, b, &part, mask, tolerance->channel);
	} else {
		tally.compared = (uint64_t)a->width * a->height;
		tally.differing = tally.compared;
	}
	if (differing) {
		*differing = tally.differing;
	}
	if (compared) {
		*compared = tally.compared;
	}
	return is_comparable && tally.differing * 1000 <= tally.compared * tolerance->permille;
}

static uint32_t grey(uint32_t pixel)
{
	/* How bright the eye finds the colours, in 256ths. */
	uint32_t light =
		((pixel >> 16 & 0xff) * 54 + (pixel >> 8 & 0xff) * 183 + (pixel & 0xff) * 19) >> 8;

	return 0xff000000u | light << 16 | light << 8 | light;
}

int image_difference(const struct image *a, const struct image *b, const struct rect *region,
		     const struct image *mask, const struct image_tolerance *tolerance,
		     struct image **out)
{
	const struct image *usable_mask = mask && is_same_size(b, mask) ? mask : NULL;
	struct rect part = region_in(b, region);
	int code = image_create(b->width, b->height, out);

	for (size_t i = 0; code == 0 && i < (size_t)b->width * b->height; i++) {
		(*out)->pixels[i] = grey(b->pixels[i]);
	}
	for (uint32_t y = part.y; code == 0 && y < part.y + part.height; y++) {
		for (uint32_t x = part.x; x < part.x + part.width; x++) {
			size_t i = (size_t)y * b->width + x;
			bool is_in_a = x < a->width && y < a->height;

			if (!is_masked_out(usable_mask, i) &&
			    (!is_in_a || pixel_differs(a->pixels[(size_t)y * a->width + x],
						       b->pixels[i], tolerance->channel))) {
				(*out)->pixels[i] = 0xffff0000u;
			}
		}
	}
	return code;
}
