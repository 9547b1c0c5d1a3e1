/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/film_sound.c audio/format.c */
#include "mgmt/film_sound.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "vmm/base/loop.h"

#define START_NS (5 * NS_PER_SECOND)
#define MS_NS	 UINT64_C(1000000)
#define MS	 48u /* frames of a film */

static struct loop *loop;
static struct audio_tap *ear;
static struct film_sound *sound;
static int16_t film[1000 * MS][2];

/* --- an audio whose frames come from the tests --- */

struct loop *audio_loop(const struct audio *audio UNUSED)
{
	return loop;
}

void audio_add_tap(struct audio *audio UNUSED, struct audio_tap *tap)
{
	ear = tap;
}

void audio_remove_tap(struct audio *audio UNUSED, struct audio_tap *tap)
{
	cr_assert(eq(ptr, tap, ear));
	ear = NULL;
}

static struct audio_format make_format(uint32_t rate_hz, uint32_t channels)
{
	struct audio_format format = { .sample = AUDIO_S16,
				       .rate_hz = rate_hz,
				       .channels = channels };

	audio_format_set_places(&format);
	return format;
}

/* `count` frames of the film's own kind, numbered from `first` on. */
static void play(unsigned stream, int first, size_t count, uint64_t heard_ns)
{
	const struct audio_format format = make_format(RECORD_SOUND_HZ, 2);
	int16_t(*frames)[2] = calloc(count, sizeof(*frames));

	for (size_t i = 0; i < count; i++) {
		frames[i][0] = (int16_t)(first + (int)i);
		frames[i][1] = (int16_t)(-first - (int)i);
	}
	ear->on_frames(ear->arg, stream, &format, frames, count, heard_ns);
	free(frames);
}

static void take(uint64_t first, size_t count)
{
	const struct record_sound *source = film_sound_source(sound);

	source->read(source->arg, first, &film[first][0], count);
}

static void set_up(void)
{
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, film_sound_create(NULL, &sound), 0));
	film_sound_source(sound)->begin(film_sound_source(sound)->arg, START_NS);
}

static void tear_down(void)
{
	film_sound_destroy(sound);
	cr_assert(zero(ptr, ear));
	loop_destroy(loop);
}

TestSuite(film_sound, .init = set_up, .fini = tear_down, .timeout = 10);

/* The silence of [from, until). */
static bool is_silent(size_t from, size_t until)
{
	for (; from < until; from++) {
		if (film[from][0] || film[from][1]) {
			return false;
		}
	}
	return true;
}

/* Whether [from, from + count) are the numbers from `first` on. */
static bool is_played(size_t from, int first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (film[from + i][0] != first + (int)i || film[from + i][1] != -first - (int)i) {
			return false;
		}
	}
	return true;
}

Test(film_sound, frames_are_where_they_are_heard)
{
	play(1, 100, 2 * MS, START_NS + 10 * MS_NS);
	take(0, 20 * MS);
	cr_assert(is_silent(0, 10 * MS));
	cr_assert(is_played(10 * MS, 100, 2 * MS));
	cr_assert(is_silent(12 * MS, 20 * MS));
}

/* The server's estimate of when they are heard moves, the frames do not. */
Test(film_sound, estimates_that_differ_make_no_gap)
{
	play(1, 100, 10 * MS, START_NS);
	play(1, 100 + 10 * MS, 10 * MS, START_NS + 14 * MS_NS);
	play(1, 100 + 20 * MS, 10 * MS, START_NS + 16 * MS_NS);
	take(0, 25 * MS);
	take(25 * MS, 15 * MS);
	cr_assert(is_played(0, 100, 30 * MS));
	cr_assert(is_silent(30 * MS, 40 * MS));
}

Test(film_sound, break_stays_a_break)
{
	play(1, 1, MS, START_NS);
	play(1, 1, MS, START_NS + 300 * MS_NS);
	take(0, 400 * MS);
	cr_assert(is_silent(MS, 300 * MS));
	cr_assert(is_played(300 * MS, 1, MS));
}

Test(film_sound, what_is_heard_before_or_too_late_is_left_out)
{
	play(1, 1, 2 * MS, START_NS - MS_NS);
	take(0, 10 * MS);
	cr_assert(is_played(0, 1 + MS, MS));
	play(2, 1, MS, START_NS + 5 * MS_NS);
	take(10 * MS, 10 * MS);
	cr_assert(is_silent(10 * MS, 20 * MS));
}

Test(film_sound, frames_that_the_film_left_out_do_not_come_back)
{
	play(1, 1, 20 * MS, START_NS);
	take(10 * MS, 5 * MS);
	cr_assert(is_played(10 * MS, 1 + 10 * MS, 5 * MS));
	take(15 * MS, 10 * MS);
	cr_assert(is_played(15 * MS, 1 + 15 * MS, 5 * MS));
	cr_assert(is_silent(20 * MS, 25 * MS));
}

Test(film_sound, streams_are_mixed)
{
	play(1, 1000, MS, START_NS);
	play(2, 2000, MS, START_NS);
	take(0, MS);
	for (int i = 0; i < (int)MS; i++) {
		cr_assert(eq(int, film[i][0], 3000 + 2 * i));
	}
}

Test(film_sound, too_loud_is_cut_not_wrapped)
{
	play(1, 32000, MS, START_NS);
	play(2, 32000, MS, START_NS);
	take(0, MS);
	cr_assert(eq(int, film[0][0], 32767));
	cr_assert(eq(int, film[0][1], -32768));
}

Test(film_sound, other_rates_and_channels_are_turned_into_the_films)
{
	const struct audio_format format = make_format(RECORD_SOUND_HZ / 2, 1);
	int16_t samples[MS];

	for (unsigned i = 0; i < MS; i++) {
		samples[i] = (int16_t)(i * 10);
	}
	ear->on_frames(ear->arg, 1, &format, samples, MS, START_NS + MS_NS);
	take(0, 10 * MS);
	for (int i = 0; i < 2 * (int)MS - 1; i++) {
		cr_assert(eq(int, film[(int)MS + i][0], i * 5));
		cr_assert(eq(int, film[(int)MS + i][1], i * 5));
	}
	cr_assert(is_silent(3 * MS, 10 * MS));
}
