/* SPDX-License-Identifier: MIT */
/* LINK: display/surface.c display/pixels.c */
#include "display/surface.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/thread.h"

#define WIDTH  13u /* no multiple of what is converted at once */
#define HEIGHT 7u
#define STRIDE 60u /* longer than a row */
#define BYTES  (STRIDE * HEIGHT)

TestSuite(surface, .timeout = 20);

/* Where each colour lies in a pixel of each format; alpha -1: none. */
struct format_case {
	enum surface_format format;
	int red, green, blue, alpha;
};

static const struct format_case *format_cases(size_t *count)
{
	static const struct format_case cases[] = {
		{ SURFACE_BGRX, 2, 1, 0, -1 }, { SURFACE_BGRA, 2, 1, 0, 3 },
		{ SURFACE_RGBX, 0, 1, 2, -1 }, { SURFACE_RGBA, 0, 1, 2, 3 },
		{ SURFACE_XRGB, 1, 2, 3, -1 }, { SURFACE_ARGB, 1, 2, 3, 0 },
		{ SURFACE_XBGR, 3, 2, 1, -1 }, { SURFACE_ABGR, 3, 2, 1, 0 },
	};

	*count = ARRAY_SIZE(cases);
	return cases;
}

static uint8_t memory[BYTES];

static void fill_memory(void)
{
	/* A sequence that repeats only after 256 bytes, more than four rows. */
	for (size_t i = 0; i < sizeof(memory); i++) {
		memory[i] = (uint8_t)(i * 167 + i / 256 * 31 + 13);
	}
}

static uint32_t expected(const struct format_case *f, uint32_t x, uint32_t y,
			 enum surface_alpha wanted)
{
	const uint8_t *p = &memory[y * STRIDE + x * 4];
	uint32_t alpha = wanted != SURFACE_OPAQUE && f->alpha >= 0 ? p[f->alpha] : 0xff;

	return alpha << 24 | (uint32_t)p[f->red] << 16 | (uint32_t)p[f->green] << 8 | p[f->blue];
}

static struct surface *make(enum surface_format format, const struct iovec *pieces, size_t count,
			    size_t offset)
{
	const struct surface_layout layout = { WIDTH, HEIGHT, STRIDE, format };
	struct surface *surface;

	cr_assert(eq(int, surface_create(&layout, pieces, count, offset, &surface), 0));
	return surface;
}

/* Each part of the picture comes out right, and nothing around the rows is touched. */
static void check_part(struct surface *surface, const struct format_case *f,
		       const struct rect *part, enum surface_alpha alpha)
{
	const uint32_t looked_at = alpha == SURFACE_COLORS ? 0xffffff : 0xffffffff;
	uint32_t out[HEIGHT][WIDTH + 2];

	memset(out, 0x5a, sizeof(out));
	surface_read(surface, part, alpha, &out[0][1], sizeof(out[0]));
	for (uint32_t y = 0; y < part->height; y++) {
		cr_assert(eq(u32, out[y][0], 0x5a5a5a5a));
		cr_assert(eq(u32, out[y][part->width + 1], 0x5a5a5a5a));
		for (uint32_t x = 0; x < part->width; x++) {
			uint32_t wanted = expected(f, part->x + x, part->y + y, alpha);

			cr_assert(eq(u32, out[y][x + 1] & looked_at, wanted & looked_at));
		}
	}
}

static void check_all_parts(struct surface *surface, const struct format_case *f)
{
	for (uint32_t x = 0; x < WIDTH; x++) {
		for (uint32_t width = 1; width <= WIDTH - x; width++) {
			const struct rect part = { x, x % 3, width, HEIGHT - x % 3 };

			check_part(surface, f, &part, SURFACE_OPAQUE);
			check_part(surface, f, &part, SURFACE_ALPHA);
			check_part(surface, f, &part, SURFACE_COLORS);
		}
	}
}

Test(surface, every_format_reads_as_bgra)
{
	const struct iovec whole = { memory, sizeof(memory) };
	size_t count;
	const struct format_case *cases = format_cases(&count);

	fill_memory();
	for (size_t i = 0; i < count; i++) {
		struct surface *surface = make(cases[i].format, &whole, 1, 0);

		check_all_parts(surface, &cases[i]);
		surface_put(surface);
	}
}

/* Pieces of every length from one byte on, in memory the other way round, behind bytes that belong
 * to nobody: pixels and rows come apart anywhere. */
