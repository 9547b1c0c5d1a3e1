/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/screen_wait.c display/ */
#include "mgmt/screen_wait.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

#define WIDTH  32u
#define HEIGHT 16u
#define MS     UINT64_C(1000000)
#define WHITE  0xffffffffu
/* Long enough never to be reached, and short enough to be waited for. */
#define NEVER_MS 15000u
#define SHORT_MS 30u

static struct loop *loop;
static struct display *display;
static struct surface *surface;
static uint32_t pixels[WIDTH * HEIGHT];
static struct image *wanted;
static struct screen_wait *waiting;
static struct screen_wait_result result;
static bool is_over;

static const struct rect all = { 0, 0, WIDTH, HEIGHT };

static void set_up(void)
{
	const struct surface_layout layout = { WIDTH, HEIGHT, WIDTH * 4, SURFACE_BGRX };
	const struct iovec whole = { pixels, sizeof(pixels) };

	for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
		pixels[i] = 0xff000000u;
	}
	is_over = false;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, display_create(2, &display), 0));
	cr_assert(eq(int, surface_create(&layout, &whole, 1, 0, &surface), 0));
	cr_assert(eq(int, image_create(WIDTH, HEIGHT, &wanted), 0)); /* black */
}

static void tear_down(void)
{
	screen_wait_destroy(waiting);
	display_show(display, 0, NULL, NULL);
	display_destroy(display);
	surface_put(surface);
	free(wanted);
	loop_destroy(loop);
}

TestSuite(screen_wait, .init = set_up, .fini = tear_down, .timeout = 30);

static void on_done(void *arg, const struct screen_wait_result *r)
{
	(void)arg;
	result = *r;
	is_over = true;
	loop_stop(loop);
}

/* With what all tests have in common. */
static struct screen_wait_config plain(void)
{
	return (struct screen_wait_config){
		.display = display, .loop = loop, .timeout_ns = NEVER_MS * MS, .on_done = on_done
	};
}

static void begin(const struct screen_wait_config *config)
{
	cr_assert(eq(int, screen_wait_create(config, &waiting), 0));
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

/* Runs the loop for so long, or until the wait is over. */
static void run_for(uint64_t ms)
{
	struct loop_timer timer;

	loop_timer_init(&timer, stop, NULL);
	loop_timer_arm(loop, &timer, clock_now_ns() + ms * MS);
	if (!is_over) {
		loop_run(loop);
	}
	loop_timer_disarm(&timer);
}

static void draw(uint32_t x, uint32_t y, uint32_t pixel)
{
	const struct rect place = { x, y, 1, 1 };

	pixels[y * WIDTH + x] = pixel;
	(void)display_flush(display, 0, &place, 1, NULL);
}

Test(screen_wait, picture_that_is_there_matches_at_once)
{
	struct screen_wait_config config = plain();

	config.wanted = wanted;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
	cr_assert(eq(u64, result.compared, WIDTH * HEIGHT));
	cr_assert(lt(u64, result.waited_ns, 5000 * MS));
}

Test(screen_wait, picture_that_comes_later_matches_then)
{
	struct screen_wait_config config = plain();

	config.wanted = wanted;
	wanted->pixels[5] = WHITE;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(SHORT_MS);
	cr_assert(not(is_over));
	draw(5, 0, WHITE);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
}

Test(screen_wait, only_the_region_counts)
{
	struct screen_wait_config config = plain();
	const struct rect region = { 8, 8, 4, 4 };

	config.wanted = wanted;
	config.region = &region;
	pixels[0] = WHITE;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
	cr_assert(eq(u64, result.compared, 16));
}

Test(screen_wait, time_out_tells_what_was_seen)
{
	struct screen_wait_config config = plain();

	config.wanted = wanted;
	config.timeout_ns = SHORT_MS * MS;
	pixels[7] = WHITE;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && !result.is_done);
	cr_assert(eq(u64, result.differing, 1));
	cr_assert(eq(u32, result.picture->pixels[7], WHITE));
	cr_assert(ge(u64, result.waited_ns, SHORT_MS * MS));
}

Test(screen_wait, no_time_at_all_is_one_look)
{
	struct screen_wait_config config = plain();

	config.wanted = wanted;
	config.timeout_ns = 0;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
}

Test(screen_wait, blank_screen_is_no_picture)
{
	struct screen_wait_config config = plain();

	config.stable_ns = MS;
	config.timeout_ns = SHORT_MS * MS;
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && !result.is_done);
	cr_assert(eq(ptr, (void *)(uintptr_t)result.picture, NULL));
}

Test(screen_wait, picture_of_another_size_is_taken_when_it_comes)
{
	struct screen_wait_config config = plain();
	const struct rect part = { 0, 0, WIDTH / 2, HEIGHT };

	config.wanted = wanted;
	display_show(display, 0, surface, &part);
	begin(&config);
	run_for(SHORT_MS);
	cr_assert(not(is_over));
	display_show(display, 0, surface, &all);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
}

/* --- stable --- */

struct artist {
	struct loop_timer timer;
	unsigned strokes, done;
	uint32_t x;
	bool changes; /* or flushes the same again */
};

static void on_stroke(void *arg)
{
	struct artist *artist = arg;

	draw(artist->x, 0, artist->changes ? WHITE - artist->done : pixels[artist->x]);
	if (++artist->done < artist->strokes) {
		loop_timer_arm(loop, &artist->timer, clock_now_ns() + 10 * MS);
	}
}

static void start(struct artist *artist)
{
	loop_timer_init(&artist->timer, on_stroke, artist);
	loop_timer_arm(loop, &artist->timer, clock_now_ns());
}

/* Waits for 100 ms without a change while the artist draws. */
static void expect_stable(struct screen_wait_config *config, struct artist *artist)
{
	config->stable_ns = 100 * MS;
	display_show(display, 0, surface, &all);
	begin(config);
	start(artist);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
	loop_timer_disarm(&artist->timer);
}

/* Strokes 10 ms apart, for 300 ms. */
Test(screen_wait, stable_means_that_drawing_has_ended)
{
	struct screen_wait_config config = plain();
	struct artist artist = { .strokes = 30, .changes = true };

	expect_stable(&config, &artist);
	cr_assert(eq(uint, artist.done, 30));
	cr_assert(ge(u64, result.unchanged_ns, 100 * MS));
}

Test(screen_wait, flushes_of_the_same_pixels_are_no_change)
{
	struct screen_wait_config config = plain();
	struct artist artist = { .strokes = 10000, .changes = false };

	expect_stable(&config, &artist);
}

Test(screen_wait, what_is_masked_may_go_on_changing)
{
	struct screen_wait_config config = plain();
	struct artist artist = { .strokes = 10000, .x = 3, .changes = true };

	for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
		wanted->pixels[i] = i == 3 ? 0xff000000u : WHITE;
	}
	config.mask = wanted;
	expect_stable(&config, &artist);
}

Test(screen_wait, match_that_must_last_is_not_over_at_once)
{
	struct screen_wait_config config = plain();

	config.wanted = wanted;
	config.stable_ns = 100 * MS;
	display_show(display, 0, surface, &all);
	begin(&config);
	run_for(NEVER_MS);
	cr_assert(is_over && result.is_done);
	cr_assert(ge(u64, result.waited_ns, 100 * MS));
}
