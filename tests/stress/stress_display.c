/* SPDX-License-Identifier: MIT */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/surface.c display/pixels.c display/damage.c display/rect.c */
/*
 * A source that flushes, shows other surfaces and frees their memory; two viewers that take, one of
 * which sets the pace; a third that comes and goes. Every flush that was promised an end must get
 * it, no reader may see memory of a surface that is gone, and the pace setter must have seen the
 * last flush before the source gets on.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/thread.h"

#define RUN_NS	  UINT64_C(1500000000)
#define SIDE	  32u
#define BYTES	  (SIDE * SIDE * SURFACE_PIXEL_BYTES)
#define PATIENCE  20 /* seconds that nothing here takes */
#define PER_SHOWN 5u /* flushes of each surface */

static struct display *display;
static atomic_bool ending;
static atomic_ulong flushes, frames, joins, modes;

static const struct rect all = { 0, 0, SIDE, SIDE };

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_display: %s\n", text);
	abort();
}

static void wait_for(sem_t *semaphore, const char *what)
{
	struct timespec limit;

	(void)clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE;
	while (sem_timedwait(semaphore, &limit) < 0) {
		if (errno == ETIMEDOUT) {
			fail(what);
		}
	}
}

/* --- viewers --- */

struct party {
	struct display_viewer viewer;
	sem_t woken;
	pthread_t thread;
	_Atomic uint64_t seen; /* sequence */
};

static struct party pacer;

static void on_wake(void *arg, unsigned scanout)
{
	(void)scanout;
	(void)sem_post(&((struct party *)arg)->woken);
}

static void look(const struct display_frame *frame)
{
	static _Thread_local uint32_t pixels[SIDE * SIDE];

	for (size_t i = 0; i < frame->damage.count; i++) {
		display_frame_read(frame, &frame->damage.rects[i], pixels, SIDE * 4);
		/* One colour for each surface, or black when it has gone meanwhile. */
		if (pixels[0] != pixels[frame->damage.rects[i].width - 1]) {
			fail("a surface was seen half");
		}
	}
}

static void take_one(struct party *party)
{
	struct display_frame frame;

	if (!display_take(display, &party->viewer, 0, &frame)) {
		return;
	}
	look(&frame);
	atomic_store(&party->seen, frame.sequence);
	(void)atomic_fetch_add(&frames, 1);
	display_frame_taken(display, &party->viewer, 0, &frame);
	display_frame_done(display, &party->viewer, 0, &frame, clock_now_ns());
}

static void *take_all(void *arg)
{
	struct party *party = arg;

	while (!atomic_load(&ending)) {
		wait_for(&party->woken, "a viewer was not woken");
		take_one(party);
	}
	return NULL;
}

static void join(struct party *party, bool sets_pace)
{
	(void)sem_init(&party->woken, 0, 0);
	party->viewer = (struct display_viewer){
		.name = "stress", .wake = on_wake, .arg = party, .sets_pace = sets_pace
	};
	if (display_add_viewer(display, &party->viewer) != 0) {
		fail("a viewer was refused");
	}
}

static void *come_and_go(void *arg)
{
	struct party *party = arg;

	for (unsigned i = 0; !atomic_load(&ending); i++) {
		const struct display_mode mode = { true, 64 + i % 64, 64, 60000, 0, 0 };
		struct display_stats stats;

		join(party, false);
		take_one(party);
		display_set_hidden(display, &party->viewer, 0, i % 2);
		take_one(party);
		display_stats(display, 0, &stats);
		(void)display_request_mode(display, 0, &mode);
		display_remove_viewer(display, &party->viewer);
		(void)sem_destroy(&party->woken);
		(void)atomic_fetch_add(&joins, 1);
	}
	return NULL;
}

/* --- the source --- */

struct flush {
	struct display_flush flush;
	sem_t taken;
};

static void on_taken(struct display_flush *flush)
{
	(void)sem_post(&container_of(flush, struct flush, flush)->taken);
}

static void on_mode(void *arg, unsigned scanout, const struct display_mode *mode)
{
	(void)arg;
	(void)scanout;
	(void)mode;
	(void)atomic_fetch_add(&modes, 1);
}

static void flush_one(struct flush *flush, unsigned i)
{
	const struct rect part = { i % 16, i % 7, 16, 8 };
	uint64_t sequence = atomic_fetch_add(&flushes, 1) + 1;

	if (!display_flush(display, 0, &part, 1, &flush->flush)) {
		fail("nobody sets the pace");
	}
	/* Some are given up; if it is too late for that, the end comes. */
	if (i % 11 != 0 || !display_cancel_flush(display, &flush->flush)) {
		wait_for(&flush->taken, "a flush had no end");
		if (atomic_load(&pacer.seen) < sequence) {
			fail("a flush ended before it was seen");
		}
	}
}

static void show_one(struct flush *flush, unsigned number)
{
	const struct surface_layout layout = { SIDE, SIDE, SIDE * 4, SURFACE_BGRX };
	uint8_t *memory = malloc(BYTES);
	struct surface *surface;

	memset(memory, (int)number, BYTES);
	if (surface_create(&layout, &(struct iovec){ memory, BYTES }, 1, 0, &surface) != 0) {
		fail("no surface");
	}
	display_show(display, 0, surface, &all);
	for (unsigned i = 0; i < PER_SHOWN; i++) {
		flush_one(flush, number + i);
		display_move_cursor(display, 0, (int32_t)i, 0);
	}
	/* Gone while it is shown, as when a guest frees what it shows. */
	surface_revoke(surface);
	memset(memory, 0x55, BYTES);
	free(memory);
	surface_put(surface);
}

static void run_source(void)
{
	const struct display_source source = { .on_mode = on_mode };
	uint64_t end_ns = clock_now_ns() + RUN_NS;
	struct flush flush = { .flush.on_taken = on_taken };

	(void)sem_init(&flush.taken, 0, 0);
	for (unsigned i = 0; clock_now_ns() < end_ns; i++) {
		struct cursor *cursor = cursor_create(8, 8, 0, 0);

		if (display_set_source(display, &source) != 0) {
			fail("the source was refused");
		}
		display_set_cursor(display, 0, cursor);
		cursor_put(cursor);
		for (unsigned k = 0; k < PER_SHOWN; k++) {
			show_one(&flush, i * PER_SHOWN + k);
		}
		display_clear_source(display);
	}
	(void)sem_destroy(&flush.taken);
}

static void start(struct party *party, void *(*run)(void *))
{
	if (thread_start(&party->thread, "viewer", run, party) != 0) {
		fail("no thread");
	}
}

static void leave(struct party *party)
{
	(void)sem_post(&party->woken);
	(void)pthread_join(party->thread, NULL);
	display_remove_viewer(display, &party->viewer);
	(void)sem_destroy(&party->woken);
}

int main(void)
{
	static struct party other, guest;

	if (display_create(1, &display) != 0) {
		fail("no display");
	}
	join(&pacer, true);
	join(&other, false);
	start(&pacer, take_all);
	start(&other, take_all);
	start(&guest, come_and_go);
	run_source();
	atomic_store(&ending, true);
	leave(&pacer);
	leave(&other);
	(void)pthread_join(guest.thread, NULL);
	display_destroy(display);
	(void)printf("stress_display: %lu flushes, %lu frames, %lu joins, %lu modes\n",
		     atomic_load(&flushes), atomic_load(&frames), atomic_load(&joins),
		     atomic_load(&modes));
	return atomic_load(&flushes) == 0 || atomic_load(&joins) == 0 || atomic_load(&modes) == 0;
}