Test(surface, scattered_pieces_read_as_one)
{
	static uint8_t scattered[BYTES + 5];
	struct iovec pieces[BYTES + 5];
	size_t count;
	const struct format_case *cases = format_cases(&count);

	fill_memory();
	for (size_t length = 1; length < 70; length++) {
		const struct format_case *f = &cases[length % count];
		struct surface *surface;
		size_t n = 0;

		for (size_t at = 0; at < sizeof(scattered); at += length, n++) {
			size_t size = MIN(length, sizeof(scattered) - at);
			uint8_t *to = scattered + sizeof(scattered) - at - size;

			for (size_t i = 0; i < size; i++) {
				to[i] = at + i < 5 ? 0xee : memory[at + i - 5];
			}
			pieces[n] = (struct iovec){ to, size };
		}
		surface = make(f->format, pieces, n, 5);
		check_all_parts(surface, f);
		surface_put(surface);
	}
}

Test(surface, pieces_that_end_with_the_last_pixel_are_enough)
{
	const struct surface_layout layout = { WIDTH, HEIGHT, STRIDE, SURFACE_BGRX };
	const size_t enough = STRIDE * (HEIGHT - 1) + WIDTH * 4;
	struct surface *surface;

	cr_assert(eq(int,
		     surface_create(&layout, &(struct iovec){ memory, enough }, 1, 0, &surface),
		     0));
	surface_put(surface);
	cr_assert(eq(int,
		     surface_create(&layout, &(struct iovec){ memory, enough - 1 }, 1, 0, &surface),
		     -EINVAL));
	cr_assert(eq(int,
		     surface_create(&layout, &(struct iovec){ memory, enough }, 1, 1, &surface),
		     -EINVAL));
	cr_assert(eq(int, surface_create(&layout, NULL, 0, 0, &surface), -EINVAL));
	cr_assert(eq(
		int,
		surface_create(&layout, &(struct iovec){ memory, enough }, 1, SIZE_MAX, &surface),
		-EINVAL));
}

Test(surface, layouts_beyond_their_bounds_are_refused)
{
	static const struct surface_layout layouts[] = {
		{ 0, 1, 64, SURFACE_BGRX },
		{ 1, 0, 64, SURFACE_BGRX },
		{ SURFACE_SIDE_MAX + 1, 1, UINT32_MAX, SURFACE_BGRX },
		{ 1, SURFACE_SIDE_MAX + 1, 64, SURFACE_BGRX },
		{ 17, 1, 64, SURFACE_BGRX },
		{ 1, 1, 64, SURFACE_ABGR + 1 },
	};
	const struct iovec endless[] = { { memory, SIZE_MAX }, { memory, SIZE_MAX } };
	const struct surface_layout good = { 1, 1, 4, SURFACE_BGRX };
	struct surface *surface;

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		cr_assert(eq(int, surface_create(&layouts[i], endless, 1, 0, &surface), -EINVAL));
		cr_assert(zero(ptr, surface));
	}
	/* The sum of their lengths wraps. */
	cr_assert(eq(int, surface_create(&good, endless, 2, 0, &surface), -EINVAL));
}

Test(surface, revoked_one_reads_black)
{
	const struct iovec whole = { memory, sizeof(memory) };
	struct surface *surface = make(SURFACE_BGRA, &whole, 1, 0);
	uint32_t out[2] = { 1, 1 };

	fill_memory();
	surface_revoke(surface);
	surface_revoke(surface); /* harmless */
	surface_read(surface, &(struct rect){ 0, 0, 2, 1 }, SURFACE_OPAQUE, out, sizeof(out));
	cr_assert(eq(u32, out[0], 0xff000000));
	cr_assert(eq(u32, out[1], 0xff000000));
	surface_put(surface);
}

static atomic_bool is_ending;
static atomic_ulong rounds;

static void *read_on(void *arg)
{
	static uint8_t out[BYTES];

	while (!atomic_load(&is_ending)) {
		surface_read(arg, &(struct rect){ 0, 0, WIDTH, HEIGHT }, SURFACE_OPAQUE, out,
			     WIDTH * 4);
		(void)atomic_fetch_add(&rounds, 1);
	}
	return NULL;
}

/* The memory is freed right after the revoke: a reader that is still at it is found by ASan. */
Test(surface, revoke_waits_for_readers)
{
	uint8_t *freed = calloc(1, BYTES);
	struct surface *surface = make(SURFACE_BGRX, &(struct iovec){ freed, BYTES }, 1, 0);
	unsigned long before;
	pthread_t thread;

	cr_assert(eq(int, thread_start(&thread, "reader", read_on, surface), 0));
	while (atomic_load(&rounds) < 1000) {
	}
	surface_revoke(surface);
	free(freed);
	before = atomic_load(&rounds);
	while (atomic_load(&rounds) < before + 1000) {
	}
	atomic_store(&is_ending, true);
	(void)pthread_join(thread, NULL);
	surface_put(surface);
}
