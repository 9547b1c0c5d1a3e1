/* SPDX-License-Identifier: MIT */
/* LINK: display/ */
#include "display/none.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <semaphore.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

/* A monitor of 1000 Hz, so that the test waits for some milliseconds only. */
#define FRAMES 20u

TestSuite(none, .timeout = 20);

static uint32_t pixels[16 * 16];
static struct display *display;
static struct surface *surface;
static struct display_backend *backend;
static sem_t taken;

static const struct rect all = { 0, 0, 16, 16 };

static void set_up(void)
{
	const struct surface_layout layout = { 16, 16, 64, SURFACE_BGRX };
	struct display_backend_env env = { .machine_name = "test" };

	(void)sem_init(&taken, 0, 0);
	cr_assert(eq(int, display_create(1, &display), 0));
	cr_assert(eq(
		int,
		surface_create(&layout, &(struct iovec){ pixels, sizeof(pixels) }, 1, 0, &surface),
		0));
	env.display = display;
	cr_assert(eq(int, display_backend_create("none,1000", &env, &backend, NULL), 0));
}

static void tear_down(void)
{
	display_backend_destroy(backend);
	display_clear_source(display);
	display_destroy(display);
	surface_put(surface);
}

static void on_taken(struct display_flush *flush UNUSED)
{
	(void)sem_post(&taken);
}

Test(none, every_flush_is_shown_at_a_refresh, .init = set_up, .fini = tear_down)
{
	struct display_flush flush = { .on_taken = on_taken };
	struct display_stats stats;

	display_show(display, 0, surface, &all);
	for (unsigned i = 0; i < FRAMES; i++) {
		cr_assert(display_flush(display, 0, &all, 1, &flush));
		(void)sem_wait(&taken);
	}
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.flushes, FRAMES));
	cr_assert(ge(u64, stats.presents, FRAMES));
	cr_assert(eq(u64, stats.dropped, 0));
	/* Never two within one refresh; a quarter of it is granted to late threads. */
	cr_assert(ge(u64, stats.interval.p50, 750000));
}

Test(none, guest_hears_of_the_rate, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(u32, display_mode(display, 0).refresh_mhz, 1000000));
}

Test(none, second_one_is_refused, .init = set_up, .fini = tear_down)
{
	struct display_backend_env env = { .display = display };
	struct display_backend *second;

	cr_assert(ne(int, display_backend_create("none", &env, &second, NULL), 0));
	cr_assert(zero(ptr, second));
}
