/* SPDX-License-Identifier: MIT */
/* LINK: display/record.c display/record_step.c display/record_picture.c display/fit.c */
/* LINK: display/film.c display/film_wave.c display/film_y4m.c */
/* LINK: display/film_ffmpeg.c display/cursor_draw.c display/image.c display/pixels.c */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/surface.c display/damage.c display/rect.c */
/* The sound track of films; the pictures are test_record.c's matter. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display/display.h"
#include "display/record_state.h"
#include "display/surface.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/log.h"

#define SIDE	16u
#define RATE_HZ 10u
/* A picture lasts as long as so many frames of sound. */
#define PICTURE_NS     (NS_PER_SECOND / RATE_HZ)
#define PICTURE_FRAMES (RECORD_SOUND_HZ / RATE_HZ)
#define HEADER_BYTES   44u

static char folder[] = "/tmp/test_record.XXXXXX";
static char path[64], wave_path[64];
static struct display *display;
static struct surface *surface;
static struct record *record;
static uint32_t pixels[SIDE * SIDE];
static uint64_t base_ns, begun_ns;
static struct error err;

/* Each frame of the sound tells its number. */
static void begin(void *arg UNUSED, uint64_t start_ns)
{
	begun_ns = start_ns;
}

static int16_t sample_of(uint64_t frame, unsigned side)
{
	return (int16_t)(uint16_t)(frame * 2 + side);
}

static void read_numbers(void *arg UNUSED, uint64_t first, int16_t *samples, size_t frames)
{
	for (uint64_t i = 0; i < frames; i++) {
		*samples++ = sample_of(first + i, 0);
		*samples++ = sample_of(first + i, 1);
	}
}

static const struct record_sound sound = { .begin = begin, .read = read_numbers };

static void set_up(void)
{
	const struct surface_layout layout = { SIDE, SIDE, SIDE * 4, SURFACE_BGRX };
	const struct rect all = { 0, 0, SIDE, SIDE };

	log_set_level(LOG_LEVEL_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/film.y4m", folder);
	(void)snprintf(wave_path, sizeof(wave_path), "%s/film.wav", folder);
	cr_assert(eq(int, display_create(1, &display), 0));
	cr_assert(eq(
		int,
		surface_create(&layout, &(struct iovec){ pixels, sizeof(pixels) }, 1, 0, &surface),
		0));
	display_show(display, 0, surface, &all);
	base_ns = clock_now_ns();
}

static void tear_down(void)
{
	display_clear_source(display);
	display_destroy(display);
	surface_put(surface);
	(void)unlink(path);
	(void)unlink(wave_path);
	cr_assert(eq(int, rmdir(folder), 0), "a file was left behind");
}

TestSuite(record_sound, .init = set_up, .fini = tear_down, .timeout = 60);

static void open_record(const struct record_sound *source)
{
	const struct record_options options = { .file = path, .rate_hz = RATE_HZ, .sound = source };

	cr_assert(eq(int, record_open(display, &options, &record, &err), 0), "%s", err.text);
	cr_assert(record_step(record, base_ns));
}

static void step_to(unsigned picture)
{
	cr_assert(record_step(record, base_ns + picture * PICTURE_NS));
}

static void stop(void)
{
	cr_assert(eq(int, record_stop(record, NULL, &err), 0), "%s", err.text);
}

/* --- reading the sound --- */

static uint8_t bytes[HEADER_BYTES + 12 * RECORD_SOUND_HZ];
static size_t byte_count;

static void read_wave(void)
{
	FILE *file = fopen(wave_path, "re");

	cr_assert(ne(ptr, file, NULL));
	byte_count = fread(bytes, 1, sizeof(bytes), file) - HEADER_BYTES;
	(void)fclose(file);
	cr_assert(eq(int, memcmp(bytes, "RIFF", 4), 0));
	cr_assert(eq(u32, load_le32(bytes + 40), (uint32_t)byte_count));
}

/* The frames of the sound, in the film from `at` on, are those from `first` on. */
static void assert_frames(const uint8_t *data, size_t at, uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned side = 0; side < 2; side++) {
			const uint8_t *sample = data + ((at + i) * 2 + side) * 2;

			cr_assert(eq(i16, (int16_t)load_le16(sample), sample_of(first + i, side)),
				  "frame %zu", at + i);
		}
	}
}

Test(record_sound, sound_is_as_long_as_the_pictures)
{
	open_record(&sound);
	step_to(1);
	step_to(5);
	stop();
	cr_assert(eq(u64, begun_ns, base_ns));
	read_wave();
	cr_assert(eq(sz, byte_count, 6u * PICTURE_FRAMES * 4));
	assert_frames(bytes + HEADER_BYTES, 0, 0, 6 * PICTURE_FRAMES);
}

/* 101 pictures were due: the first is written, then 79 are left out. */
Test(record_sound, sound_of_pictures_that_are_left_out_is_left_out)
{
	open_record(&sound);
	step_to(100);
	stop();
	read_wave();
	cr_assert(eq(sz, byte_count, 22u * PICTURE_FRAMES * 4));
	assert_frames(bytes + HEADER_BYTES, 0, 0, PICTURE_FRAMES);
	assert_frames(bytes + HEADER_BYTES, PICTURE_FRAMES, 80 * PICTURE_FRAMES,
		      21 * PICTURE_FRAMES);
}

Test(record_sound, film_without_sound_has_no_such_file)
{
	open_record(NULL);
	step_to(1);
	stop();
	cr_assert(eq(int, access(wave_path, F_OK), -1));
}

Test(record_sound, film_of_ffmpeg_has_the_samples_that_were_heard)
{
	char command[256];
	FILE *output;

	(void)snprintf(path, sizeof(path), "%s/film.mkv", folder);
	if (record_check(&(struct record_options){ .file = path }, &err) < 0) {
		cr_skip_test("no ffmpeg");
	}
	open_record(&sound);
	for (unsigned i = 1; i < 20; i++) {
		step_to(i);
	}
	stop();
	(void)snprintf(command, sizeof(command),
		       "exec ffmpeg -v error -i %s -f s16le -c:a pcm_s16le - </dev/null", path);
	output = popen(command, "re");
	byte_count = fread(bytes, 1, sizeof(bytes), output);
	cr_assert(eq(int, pclose(output), 0));
	cr_assert(eq(sz, byte_count, 20u * PICTURE_FRAMES * 4));
	assert_frames(bytes, 0, 0, 20 * PICTURE_FRAMES);
}
