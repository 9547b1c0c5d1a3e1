/* SPDX-License-Identifier: MIT */
/* LINK: display/record.c display/record_step.c display/record_picture.c display/fit.c */
/* LINK: display/film.c display/film_wave.c display/film_y4m.c */
/* LINK: display/film_ffmpeg.c display/cursor_draw.c display/image.c display/pixels.c */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/surface.c display/damage.c display/rect.c */
#include "display/record_state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define SIDE 16u
#define MS   UINT64_C(1000000)
/* 10 frames a second: times in the tests are whole numbers of frames. */
#define RATE_HZ	 10u
#define FRAME_NS (1000 * MS / RATE_HZ)

/* Luma of grey 0, 100 and 255: 16 + 220 / 256 of it. */
#define BLACK_Y 16u
#define GREY_Y	102u
#define WHITE_Y 235u

static char folder[] = "/tmp/test_record.XXXXXX";
static char path[64];
static struct display *display;
static struct record *record;
static struct error err;
static uint64_t base_ns; /* when the test began: flushes come at the real time, soon after */

struct screen {
	uint32_t pixels[4 * SIDE * SIDE];
	uint32_t width, height;
	struct surface *surface;
};

static struct screen screen;

static void show(uint32_t width, uint32_t height, uint32_t pixel)
{
	const struct surface_layout layout = { width, height, width * 4, SURFACE_BGRX };
	const struct rect all = { 0, 0, width, height };

	surface_put(screen.surface);
	screen.width = width;
	screen.height = height;
	for (uint32_t i = 0; i < width * height; i++) {
		screen.pixels[i] = pixel;
	}
	cr_assert(
		eq(int,
		   surface_create(&layout, &(struct iovec){ screen.pixels, sizeof(screen.pixels) },
				  1, 0, &screen.surface),
		   0));
	display_show(display, 0, screen.surface, &all);
}

static void paint(uint32_t pixel)
{
	const struct rect all = { 0, 0, screen.width, screen.height };

	for (uint32_t i = 0; i < screen.width * screen.height; i++) {
		screen.pixels[i] = pixel;
	}
	(void)display_flush(display, 0, &all, 1, NULL);
}

static void set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/film.y4m", folder);
	cr_assert(eq(int, display_create(1, &display), 0));
	base_ns = clock_now_ns();
}

static void tear_down(void)
{
	(void)record_stop(record, NULL, NULL);
	display_clear_source(display);
	display_destroy(display);
	surface_put(screen.surface);
	(void)unlink(path);
	cr_assert(eq(int, rmdir(folder), 0), "a file was left behind");
}

TestSuite(record, .init = set_up, .fini = tear_down, .timeout = 60);

static int open_record(bool with_cursor)
{
	const struct record_options options = { .file = path,
						.rate_hz = RATE_HZ,
						.with_cursor = with_cursor };

	return record_open(display, &options, &record, &err);
}

static int stop(struct record_status *last)
{
	struct record *ended = record;

	record = NULL;
	return record_stop(ended, last, &err);
}

/* --- reading the film --- */

static uint8_t film[1u << 16];
static size_t film_bytes, header_bytes;
static unsigned film_width, film_height, film_rate;

static unsigned header_number(const char *before)
{
	const char *at = strstr((char *)film, before);

	cr_assert(ne(ptr, (void *)(uintptr_t)at, NULL));
	return (unsigned)strtoul(at + strlen(before), NULL, 10);
}

static void read_film(void)
{
	FILE *file = fopen(path, "re");

	cr_assert(ne(ptr, file, NULL));
	film_bytes = fread(film, 1, sizeof(film), file);
	(void)fclose(file);
	film_width = header_number(" W");
	film_height = header_number(" H");
	film_rate = header_number(" F");
	cr_assert(eq(int, memcmp(film, "YUV4MPEG2 W", 11), 0));
	header_bytes = (size_t)((uint8_t *)memchr(film, '\n', 128) - film) + 1;
	cr_assert(eq(int, memcmp(film + header_bytes - 5, "C444\n", 5), 0));
}

static size_t frame_bytes(void)
{
	return strlen("FRAME\n") + (size_t)film_width * film_height * 3;
}

static unsigned frame_count(void)
{
	cr_assert(eq(sz, (film_bytes - header_bytes) % frame_bytes(), 0), "half a frame");
	return (unsigned)((film_bytes - header_bytes) / frame_bytes());
}

