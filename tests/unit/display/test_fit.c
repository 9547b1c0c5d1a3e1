/* SPDX-License-Identifier: MIT */
/* LINK: display/fit.c display/rect.c display/damage.c */
#include "display/fit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "display/input.h"
#include "vmm/base/compiler.h"

TestSuite(fit, .timeout = 20);

/* --- where the picture lies --- */

struct place {
	enum fit_kind kind;
	uint32_t window_width, window_height, width, height;
	struct rect place;
	unsigned factor;
};

ParameterizedTestParameters(fit, picture_is_large_whole_and_in_the_middle)
{
	static struct place places[] = {
		{ FIT_WHOLE, 1280, 800, 1280, 800, { 0, 0, 1280, 800 }, 1 },
		{ FIT_WHOLE, 1300, 800, 640, 400, { 10, 0, 1280, 800 }, 2 },
		{ FIT_WHOLE, 1279, 800, 640, 400, { 319, 200, 640, 400 }, 1 },
		{ FIT_FILL, 1279, 800, 640, 400, { 0, 0, 1279, 799 }, 0 },
		{ FIT_FILL, 1280, 1000, 640, 400, { 0, 100, 1280, 800 }, 2 },
		/* Too large a picture is made smaller, whatever was wished. */
		{ FIT_WHOLE, 800, 600, 1600, 900, { 0, 75, 800, 450 }, 0 },
		/* As thin as can be, but not nothing. */
		{ FIT_FILL, 160, 100, 16384, 1, { 0, 49, 160, 1 }, 0 },
		{ FIT_FILL, 640, 400, 0, 0, { 0, 0, 0, 0 }, 0 },
		{ FIT_FILL, 0, 400, 640, 400, { 0, 0, 0, 0 }, 0 },
	};

	return cr_make_param_array(struct place, places, ARRAY_SIZE(places));
}

ParameterizedTest(struct place *p, fit, picture_is_large_whole_and_in_the_middle)
{
	struct fit fit =
		fit_picture(p->kind, p->window_width, p->window_height, p->width, p->height);

	cr_assert(eq(u32, fit.place.x, p->place.x));
	cr_assert(eq(u32, fit.place.y, p->place.y));
	cr_assert(eq(u32, fit.place.width, p->place.width));
	cr_assert(eq(u32, fit.place.height, p->place.height));
	cr_assert(eq(uint, fit.factor, p->factor));
}

Test(fit, bars_cover_what_the_picture_does_not)
{
	struct fit fit = fit_picture(FIT_WHOLE, 101, 67, 30, 20);
	uint64_t pixels = (uint64_t)fit.place.width * fit.place.height;
	struct rect bars[4];
	unsigned count = fit_bars(&fit, 101, 67, bars);

	for (unsigned i = 0; i < count; i++) {
		struct rect both = rect_intersect(&bars[i], &fit.place);

		cr_assert(rect_is_empty(&both));
		cr_assert(rect_is_inside(&bars[i], 101, 67));
		pixels += (uint64_t)bars[i].width * bars[i].height;
	}
	cr_assert(eq(u64, pixels, 101 * 67));
	fit = fit_picture(FIT_WHOLE, 60, 40, 30, 20);
	cr_assert(eq(uint, fit_bars(&fit, 60, 40, bars), 0));
}

/* --- pointers --- */

/* What a guest makes of an absolute place (libinput and the X server alike). */
static uint32_t guests_pixel(int32_t value, uint32_t side)
{
	return (uint32_t)((uint64_t)value * side / (INPUT_ABS_MAX + 1));
}

Test(fit, absolute_place_leads_back_to_the_pixel)
{
	/* Common, odd, and the most that a surface has. */
	static const uint32_t sides[] = { 1,	2,    3,    640,  799,	800,
					  1080, 1366, 1920, 3840, 5119, 16384 };

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		for (uint32_t pixel = 0; pixel < sides[i]; pixel++) {
			int32_t value = fit_absolute(pixel, sides[i]);

			cr_assert(le(i32, value, INPUT_ABS_MAX));
			cr_assert(eq(u32, guests_pixel(value, sides[i]), pixel));
		}
	}
	cr_assert(eq(i32, fit_absolute(0, 0), 0));
}

Test(fit, each_screen_pixel_finds_the_picture_pixel_that_it_shows)
{
	struct fit fit = fit_picture(FIT_WHOLE, 1000, 700, 300, 200); /* 3 times, at 50, 50 */
	uint32_t x, y;

	for (int32_t i = 0; i < 900; i++) {
		cr_assert(fit_find_pixel(&fit, 50 + i, 50 + i % 600, &x, &y));
		cr_assert(eq(u32, x, (uint32_t)i / 3));
		cr_assert(eq(u32, y, (uint32_t)i % 600 / 3));
	}
	cr_assert(not(fit_find_pixel(&fit, 49, -2000000000, &x, &y)));
	cr_assert(eq(u32, x, 0));
	cr_assert(eq(u32, y, 0));
	cr_assert(not(fit_find_pixel(&fit, 950, 2000000000, &x, &y)));
	cr_assert(eq(u32, x, 299));
	cr_assert(eq(u32, y, 199));
}

