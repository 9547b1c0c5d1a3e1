/* SPDX-License-Identifier: MIT */
/* LINK: display/rect.c display/damage.c */
#include "display/damage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "vmm/base/compiler.h"

#define SIDE 64u /* of the model's picture: small enough to look at each pixel each time */

TestSuite(damage, .timeout = 60);

/* How many rectangles cover each pixel. */
static void count_covers(const struct damage *damage, uint8_t covers[SIDE][SIDE])
{
	memset(covers, 0, SIDE * SIDE);
	for (size_t i = 0; i < damage->count; i++) {
		const struct rect *r = &damage->rects[i];

		cr_assert(rect_is_inside(r, SIDE, SIDE));
		cr_assert(not(rect_is_empty(r)));
		for (uint32_t y = r->y; y < r->y + r->height; y++) {
			for (uint32_t x = r->x; x < r->x + r->width; x++) {
				covers[y][x]++;
			}
		}
	}
}

static void mark(bool added[SIDE][SIDE], const struct rect *r)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		memset(&added[y][r->x], true, r->width);
	}
}

static size_t marked(bool added[SIDE][SIDE])
{
	size_t count = 0;

	for (size_t i = 0; i < SIDE * SIDE; i++) {
		count += added[i / SIDE][i % SIDE];
	}
	return count;
}

static uint32_t random_state;

/* xorshift: the same sequence on every host. */
static uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

static struct rect random_rect(uint32_t side_max)
{
	struct rect r = { draw(SIDE), draw(SIDE), 0, 0 };

	r.width = draw(MIN(side_max, SIDE - r.x) + 1);
	r.height = draw(MIN(side_max, SIDE - r.y) + 1);
	return r;
}

/* What is added is covered, and nothing twice. */
static void check_against_model(unsigned seed, uint32_t side_max)
{
	static bool added[SIDE][SIDE];
	static uint8_t covers[SIDE][SIDE];
	struct damage damage = { .count = 0 };

	random_state = seed + 1;
	memset(added, 0, sizeof(added));
	for (unsigned step = 0; step < 200; step++) {
		struct rect r = random_rect(side_max);

		damage_add(&damage, &r);
		mark(added, &r);
		cr_assert(le(sz, damage.count, DAMAGE_RECTS_MAX));
		count_covers(&damage, covers);
		for (size_t i = 0; i < SIDE * SIDE; i++) {
			cr_assert(le(u8, covers[i / SIDE][i % SIDE], 1), "seed %u step %u: twice",
				  seed, step);
			cr_assert(covers[i / SIDE][i % SIDE] || !added[i / SIDE][i % SIDE],
				  "seed %u step %u: lost", seed, step);
		}
	}
}

Test(damage, random_additions_are_covered_once)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		check_against_model(seed, 4);
		check_against_model(seed, 16);
		check_against_model(seed, SIDE);
	}
}

/* Few rectangles are kept exactly, however they overlap: no pixel more than was added. */
Test(damage, few_overlapping_rects_waste_nothing)
{
	static bool added[SIDE][SIDE];

	for (unsigned seed = 0; seed < 200; seed++) {
		struct damage damage = { .count = 0 };

		random_state = seed + 1;
		memset(added, 0, sizeof(added));
		for (unsigned i = 0; i < 3; i++) { /* 3 come apart into at most 1 + 3 + 7 pieces */
			struct rect r = random_rect(SIDE);

			damage_add(&damage, &r);
			mark(added, &r);
		}
		cr_assert(eq(u64, damage_pixels(&damage), marked(added)), "seed %u", seed);
	}
}

Test(damage, empty_rect_adds_nothing)
{
	struct damage damage = { .count = 0 };

	damage_add(&damage, &(struct rect){ 5, 5, 0, 9 });
	damage_add(&damage, &(struct rect){ 5, 5, 9, 0 });
	cr_assert(eq(sz, damage.count, 0));
}

Test(damage, lines_of_text_become_one_rect)
{
	struct damage damage = { .count = 0 };

	for (uint32_t line = 0; line < 50; line++) {
		damage_add(&damage, &(struct rect){ 8, line * 16, 640, 16 });
	}
	cr_assert(eq(sz, damage.count, 1));
	cr_assert(eq(u64, damage_pixels(&damage), 640u * 16 * 50));
}

/* 16 distant points, two of them neighbours but for one pixel: the 17th joins those two. */
Test(damage, nearest_pair_is_joined_when_full)
{
	struct damage damage = { .count = 0 };

	for (uint32_t i = 0; i < 15; i++) {
		damage_add(&damage, &(struct rect){ i * 1000, i * 1000, 2, 2 });
	}
	damage_add(&damage, &(struct rect){ 3, 0, 2, 2 });
	cr_assert(eq(sz, damage.count, 16));
	damage_add(&damage, &(struct rect){ 16000, 0, 2, 2 });
	cr_assert(eq(sz, damage.count, 16));
	cr_assert(eq(u64, damage_pixels(&damage), 17u * 4 + 2));
}

Test(damage, clip_cuts_and_drops)
{
	struct damage damage = { .count = 0 };

	damage_add(&damage, &(struct rect){ 90, 90, 20, 20 });
	damage_add(&damage, &(struct rect){ 100, 0, 5, 5 });
	damage_clip(&damage, 100, 100);
	cr_assert(eq(sz, damage.count, 1));
	cr_assert(eq(u64, damage_pixels(&damage), 100));
}

/* Corners at the far end of what the sums hold. */
Test(damage, far_rects_do_not_wrap)
{
	struct damage damage = { .count = 0 };

	damage_add(&damage, &(struct rect){ UINT32_MAX - 1, UINT32_MAX - 1, 1, 1 });
	damage_add(&damage, &(struct rect){ 0, 0, UINT32_MAX, UINT32_MAX });
	cr_assert(eq(sz, damage.count, 1));
	cr_assert(eq(u64, damage_pixels(&damage), UINT64_C(0xffffffff) * 0xffffffff));
}

Test(rect, is_inside_refuses_what_wraps)
{
	cr_assert(rect_is_inside(&(struct rect){ 0, 0, 10, 10 }, 10, 10));
	cr_assert(rect_is_inside(&(struct rect){ 10, 10, 0, 0 }, 10, 10));
	cr_assert(not(rect_is_inside(&(struct rect){ 1, 0, 10, 10 }, 10, 10)));
	cr_assert(not(rect_is_inside(&(struct rect){ 1, 0, UINT32_MAX, 1 }, 10, 10)));
	cr_assert(not(rect_is_inside(&(struct rect){ 0, 5, 1, UINT32_MAX - 2 }, 10, 10)));
}

Test(rect, touching_rects_share_nothing)
{
	struct rect both =
		rect_intersect(&(struct rect){ 0, 0, 4, 4 }, &(struct rect){ 4, 0, 4, 4 });

	cr_assert(rect_is_empty(&both));
}