static const uint8_t *plane(unsigned frame, unsigned number)
{
	const uint8_t *at = film + header_bytes + frame * frame_bytes();

	cr_assert(lt(uint, frame, frame_count()));
	cr_assert(eq(int, memcmp(at, "FRAME\n", 6), 0));
	return at + 6 + (size_t)number * film_width * film_height;
}

static unsigned luma(unsigned frame, unsigned x, unsigned y)
{
	return plane(frame, 0)[y * film_width + x];
}

/* --- time --- */

Test(record, film_lasts_as_long_as_what_it_shows)
{
	struct record_status status;

	show(SIDE, SIDE, 0xffffff);
	cr_assert(eq(int, open_record(false), 0), "%s", err.text);
	cr_assert(record_step(record, base_ns));
	cr_assert(record_step(record, base_ns + FRAME_NS - 1)); /* not due yet */
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(record_step(record, base_ns + 9 * FRAME_NS + 7)); /* late: repeats */
	cr_assert(eq(int, stop(&status), 0), "%s", err.text);
	cr_assert(eq(u64, status.frames, 10));
	cr_assert(eq(u64, status.lost, 0));
	read_film();
	cr_assert(eq(uint, film_rate, RATE_HZ * 1000));
	cr_assert(eq(uint, frame_count(), 10));
	cr_assert(eq(uint, luma(9, 3, 3), WHITE_Y));
}

Test(record, film_begins_with_the_first_picture)
{
	struct record_status status;

	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(record_step(record, base_ns + 5 * FRAME_NS));
	show(SIDE, SIDE, 0);
	cr_assert(record_step(record, base_ns + 6 * FRAME_NS));
	record_status(record, &status);
	cr_assert(eq(u32, status.width, SIDE));
	cr_assert(eq(u64, status.frames, 1));
	cr_assert(eq(int, stop(NULL), 0));
}

Test(record, without_a_picture_there_is_no_file)
{
	struct stat status;

	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(eq(int, stop(NULL), 0));
	cr_assert(eq(int, stat(path, &status), -1));
}

/* The film begins a second ago, the flush comes now: the 10 frames before it show the old picture,
 * though they are written after it. */
Test(record, frames_due_before_a_flush_show_the_old_picture)
{
	const uint64_t start_ns = base_ns - 10 * FRAME_NS;

	show(SIDE, SIDE, 0);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, start_ns));
	paint(0xffffff);
	cr_assert(record_step(record, base_ns + 5 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0));
	read_film();
	cr_assert(eq(uint, frame_count(), 16));
	cr_assert(eq(uint, luma(10, 0, 0), BLACK_Y)); /* due just before the flush */
	cr_assert(eq(uint, luma(11 + (clock_now_ns() - base_ns) / FRAME_NS, 0, 0), WHITE_Y));
	cr_assert(eq(uint, luma(15, 0, 0), WHITE_Y));
}

/* 10 s late: 2 s are repeated, the rest is left out and told. */
Test(record, what_is_far_too_late_is_left_out)
{
	struct record_status status;

	show(SIDE, SIDE, 0);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(record_step(record, base_ns + 100 * FRAME_NS));
	cr_assert(eq(int, stop(&status), 0));
	cr_assert(eq(u64, status.frames, 22));
	cr_assert(eq(u64, status.lost, 79));
}

