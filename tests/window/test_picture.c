/* SPDX-License-Identifier: MIT */
/* LINK: display/ tests/window/desk.c tests/window/stage.c */
/* LIBS: x11 xtst */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>
#include <time.h>

#include "display/surface.h"
#include "tests/window/stage.h"
#include "vmm/base/compiler.h"

TestSuite(picture, .timeout = 120);

static struct stage stage;

/* --- pixels --- */

/* How a back end draws, and how large the picture then is. */
struct way {
	char text[48];
	uint32_t width, height;
	unsigned factor;
};

ParameterizedTestParameters(picture, arrives_pixel_for_pixel)
{
	static struct way ways[] = {
		{ "sdl", 1280, 800, 1 },
		/* An odd picture with bars around it. */
		{ "sdl,fit=pixel", 721, 401, 1 },
		{ "sdl,fit=pixel", 320, 200, 4 },
		{ "sdl,fit=scale", 640, 400, 2 },
		{ "sdl,scale=2,fit=guest", 600, 400, 2 },
		{ "sdl,render=gpu", 1280, 800, 1 },
		{ "sdl,render=gpu,fit=pixel", 401, 301, 2 },
	};

	return cr_make_param_array(struct way, ways, ARRAY_SIZE(ways));
}

ParameterizedTest(struct way *way, picture, arrives_pixel_for_pixel)
{
	const struct rect part = { 100, 50, 201, 77 };
	Window window;

	desk_has_opengl = strstr(way->text, "gpu");
	stage_start(&stage, 1, way->text);
	stage_show(&stage, 0, way->width, way->height, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	/* Twice the default size is more than the screen has. */
	desk_resize(&stage.desk, window, 1280, 800);
	stage_expect_picture(&stage, window, way->factor);
	stage_change(&stage, &part, 2);
	stage_expect_picture(&stage, window, way->factor);
	stage_end(&stage);
}

Test(picture, goes_black_when_the_guest_blanks_the_screen)
{
	Window window;

	stage_start(&stage, 1, "sdl");
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
	display_show(stage.display, 0, NULL, NULL);
	stage.width = stage.height = 0;
	stage_expect_picture(&stage, window, 1);
	stage_show(&stage, 0, 1280, 800, 2);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

/* --- size --- */

Test(picture, follows_the_size_of_the_window)
{
	Window window;

	stage_start(&stage, 1, "sdl");
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
	/* The first size is the default mode's: there is nothing to ask for. */
	cr_assert(eq(uint, stage.mode_count, 0));
	for (unsigned width = 900; width <= 1000; width += 10) {
		desk_resize(&stage.desk, window, width, 600);
		desk_sleep_ms(20);
	}
	stage_expect_mode(&stage, 0, 1000, 600);
	/* Only the size that stayed was asked for. */
	cr_assert(eq(uint, stage.mode_count, 1));
	cr_assert(eq(u32, stage.modes[0].refresh_mhz, 60000));
	stage_show(&stage, 0, 1000, 600, 2);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

Test(picture, is_right_after_200_resizes)
{
	uint32_t random = 1;
	Window window;

	stage_start(&stage, 1, "sdl");
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
	for (unsigned i = 0; i < 200; i++) {
		const struct rect part = { 0, 0, 90, 60 };

		random = random * 1664525u + 1013904223u;
		desk_resize(&stage.desk, window, 200 + (random >> 8) % 1300,
			    150 + (random >> 20) % 900);
		stage_change(&stage, &part, i);
		if (i % 10 == 0) {
			stage_show(&stage, 0, 100 + (random >> 10) % 1400,
				   100 + (random >> 16) % 1000, i);
		}
	}
	desk_resize(&stage.desk, window, 777, 555);
	stage_expect_mode(&stage, 0, 777, 555);
	stage_show(&stage, 0, 777, 555, 9);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

/* --- nobody looks --- */

static uint64_t presents(void)
{
	struct display_stats stats;

	display_stats(stage.display, 0, &stats);
	return stats.presents;
}

static void on_taken(struct display_flush *flush UNUSED)
{
}

static bool takes_no_flush(void *arg UNUSED)
{
	const struct rect part = { 0, 0, 8, 8 };
	static struct display_flush flush = { .on_taken = on_taken };

	if (!display_flush(stage.display, 0, &part, 1, &flush)) {
		return true;
	}
	(void)display_cancel_flush(stage.display, &flush);
	return false;
}

Test(picture, costs_nothing_when_minimised)
{
	const struct rect part = { 10, 10, 100, 100 };
	uint64_t before;
	Window window;

	stage_start(&stage, 1, "sdl");
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
	desk_minimise(&stage.desk, window);
	desk_wait("nobody to look", takes_no_flush, NULL);
	before = presents();
	for (unsigned i = 0; i < 20; i++) {
		stage_change(&stage, &part, i);
		desk_sleep_ms(5);
	}
	cr_assert(eq(u64, presents(), before));
	desk_restore(&stage.desk, window);
	stage_expect_picture(&stage, window, 1);
	stage_end(&stage);
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define STILL_NS_MAX 1000000u /* of a processor's time in a second */

Test(picture, costs_nothing_when_still)
{
	uint64_t least = UINT64_MAX;
	Window window;

	stage_start(&stage, 1, "sdl");
	stage_show(&stage, 0, 1280, 800, 1);
	window = desk_find(&stage.desk, STAGE_NAME);
	stage_expect_picture(&stage, window, 1);
	/* SDL has some work to do for a while after the last event; the desktop may send more. */
	desk_sleep_ms(600);
	for (unsigned i = 0; i < 5 && least >= STILL_NS_MAX; i++) {
		const uint64_t before = cpu_ns();

		desk_sleep_ms(1000);
		least = MIN(least, cpu_ns() - before);
	}
	cr_assert(lt(u64, least, STILL_NS_MAX));
	stage_end(&stage);
}
