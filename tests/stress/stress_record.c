/* SPDX-License-Identifier: MIT */
/* LINK: display/record.c display/record_step.c display/record_picture.c display/fit.c */
/* LINK: display/film.c display/film_wave.c display/film_y4m.c display/film_ffmpeg.c */
/* LINK: display/cursor_draw.c */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/surface.c display/pixels.c display/damage.c display/rect.c display/image.c */
/*
 * Films that begin and end, and are asked how far they are, while a source shows surfaces of two
 * sizes, flushes, moves its cursor and takes the memory away.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display/display.h"
#include "display/record.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"

#define RUN_NS UINT64_C(1500000000)
#define SIDE   48u

static struct display *display;
static atomic_bool ending;
static atomic_ulong shown;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_record: %s\n", text);
	abort();
}

static void show_one(unsigned number, struct cursor *cursor)
{
	const uint32_t side = SIDE >> number % 2;
	const struct surface_layout layout = { side, side, side * 4, SURFACE_BGRX };
	const struct rect all = { 0, 0, side, side };
	const size_t bytes = (size_t)side * side * 4;
	uint8_t *memory = calloc(1, bytes);
	struct surface *surface;

	if (surface_create(&layout, &(struct iovec){ memory, bytes }, 1, 0, &surface) != 0) {
		fail("no surface");
	}
	display_show(display, 0, surface, &all);
	display_set_cursor(display, 0, number % 3 ? cursor : NULL);
	for (int32_t i = 0; i < 20; i++) {
		display_move_cursor(display, 0, i * 5 - 20, i);
		(void)display_flush(display, 0, &all, 1, NULL);
		(void)usleep(200);
	}
	surface_revoke(surface);
	free(memory);
	surface_put(surface);
	(void)atomic_fetch_add(&shown, 1);
}

static void *show_all(void *arg)
{
	struct cursor *cursor = cursor_create(8, 8, 2, 2);

	for (unsigned i = 0; !atomic_load(&ending); i++) {
		show_one(i, cursor);
	}
	cursor_put(cursor);
	return arg;
}

static void make_film(char *path)
{
	const struct record_options options = { .file = path, .rate_hz = 240, .with_cursor = true };
	struct record_status status;
	struct record *record;
	struct stat file;
	struct error err;

	if (record_start(display, &options, &record, &err) < 0) {
		fail(err.text);
	}
	do {
		record_status(record, &status);
		(void)usleep(1000);
	} while (status.frames < 10);
	if (record_stop(record, &status, &err) < 0) {
		fail(err.text);
	}
	if (stat(path, &file) < 0 || (uint64_t)file.st_size < status.frames * status.width * 3) {
		fail("frames are missing");
	}
}

int main(void)
{
	const uint64_t end_ns = clock_now_ns() + RUN_NS;
	char path[] = "/tmp/stress_record.XXXXXX.y4m";
	unsigned long films = 0;
	pthread_t source;
	int fd = mkstemps(path, 4);

	log_set_level(LOG_LEVEL_ERROR);
	if (fd < 0 || display_create(1, &display) != 0 ||
	    thread_start(&source, "source", show_all, NULL) != 0) {
		fail("no display");
	}
	for (; clock_now_ns() < end_ns; films++) {
		make_film(path);
	}
	atomic_store(&ending, true);
	(void)pthread_join(source, NULL);
	display_clear_source(display);
	display_destroy(display);
	(void)close(fd);
	(void)unlink(path);
	(void)printf("stress_record: %lu films of %lu surfaces\n", films, atomic_load(&shown));
	return films == 0 || atomic_load(&shown) == 0;
}