/* 59.94 Hz for 100 hours: no rounding adds up, no product overflows. */
Test(record, rate_of_the_screen_is_kept_exactly)
{
	const struct display_mode mode = { true, 640, 480, 59940, 0, 0 };
	const struct record_options options = { .file = path };
	struct record_status status;

	cr_assert(eq(int, display_request_mode(display, 0, &mode), 0));
	show(2, 1, 0);
	cr_assert(eq(int, record_open(display, &options, &record, &err), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(record_step(record, base_ns + UINT64_C(360000) * 1000 * MS));
	cr_assert(eq(int, stop(&status), 0));
	cr_assert(eq(u32, status.rate_mhz, 59940));
	cr_assert(eq(u64, status.frames + status.lost, UINT64_C(360000) * 59940 / 1000 + 1));
}

/* --- pictures --- */

/* Red, green and blue in BT.601's numbers, as any player reads them. */
Test(record, colours_are_those_of_the_standard)
{
	static const struct {
		uint32_t pixel;
		unsigned y, u, v;
	} colours[] = {
		{ 0xff0000, 82, 90, 240 },
		{ 0x00ff00, 144, 54, 34 },
		{ 0x0000ff, 41, 240, 110 },
		{ 0x646464, GREY_Y, 128, 128 },
	};

	show(5, 1, 0); /* fewer than the compiler takes at once */
	for (unsigned i = 0; i < ARRAY_SIZE(colours); i++) {
		screen.pixels[i] = colours[i].pixel;
	}
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(eq(int, stop(NULL), 0));
	read_film();
	for (unsigned i = 0; i < ARRAY_SIZE(colours); i++) {
		cr_assert(eq(uint, plane(0, 0)[i], colours[i].y));
		cr_assert(eq(uint, plane(0, 1)[i], colours[i].u));
		cr_assert(eq(uint, plane(0, 2)[i], colours[i].v));
	}
}

/* Twice as wide as the film: half as high, between two bars. Then the first size again. */
Test(record, other_sizes_are_fitted_in)
{
	show(SIDE, SIDE, 0xffffff);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	show(2 * SIDE, SIDE, 0x646464);
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(record_step(record, base_ns + 2 * FRAME_NS));
	show(SIDE, SIDE, 0xffffff);
	cr_assert(record_step(record, base_ns + 3 * FRAME_NS));
	cr_assert(record_step(record, base_ns + 4 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0));
	read_film();
	cr_assert(eq(uint, film_width, SIDE));
	cr_assert(eq(uint, luma(2, 0, SIDE / 4 - 1), BLACK_Y));
	cr_assert(eq(uint, luma(2, 0, SIDE / 4), GREY_Y));
	cr_assert(eq(uint, luma(2, SIDE - 1, 3 * SIDE / 4 - 1), GREY_Y));
	cr_assert(eq(uint, luma(2, SIDE - 1, 3 * SIDE / 4), BLACK_Y));
	cr_assert(eq(uint, luma(4, 0, 0), WHITE_Y));
}

/* Shrunk to a half: each pixel is the mean of its four. */
Test(record, scaling_keeps_the_brightness)
{
	show(8, 8, 0);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	show(16, 16, 0);
	for (unsigned i = 0; i < 256; i++) {
		screen.pixels[i] = (i + i / 16) % 2 ? 0xc8c8c8 : 0; /* a board of 200 and 0 */
	}
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(record_step(record, base_ns + 2 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0));
	read_film();
	for (unsigned i = 0; i < 64; i++) {
		cr_assert(eq(uint, luma(2, i % 8, i / 8), GREY_Y));
	}
}

Test(record, blanked_screen_is_black)
{
	show(SIDE, SIDE, 0xffffff);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	display_show(display, 0, NULL, NULL);
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(record_step(record, base_ns + 2 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0));
	read_film();
	cr_assert(eq(uint, luma(0, 0, 0), WHITE_Y));
	cr_assert(eq(uint, luma(2, 0, 0), BLACK_Y));
}

/* It moves off what it covered, and what changes under it is seen when it is gone. */
static void move_cursor_over(bool with_cursor)
{
	struct cursor *cursor = cursor_create(2, 2, 0, 0);

	memset(cursor->pixels, 0xff, 4 * sizeof(uint32_t));
	show(SIDE, SIDE, 0);
	display_set_cursor(display, 0, cursor);
	display_move_cursor(display, 0, 1, 1);
	cr_assert(eq(int, open_record(with_cursor), 0));
	cr_assert(record_step(record, base_ns));
	screen.pixels[SIDE + 1] = 0x646464;
	(void)display_flush(display, 0, &(struct rect){ 1, 1, 1, 1 }, 1, NULL);
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(record_step(record, base_ns + 2 * FRAME_NS));
	display_move_cursor(display, 0, 15, 15); /* half outside */
	cr_assert(record_step(record, base_ns + 3 * FRAME_NS));
	cr_assert(record_step(record, base_ns + 4 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0));
	cursor_put(cursor);
	read_film();
}

Test(record, cursor_is_in_the_film)
{
	move_cursor_over(true);
	cr_assert(eq(uint, luma(0, 1, 1), WHITE_Y));
	cr_assert(eq(uint, luma(0, 2, 2), WHITE_Y));
	cr_assert(eq(uint, luma(0, 3, 3), BLACK_Y));
	cr_assert(eq(uint, luma(2, 1, 1), WHITE_Y));
	cr_assert(eq(uint, luma(4, 1, 1), GREY_Y));
	cr_assert(eq(uint, luma(4, 2, 2), BLACK_Y));
	cr_assert(eq(uint, luma(4, 15, 15), WHITE_Y));
}

Test(record, cursor_can_be_left_out)
{
	move_cursor_over(false);
	cr_assert(eq(uint, luma(0, 1, 1), BLACK_Y));
	cr_assert(eq(uint, luma(4, 1, 1), GREY_Y));
	cr_assert(eq(uint, luma(4, 15, 15), BLACK_Y));
}

/* --- what can go wrong --- */

/* Room for two frames and a half: two are in the file, and it is told. */
Test(record, full_disk_ends_it_with_whole_frames)
{
	const rlim_t room = 60 + 5 * (6 + SIDE * SIDE * 3) / 2;
	struct record_status status;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){ room, RLIM_INFINITY });
	show(SIDE, SIDE, 0xffffff);
	cr_assert(eq(int, open_record(false), 0));
	cr_assert(record_step(record, base_ns));
	cr_assert(not(record_step(record, base_ns + 5 * FRAME_NS)));
	cr_assert(not(record_step(record, base_ns + 6 * FRAME_NS)));
	(void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	paint(0); /* the guest goes on */
	cr_assert(eq(int, stop(&status), -EFBIG));
	cr_assert(ne(ptr, strstr(err.text, path), NULL), "%s", err.text);
	cr_assert(eq(u64, status.frames, 2));
	read_film();
	cr_assert(eq(uint, frame_count(), 2));
}

Test(record, other_endings_are_refused_with_advice)
{
	const struct record_options options = { .file = (char[]){ "film.avi" } };

	cr_assert(eq(int, record_check(&options, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, ".y4m"), NULL), "%s", err.text);
	cr_assert(ne(ptr, strstr(err.text, ".mkv"), NULL), "%s", err.text);
}

Test(record, paths_that_cannot_be_written_are_told_at_once)
{
	struct record_options options = { .file = (char[]){ "/nowhere/film.y4m" } };
	char fifo[sizeof(path)];

	cr_assert(eq(int, record_start(display, &options, &record, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "/nowhere/film.y4m"), NULL), "%s", err.text);
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo.y4m", folder);
	cr_assert(eq(int, mkfifo(fifo, 0600), 0));
	options.file = fifo;
	cr_assert(lt(int, record_start(display, &options, &record, &err), 0)); /* does not wait */
	(void)unlink(fifo);
	options = (struct record_options){ .file = path, .screen = 1 };
	cr_assert(eq(int, record_start(display, &options, &record, &err), -EINVAL));
	cr_assert(zero(ptr, record));
}

Test(record, without_ffmpeg_the_other_kind_is_advised)
{
	const struct record_options options = { .file = (char[]){ "film.mkv" } };

	(void)setenv("PATH", "/nowhere", 1);
	cr_assert(eq(int, record_check(&options, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "apt install ffmpeg"), NULL), "%s", err.text);
	cr_assert(ne(ptr, strstr(err.text, ".y4m"), NULL), "%s", err.text);
}

/* Puts a script of the test's own in front of the real ffmpeg. */
static void replace_ffmpeg(const char *script)
{
	char file[sizeof(path) + 8];
	FILE *out;

	(void)snprintf(file, sizeof(file), "%s/ffmpeg", folder);
	out = fopen(file, "we");
	(void)fprintf(out, "#!/bin/sh\n%s\n", script);
	(void)fclose(out);
	(void)chmod(file, 0700);
	(void)setenv("PATH", folder, 1);
	(void)snprintf(path, sizeof(path), "%s/film.mkv", folder);
}

static void remove_ffmpeg(void)
{
	char file[sizeof(path) + 8];

	(void)snprintf(file, sizeof(file), "%s/ffmpeg", folder);
	(void)unlink(file);
}

/* Its pipe holds more than one small frame, so that its death is seen some frames later. */
Test(record, ffmpeg_that_dies_is_told)
{
	uint64_t now_ns = base_ns;

	replace_ffmpeg("exit 3");
	show(SIDE, SIDE, 0);
	cr_assert(eq(int, open_record(false), 0), "%s", err.text);
	while (record_step(record, now_ns)) {
		now_ns += FRAME_NS;
	}
	cr_assert(eq(int, stop(NULL), -EPIPE));
	cr_assert(ne(ptr, strstr(err.text, "exit code 3"), NULL), "%s", err.text);
	remove_ffmpeg();
}

/* What it was told, as one word a line, and what it got. */
Test(record, ffmpeg_gets_every_pixel_and_no_shell_sees_the_name)
{
	char line[4096];
	FILE *file;

	(void)snprintf(line, sizeof(line),
		       "for word; do echo \"$word\"; done >%s/words\nexec /bin/cat >\"%s/bytes\"",
		       folder, folder);
	replace_ffmpeg(line);
	(void)snprintf(path, sizeof(path), "%s/-a $(b);.mkv", folder);
	show(3, 5, 0x123456);
	cr_assert(eq(int, open_record(false), 0), "%s", err.text);
	cr_assert(record_step(record, base_ns));
	cr_assert(record_step(record, base_ns + FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0), "%s", err.text);

	(void)snprintf(line, sizeof(line), "%s/bytes", folder);
	file = fopen(line, "re");
	cr_assert(eq(sz, fread(film, 1, sizeof(film), file), 2u * 3 * 5 * 4));
	(void)fclose(file);
	(void)unlink(line);
	cr_assert(eq(int, memcmp(film + 2 * 3 * 5 * 4 - 4, "\x56\x34\x12\xff", 4), 0));

	(void)snprintf(line, sizeof(line), "%s/words", folder);
	file = fopen(line, "re");
	film[fread(film, 1, sizeof(film) - 1, file)] = '\0';
	(void)fclose(file);
	(void)unlink(line);
	cr_assert(ne(ptr, strstr((char *)film, "\n3x5\n"), NULL), "%s", film);
	cr_assert(ne(ptr, strstr((char *)film, "\n10000/1000\n"), NULL), "%s", film);
	cr_assert(ne(ptr, strstr((char *)film, "-a $(b);.mkv\n"), NULL), "%s", film);
	remove_ffmpeg();
}

/* --- with the real ffmpeg, and with the record's own thread --- */

Test(record, film_of_ffmpeg_has_the_pixels_that_were_shown)
{
	char command[256];
	FILE *output;

	(void)snprintf(path, sizeof(path), "%s/film.mkv", folder);
	if (record_check(&(struct record_options){ .file = path }, &err) < 0) {
		cr_skip_test("no ffmpeg");
	}
	show(SIDE, SIDE, 0x123456);
	cr_assert(eq(int, open_record(false), 0), "%s", err.text);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert(record_step(record, base_ns + i * FRAME_NS));
	}
	paint(0xfedcba);
	cr_assert(record_step(record, base_ns + 29 * FRAME_NS));
	cr_assert(eq(int, stop(NULL), 0), "%s", err.text);

	(void)snprintf(command, sizeof(command),
		       "exec ffmpeg -v error -i %s -f rawvideo -pix_fmt rgb24 - </dev/null", path);
	output = popen(command, "re");
	cr_assert(eq(sz, fread(film, 1, sizeof(film), output), 30u * SIDE * SIDE * 3));
	cr_assert(eq(int, pclose(output), 0));
	cr_assert(eq(int, memcmp(film, "\x12\x34\x56", 3), 0));
	cr_assert(eq(int, memcmp(film + 30 * SIDE * SIDE * 3 - 3, "\xfe\xdc\xba", 3), 0));
}

Test(record, thread_writes_until_it_is_stopped)
{
	const struct record_options options = { .file = path, .rate_hz = 240 };
	struct record_status status;

	cr_assert(eq(int, record_start(display, &options, &record, &err), 0), "%s", err.text);
	show(SIDE, SIDE, 0xffffff);
	do {
		record_status(record, &status);
	} while (status.frames < 5);
	cr_assert(eq(int, stop(&status), 0), "%s", err.text);
	read_film();
	cr_assert(eq(uint, frame_count(), (unsigned)status.frames));
	cr_assert(eq(uint, luma(4, 0, 0), WHITE_Y));
}
