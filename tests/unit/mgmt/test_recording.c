/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/recording.c mgmt/film_sound.c audio/ display/ */
#include "mgmt/recording.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

static char folder[] = "/tmp/test_recording.XXXXXX";
static char path[64];
static struct display *display;
static struct recording *recording;
static struct surface *surface;
static uint32_t pixels[16];
static struct error err;
static unsigned lines;

static void on_line(enum log_level level UNUSED, const char *tag UNUSED, const char *text UNUSED)
{
	lines++;
}

static void set_up(void)
{
	const struct surface_layout layout = { 4, 4, 16, SURFACE_BGRX };

	log_set_sink(on_line);
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/film.y4m", folder);
	cr_assert(eq(int, display_create(1, &display), 0));
	cr_assert(eq(
		int,
		surface_create(&layout, &(struct iovec){ pixels, sizeof(pixels) }, 1, 0, &surface),
		0));
	display_show(display, 0, surface, &(struct rect){ 0, 0, 4, 4 });
	cr_assert(eq(int, recording_create(display, &recording), 0));
}

static void tear_down(void)
{
	recording_destroy(recording);
	display_clear_source(display);
	display_destroy(display);
	surface_put(surface);
	(void)unlink(path);
	(void)rmdir(folder);
}

TestSuite(recording, .init = set_up, .fini = tear_down, .timeout = 20);

Test(recording, starts_tells_and_stops)
{
	struct record_status status;

	cr_assert(eq(ptr, (void *)(uintptr_t)recording_file(recording, &status), NULL));
	cr_assert(eq(int, recording_start(recording, path, &err), 0), "%s", err.text);
	cr_assert(eq(str, (char *)(uintptr_t)recording_file(recording, &status), path));
	cr_assert(eq(u32, status.width, 4));
	cr_assert(eq(int, recording_stop(recording, &status, &err), 0), "%s", err.text);
	cr_assert(ge(u64, status.frames, 1));
	cr_assert(eq(uint, lines, 1));
	cr_assert(eq(int, access(path, R_OK), 0));
	cr_assert(eq(ptr, (void *)(uintptr_t)recording_file(recording, &status), NULL));
	cr_assert(eq(int, recording_stop(recording, &status, &err), -ENOENT));
}

Test(recording, one_film_at_a_time)
{
	cr_assert(eq(int, recording_start(recording, path, &err), 0));
	cr_assert(eq(int, recording_start(recording, path, &err), -EBUSY));
	cr_assert(ne(ptr, strstr(err.text, path), NULL), "%s", err.text);
}

Test(recording, end_of_the_machine_finishes_the_film)
{
	cr_assert(eq(int, recording_start(recording, path, &err), 0));
	recording_destroy(recording);
	recording = NULL;
	cr_assert(eq(uint, lines, 1));
	cr_assert(eq(int, access(path, R_OK), 0));
}

Test(recording, wrong_options_are_told)
{
	cr_assert(eq(int, recording_check("film.y4m,rate=30,cursor=off,screen=3", &err), 0));
	cr_assert(eq(int, recording_check("film.y4m,rate=1000", &err), -ERANGE));
	cr_assert(eq(int, recording_check("film.gif", &err), -EINVAL));
	cr_assert(eq(int, recording_check("", &err), -EINVAL));
	cr_assert(eq(int, recording_start(recording, "film.gif", &err), -EINVAL));
}

Test(recording, machine_without_screen_has_no_film)
{
	struct recording *none;

	cr_assert(eq(int, recording_create(NULL, &none), 0));
	cr_assert(eq(int, recording_start(none, path, &err), -ENODEV));
	recording_destroy(none);
}