Test(fit, pixels_of_a_smaller_picture_stay_in_order)
{
	struct fit fit = fit_picture(FIT_FILL, 800, 500, 1280, 800);
	uint32_t last = 0, x, y;

	for (int32_t i = 0; i < 800; i++) {
		cr_assert(fit_find_pixel(&fit, i, 0, &x, &y));
		cr_assert(ge(u32, x, last));
		cr_assert(lt(u32, x, 1280));
		last = x;
	}
	cr_assert(eq(u32, last, 1279));
}

/* --- drawing --- */

#define PICTURE_WIDTH  37u
#define PICTURE_HEIGHT 23u
#define WINDOW_MAX     120u

static uint32_t picture[PICTURE_WIDTH * PICTURE_HEIGHT];
static uint32_t window[WINDOW_MAX * WINDOW_MAX];

static void draw_part(const struct fit *fit, const struct rect *to)
{
	struct rect from = fit_source(fit, to);
	uint32_t *source = malloc(sizeof(*source) * from.width * from.height);

	cr_assert(rect_is_inside(&from, PICTURE_WIDTH, PICTURE_HEIGHT));
	for (uint32_t y = 0; y < from.height; y++) {
		memcpy(source + y * from.width, picture + (from.y + y) * PICTURE_WIDTH + from.x,
		       from.width * 4);
	}
	fit_draw(fit, &from, source, to, &window[to->y * WINDOW_MAX + to->x], WINDOW_MAX * 4);
	free(source);
}

static void fill_picture(void)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(picture); i++) {
		picture[i] = 0xff000000u | (i * 2654435761u >> 8);
	}
}

struct scale {
	enum fit_kind kind;
	uint32_t width, height;
};

ParameterizedTestParameters(fit, changed_rectangles_join_without_a_seam)
{
	static struct scale scales[] = {
		{ FIT_WHOLE, 120, 100 }, { FIT_WHOLE, 37, 23 }, { FIT_FILL, 120, 120 },
		{ FIT_FILL, 50, 31 },	 { FIT_FILL, 19, 11 },	{ FIT_FILL, 36, 100 },
	};

	return cr_make_param_array(struct scale, scales, ARRAY_SIZE(scales));
}

/* A picture that changed by parts looks as one that was drawn at once. */
ParameterizedTest(struct scale *s, fit, changed_rectangles_join_without_a_seam)
{
	struct fit fit = fit_picture(s->kind, s->width, s->height, PICTURE_WIDTH, PICTURE_HEIGHT);
	static uint32_t parts[WINDOW_MAX * WINDOW_MAX];
	uint32_t random = 7;

	memset(picture, 0, sizeof(picture));
	draw_part(&fit, &fit.place);
	for (unsigned i = 0; i < 300; i++) {
		struct rect r, to;

		random = random * 1664525u + 1013904223u;
		r.x = (random >> 4) % PICTURE_WIDTH;
		r.y = (random >> 12) % PICTURE_HEIGHT;
		r.width = 1 + (random >> 20) % (PICTURE_WIDTH - r.x);
		r.height = 1 + (random >> 25) % (PICTURE_HEIGHT - r.y);
		for (uint32_t y = r.y; y < r.y + r.height; y++) {
			for (uint32_t x = r.x; x < r.x + r.width; x++) {
				picture[y * PICTURE_WIDTH + x] = 0xff000000u | (random ^ x * y);
			}
		}
		to = fit_cover(&fit, &r);
		cr_assert(rect_is_inside(&to, s->width, s->height));
		draw_part(&fit, &to);
	}
	memcpy(parts, window, sizeof(parts));
	draw_part(&fit, &fit.place);
	cr_assert(eq(int, memcmp(parts, window, sizeof(parts)), 0));
}

Test(fit, whole_factor_repeats_pixels)
{
	struct fit fit = fit_picture(FIT_WHOLE, 120, 80, PICTURE_WIDTH, PICTURE_HEIGHT);

	fill_picture();
	cr_assert(eq(uint, fit.factor, 3));
	draw_part(&fit, &fit.place);
	for (uint32_t y = 0; y < fit.place.height; y++) {
		for (uint32_t x = 0; x < fit.place.width; x++) {
			cr_assert(eq(u32, window[(fit.place.y + y) * WINDOW_MAX + fit.place.x + x],
				     picture[y / 3 * PICTURE_WIDTH + x / 3]));
		}
	}
}

Test(fit, blending_keeps_one_colour_and_the_corners)
{
	struct fit fit = fit_picture(FIT_FILL, 100, 70, PICTURE_WIDTH, PICTURE_HEIGHT);
	const struct rect *p = &fit.place;

	for (uint32_t i = 0; i < ARRAY_SIZE(picture); i++) {
		picture[i] = 0xff8040c0;
	}
	draw_part(&fit, p);
	for (uint32_t i = 0; i < p->height; i++) {
		cr_assert(eq(u32, window[(p->y + i) * WINDOW_MAX + p->x + i], 0xff8040c0));
	}
	fill_picture();
	draw_part(&fit, p);
	cr_assert(eq(u32, window[p->y * WINDOW_MAX + p->x], picture[0]));
	cr_assert(eq(u32, window[(p->y + p->height - 1) * WINDOW_MAX + p->x + p->width - 1],
		     picture[ARRAY_SIZE(picture) - 1]));
}
