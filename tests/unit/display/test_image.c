/* SPDX-License-Identifier: MIT */
/* LINK: display/image.c display/image_compare.c display/rect.c display/pixels.c */
#include "display/image.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>

#include "display/surface.h"

#define WIDTH  10u
#define HEIGHT 4u

TestSuite(image, .timeout = 10);

static struct image *a, *b, *mask;

static struct image *make(uint32_t width, uint32_t height, uint32_t pixel)
{
	struct image *image;

	cr_assert(eq(int, image_create(width, height, &image), 0));
	for (uint32_t i = 0; i < width * height; i++) {
		image->pixels[i] = pixel;
	}
	return image;
}

static void set_up(void)
{
	a = make(WIDTH, HEIGHT, 0xff405060);
	b = make(WIDTH, HEIGHT, 0xff405060);
	mask = make(WIDTH, HEIGHT, 0xffffffff);
}

static void tear_down(void)
{
	free(a);
	free(b);
	free(mask);
}

static const struct image_tolerance exact;

Test(image, new_one_is_black)
{
	struct image *image;

	cr_assert(eq(int, image_create(3, 2, &image), 0));
	cr_assert(eq(u32, image->pixels[0], 0xff000000));
	cr_assert(eq(u32, image->pixels[5], 0xff000000));
	free(image);
}

Test(image, impossible_sizes_are_refused)
{
	struct image *image;

	cr_assert(eq(int, image_create(0, 1, &image), -EINVAL));
	cr_assert(eq(int, image_create(1, 0, &image), -EINVAL));
	cr_assert(eq(int, image_create(SURFACE_SIDE_MAX + 1, 1, &image), -EINVAL));
	cr_assert(eq(int, image_create(1, SURFACE_SIDE_MAX + 1, &image), -EINVAL));
	cr_assert(zero(ptr, image));
}

Test(image, equal_ones_are_alike, .init = set_up, .fini = tear_down)
{
	uint64_t differing, compared;

	cr_assert(image_is_alike(a, b, NULL, NULL, &exact, &differing, &compared));
	cr_assert(eq(u64, differing, 0));
	cr_assert(eq(u64, compared, WIDTH * HEIGHT));
	cr_assert(image_is_alike(a, b, NULL, NULL, &exact, NULL, NULL));
}

/* Each colour by itself may be off by the tolerance, and no more. */
Test(image, channels_have_their_tolerance, .init = set_up, .fini = tear_down)
{
	static const uint32_t apart_by_3[] = { 0xff435060, 0xff404d60, 0xff405063 };
	const struct image_tolerance three = { .channel = 3 };
	const struct image_tolerance two = { .channel = 2 };

	for (size_t i = 0; i < 3; i++) {
		b->pixels[7] = apart_by_3[i];
		cr_assert(image_is_alike(a, b, NULL, NULL, &three, NULL, NULL));
		cr_assert(not(image_is_alike(a, b, NULL, NULL, &two, NULL, NULL)));
	}
}

/* 40 pixels: one is 25 of a thousand. */
Test(image, few_pixels_may_differ, .init = set_up, .fini = tear_down)
{
	const struct image_tolerance enough = { .permille = 25 };
	const struct image_tolerance too_few = { .permille = 24 };
	uint64_t differing;

	b->pixels[0] = 0xffffffff;
	cr_assert(image_is_alike(a, b, NULL, NULL, &enough, &differing, NULL));
	cr_assert(eq(u64, differing, 1));
	cr_assert(not(image_is_alike(a, b, NULL, NULL, &too_few, NULL, NULL)));
	b->pixels[1] = 0xffffffff;
	cr_assert(not(image_is_alike(a, b, NULL, NULL, &enough, NULL, NULL)));
}

Test(image, region_and_mask_limit_what_is_compared, .init = set_up, .fini = tear_down)
{
	const struct rect region = { 8, 2, 100, 100 }; /* 2 × 2 of it inside */
	uint64_t differing, compared;

	b->pixels[3 * WIDTH + 9] = 0xff000000;
	b->pixels[0] = 0xff000000; /* outside */
	cr_assert(not(image_is_alike(a, b, &region, mask, &exact, &differing, &compared)));
	cr_assert(eq(u64, differing, 1));
	cr_assert(eq(u64, compared, 4));
	mask->pixels[3 * WIDTH + 9] = 0xff000000;
	cr_assert(image_is_alike(a, b, &region, mask, &exact, &differing, &compared));
	cr_assert(eq(u64, compared, 3));
	mask->pixels[3 * WIDTH + 9] = 0xff000001; /* not black */
	cr_assert(not(image_is_alike(a, b, &region, mask, &exact, NULL, NULL)));
}

Test(image, other_sizes_differ_everywhere, .init = set_up, .fini = tear_down)
{
	const struct image_tolerance all = { .channel = 255, .permille = 1000 };
	struct image *wide = make(HEIGHT, WIDTH, 0xff405060);
	uint64_t differing, compared;

	cr_assert(not(image_is_alike(a, wide, NULL, NULL, &all, &differing, &compared)));
	cr_assert(eq(u64, differing, WIDTH * HEIGHT));
	cr_assert(eq(u64, compared, WIDTH * HEIGHT));
	cr_assert(not(image_is_alike(a, b, NULL, wide, &all, NULL, NULL)));
	free(wide);
}

Test(image, difference_is_red_on_grey, .init = set_up, .fini = tear_down)
{
	struct image *difference;
	uint32_t grey;

	b->pixels[1] = 0xffffffff;
	b->pixels[2] = 0xffffffff;
	mask->pixels[2] = 0xff000000;
	cr_assert(eq(int, image_difference(a, b, NULL, mask, &exact, &difference), 0));
	grey = difference->pixels[0];
	cr_assert(eq(u32, grey & 0xff, grey >> 8 & 0xff));
	cr_assert(eq(u32, grey & 0xff, grey >> 16 & 0xff));
	cr_assert(gt(u32, grey & 0xff, 0x40));
	cr_assert(lt(u32, grey & 0xff, 0x60));
	cr_assert(eq(u32, difference->pixels[1], 0xffff0000));
	cr_assert(eq(u32, difference->pixels[2], 0xfffefefe + 0x010101));
	free(difference);
}

Test(image, difference_to_a_smaller_one_is_red_where_that_ends, .init = set_up, .fini = tear_down)
{
	struct image *small = make(WIDTH - 1, HEIGHT, 0xff405060);
	struct image *difference;

	cr_assert(eq(int, image_difference(small, b, NULL, NULL, &exact, &difference), 0));
	cr_assert(eq(u32, difference->width, WIDTH));
	cr_assert(ne(u32, difference->pixels[WIDTH - 2], 0xffff0000));
	cr_assert(eq(u32, difference->pixels[WIDTH - 1], 0xffff0000));
	free(difference);
	free(small);
}
