/* SPDX-License-Identifier: MIT */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c */
/* LINK: display/surface.c */
/* LINK: display/damage.c display/rect.c */
#include "display/display.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>

#include "display/image.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

#define WIDTH  64u
#define HEIGHT 48u
#define MS     UINT64_C(1000000)

TestSuite(display, .timeout = 20);

/* --- a machine's picture with its parties, all in this thread --- */

struct party {
	struct display_viewer viewer;
	unsigned wakes;
};

struct flush {
	struct display_flush flush;
	unsigned taken;
};

static uint32_t pixels[WIDTH * HEIGHT];
static struct display *display;
static struct surface *surface;
static struct display_mode heard_mode;
static unsigned heard_modes;

static const struct rect all = { 0, 0, WIDTH, HEIGHT };

static void on_mode(void *arg, unsigned scanout, const struct display_mode *mode)
{
	cr_assert(eq(ptr, arg, &heard_modes));
	cr_assert(eq(uint, scanout, 1));
	heard_mode = *mode;
	heard_modes++;
}

static const struct display_source source = { on_mode, &heard_modes };

static void set_up(void)
{
	const struct surface_layout layout = { WIDTH, HEIGHT, WIDTH * 4, SURFACE_BGRX };
	const struct iovec whole = { pixels, sizeof(pixels) };

	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
		pixels[i] = i;
	}
	cr_assert(eq(int, display_create(2, &display), 0));
	cr_assert(eq(int, display_set_source(display, &source), 0));
	cr_assert(eq(int, surface_create(&layout, &whole, 1, 0, &surface), 0));
}

static void tear_down(void)
{
	display_clear_source(display);
	display_destroy(display);
	surface_put(surface);
}

static void on_wake(void *arg, unsigned scanout)
{
	cr_assert(eq(uint, scanout, 0));
	((struct party *)arg)->wakes++;
}

static void join(struct party *party, bool sets_pace)
{
	*party = (struct party){
		.viewer = { .name = "test", .wake = on_wake, .arg = party, .sets_pace = sets_pace }
	};
	cr_assert(eq(int, display_add_viewer(display, &party->viewer), 0));
}

/* Where something is shown, and at this viewer's pace. */
static void join_show(struct party *party)
{
	display_show(display, 0, surface, &all);
	join(party, true);
}

static void on_taken(struct display_flush *flush)
{
	container_of(flush, struct flush, flush)->taken++;
}

static bool flush_rect(struct flush *flush, const struct rect *r)
{
	if (flush) {
		flush->flush.on_taken = on_taken;
	}
	return display_flush(display, 0, r, 1, flush ? &flush->flush : NULL);
}

static struct display_frame take(struct party *party)
{
	struct display_frame frame;

	cr_assert(display_take(display, &party->viewer, 0, &frame));
	return frame;
}

static bool has_frame(struct party *party)
{
	struct display_frame frame;
	bool has = display_take(display, &party->viewer, 0, &frame);

	if (has) {
		display_frame_done(display, &party->viewer, 0, &frame, 0);
	}
	return has;
}

static void present(struct party *party, uint64_t at_ns)
{
	struct display_frame frame = take(party);

	display_frame_done(display, &party->viewer, 0, &frame, at_ns);
}

/* --- making --- */

Test(display, impossible_number_of_scanouts_is_refused)
{
	cr_assert(eq(int, display_create(0, &display), -EINVAL));
	cr_assert(eq(int, display_create(DISPLAY_SCANOUTS_MAX + 1, &display), -EINVAL));
	cr_assert(zero(ptr, display));
	display_destroy(NULL);
}

Test(display, one_source_at_a_time, .init = set_up, .fini = tear_down)
{
	cr_assert(eq(int, display_set_source(display, &source), -EBUSY));
	display_clear_source(display);
	cr_assert(eq(int, display_set_source(display, &source), 0));
}

/* --- frames --- */

Test(display, viewer_sees_what_was_shown_before, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct display_frame frame;
	uint32_t pixel;

	display_show(display, 0, surface, &(struct rect){ 8, 4, 16, 16 });
	join(&party, true);
	cr_assert(eq(uint, party.wakes, 1));
	frame = take(&party);
	cr_assert(frame.is_new_surface);
	cr_assert(eq(u64, damage_pixels(&frame.damage), 16u * 16));
	display_frame_read(&frame, &(struct rect){ 2, 1, 1, 1 }, &pixel, sizeof(pixel));
	cr_assert(eq(u32, pixel, 0xff000000 | ((4 + 1) * WIDTH + 8 + 2)));
	display_frame_done(display, &party.viewer, 0, &frame, 0);
	cr_assert(not(has_frame(&party)));
	display_remove_viewer(display, &party.viewer);
}

Test(display, blank_scanout_wakes_nobody, .init = set_up, .fini = tear_down)
{
	struct party party;

	join(&party, false);
	display_show(display, 0, NULL, NULL);
	cr_assert(not(flush_rect(NULL, &all)));
	cr_assert(eq(uint, party.wakes, 0));
	cr_assert(not(has_frame(&party)));
	display_remove_viewer(display, &party.viewer);
}

Test(display, blanked_picture_is_a_frame_and_reads_black, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct display_frame frame;
	uint32_t pixel = 1;

	display_show(display, 0, surface, &all);
	join(&party, false);
	present(&party, 0);
	display_show(display, 0, NULL, NULL);
	frame = take(&party);
	cr_assert(frame.is_new_surface);
	cr_assert(zero(ptr, frame.surface));
	display_frame_read(&frame, &(struct rect){ 0, 0, 1, 1 }, &pixel, sizeof(pixel));
	cr_assert(eq(u32, pixel, 0xff000000));
	display_frame_done(display, &party.viewer, 0, &frame, 0);
	display_remove_viewer(display, &party.viewer);
}

Test(display, viewers_get_the_damage_since_their_own_take, .init = set_up, .fini = tear_down)
{
	const struct rect first = { 0, 0, 4, 4 };
	const struct rect second = { 32, 32, 2, 2 };
	struct party quick;
	struct party slow;
	struct display_frame frame;

	display_show(display, 0, surface, &all);
	join(&quick, true);
	join(&slow, false);
	present(&quick, 1);
	present(&slow, 1);

	(void)flush_rect(NULL, &first);
	present(&quick, 2);
	(void)flush_rect(NULL, &second);
	frame = take(&quick);
	cr_assert(eq(u64, damage_pixels(&frame.damage), 4));
	cr_assert(eq(u64, frame.sequence, 2));
	display_frame_done(display, &quick.viewer, 0, &frame, 3);
	frame = take(&slow);
	cr_assert(eq(u64, damage_pixels(&frame.damage), 20));
	cr_assert(not(frame.is_new_surface));
	display_frame_done(display, &slow.viewer, 0, &frame, 3);
	/* Joined, one for each of two flushes, and one for the slow one's two. */
	cr_assert(eq(uint, quick.wakes, 3));
	cr_assert(eq(uint, slow.wakes, 2));
	display_remove_viewer(display, &quick.viewer);
	display_remove_viewer(display, &slow.viewer);
}

Test(display, flush_beyond_the_picture_is_cut, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct flush flush = { .taken = 0 };
	struct display_frame frame;

	join_show(&party);
	present(&party, 1);
	cr_assert(not(flush_rect(&flush, &(struct rect){ WIDTH, 0, 5, 5 })));
	cr_assert(not(display_cancel_flush(display, &flush.flush)));
	cr_assert(not(has_frame(&party)));
	(void)flush_rect(NULL, &(struct rect){ WIDTH - 2, HEIGHT - 3, 100, 100 });
	frame = take(&party);
	cr_assert(eq(u64, damage_pixels(&frame.damage), 6));
	display_frame_done(display, &party.viewer, 0, &frame, 0);
	display_remove_viewer(display, &party.viewer);
}

/* --- flushes --- */

Test(display, flush_ends_when_the_pace_setter_has_taken_it, .init = set_up, .fini = tear_down)
{
	struct party pacer;
	struct party other;
	struct flush first = { .taken = 0 };
	struct flush second = { .taken = 0 };
	struct display_frame frame;

	display_show(display, 0, surface, &all);
	join(&pacer, true);
	join(&other, false);
	cr_assert(flush_rect(&first, &all));
	present(&other, 1);
	cr_assert(eq(uint, first.taken, 0));

	frame = take(&pacer);
	cr_assert(flush_rect(&second, &all)); /* came after the take */
	display_frame_taken(display, &pacer.viewer, 0, &frame);
	cr_assert(eq(uint, first.taken, 1));
	display_frame_done(display, &pacer.viewer, 0, &frame, 2);
	cr_assert(eq(uint, first.taken, 1));
	cr_assert(eq(uint, second.taken, 0));
	present(&pacer, 3);
	cr_assert(eq(uint, second.taken, 1));
	cr_assert(not(display_cancel_flush(display, &second.flush)));
	display_remove_viewer(display, &other.viewer);
	display_remove_viewer(display, &pacer.viewer);
}

Test(display, nobody_waits_without_a_pace, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct flush flush = { .taken = 0 };

	display_show(display, 0, surface, &all);
	cr_assert(not(flush_rect(&flush, &all)));
	join(&party, false);
	cr_assert(not(flush_rect(&flush, &all)));
	cr_assert(eq(uint, flush.taken, 0));
	display_remove_viewer(display, &party.viewer);
}

Test(display, leaving_or_hiding_pace_setter_ends_flushes, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct flush flush = { .taken = 0 };
	struct display_frame frame;

	join_show(&party);
	cr_assert(flush_rect(&flush, &all));
	display_set_hidden(display, &party.viewer, 0, true);
	cr_assert(eq(uint, flush.taken, 1));
	cr_assert(not(flush_rect(&flush, &all)));
	cr_assert(not(has_frame(&party)));

	party.wakes = 0;
	display_set_hidden(display, &party.viewer, 0, false);
	cr_assert(eq(uint, party.wakes, 1));
	frame = take(&party);
	cr_assert(frame.is_new_surface && frame.is_new_cursor);
	cr_assert(flush_rect(&flush, &all));
	display_remove_viewer(display, &party.viewer);
	cr_assert(eq(uint, flush.taken, 2));
	display_frame_done(display, &party.viewer, 0, &frame, 1);
}

Test(display, cancelled_flush_is_not_heard, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct flush flush = { .taken = 0 };

	join_show(&party);
	cr_assert(flush_rect(&flush, &all));
	cr_assert(display_cancel_flush(display, &flush.flush));
	cr_assert(not(display_cancel_flush(display, &flush.flush)));
	present(&party, 1);
	cr_assert(eq(uint, flush.taken, 0));
	display_remove_viewer(display, &party.viewer);
}

Test(display, clearing_the_source_blanks_and_ends_flushes, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct flush flush = { .taken = 0 };
	struct display_frame frame;

	join_show(&party);
	present(&party, 1);
	cr_assert(flush_rect(&flush, &all));
	display_clear_source(display);
	cr_assert(eq(uint, flush.taken, 1));
	frame = take(&party);
	cr_assert(zero(ptr, frame.surface));
	display_frame_done(display, &party.viewer, 0, &frame, 0);
	display_remove_viewer(display, &party.viewer);
}

Test(display, second_pace_setter_is_refused, .init = set_up, .fini = tear_down)
{
	struct party first;
	struct party second = { .viewer = { .wake = on_wake, .sets_pace = true } };

	join(&first, true);
	cr_assert(eq(int, display_add_viewer(display, &second.viewer), -EBUSY));
	display_remove_viewer(display, &first.viewer);
	cr_assert(eq(int, display_add_viewer(display, &second.viewer), 0));
	display_remove_viewer(display, &second.viewer);
}

/* --- cursor --- */

Test(display, cursor_is_told_once, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct display_frame frame;
	struct cursor *cursor = cursor_create(2, 2, 1, 1);

	join_show(&party);
	present(&party, 1);
	display_set_cursor(display, 0, cursor);
	display_move_cursor(display, 0, -3, 9);
	frame = take(&party);
	cr_assert(frame.is_new_cursor && frame.is_moved_cursor && !frame.is_new_surface);
	cr_assert(eq(ptr, frame.cursor, cursor));
	cr_assert(eq(i32, frame.cursor_x, -3));
	cr_assert(eq(i32, frame.cursor_y, 9));
	cr_assert(eq(sz, frame.damage.count, 0));
	display_frame_done(display, &party.viewer, 0, &frame, 2);
	display_move_cursor(display, 0, -3, 9);
	cr_assert(not(has_frame(&party)));
	cursor_put(cursor);
	display_remove_viewer(display, &party.viewer);
}

Test(display, too_large_cursor_is_refused)
{
	cr_assert(zero(ptr, cursor_create(CURSOR_SIDE_MAX + 1, 1, 0, 0)));
	cursor_put(NULL);
}

/* A cursor that reaches over the corner: half of its opaque row is cut off, its transparent row
 * leaves what is there, its half transparent one is half of both. */
Test(display, capture_blends_the_cursor, .init = set_up, .fini = tear_down)
{
	struct cursor *cursor = cursor_create(2, 3, 1, 0);
	struct image *image;

	pixels[0] = pixels[WIDTH] = pixels[2 * WIDTH] = 0x00204060;
	for (unsigned i = 0; i < 2; i++) {
		cursor->pixels[i] = 0xff112233;
		cursor->pixels[2 + i] = 0x00ffffff;
		cursor->pixels[4 + i] = 0x80ffffff;
	}
	display_show(display, 0, surface, &all);
	display_set_cursor(display, 0, cursor);
	cr_assert(eq(int, display_capture(display, 0, true, &image), 0));
	cr_assert(eq(u32, image->width, WIDTH));
	cr_assert(eq(u32, image->height, HEIGHT));
	cr_assert(eq(u32, image->pixels[0], 0xff112233));
	cr_assert(eq(u32, image->pixels[1], 0xff000001));
	cr_assert(eq(u32, image->pixels[WIDTH], 0xff204060));
	cr_assert(eq(u32, image->pixels[2 * WIDTH], 0xff90a0b0));
	free(image);
	cr_assert(eq(int, display_capture(display, 0, false, &image), 0));
	cr_assert(eq(u32, image->pixels[0], 0xff204060));
	free(image);
	cursor_put(cursor);
}

/* Places that a guest can choose: nothing of the cursor is in the picture. */
Test(display, capture_bears_a_cursor_far_away, .init = set_up, .fini = tear_down)
{
	struct cursor *cursor = cursor_create(CURSOR_SIDE_MAX, CURSOR_SIDE_MAX, UINT32_MAX, 0);
	struct image *image;

	display_show(display, 0, surface, &all);
	display_set_cursor(display, 0, cursor);
	display_move_cursor(display, 0, INT32_MIN, INT32_MAX);
	cr_assert(eq(int, display_capture(display, 0, true, &image), 0));
	cr_assert(eq(u32, image->pixels[1], 0xff000001));
	free(image);
	cursor_put(cursor);
}

Test(display, capture_of_a_blank_scanout_has_no_data, .init = set_up, .fini = tear_down)
{
	struct image *image;

	cr_assert(eq(int, display_capture(display, 0, true, &image), -ENODATA));
	cr_assert(zero(ptr, image));
	cr_assert(eq(int, display_capture(display, 2, true, &image), -EINVAL));
}

/* --- modes --- */

Test(display, requested_mode_reaches_the_source_once, .init = set_up, .fini = tear_down)
{
	const struct display_mode mode = { true, 1024, 768, 0, 300, 200 };

	cr_assert(eq(int, display_request_mode(display, 1, &mode), 0));
	cr_assert(eq(int, display_request_mode(display, 1, &mode), 0));
	cr_assert(eq(uint, heard_modes, 1));
	cr_assert(eq(u32, heard_mode.width, 1024));
	cr_assert(eq(u32, heard_mode.refresh_mhz, DISPLAY_DEFAULT_REFRESH_MHZ));
	cr_assert(eq(u32, display_mode(display, 1).height, 768));
	cr_assert(display_mode(display, 0).is_connected);
	heard_modes = 0;
	display_clear_source(display);
	cr_assert(eq(
		int,
		display_request_mode(display, 1, &(struct display_mode){ .is_connected = false }),
		0));
	cr_assert(eq(uint, heard_modes, 0));
}

static void count_mode(void *arg)
{
	++*(unsigned *)arg;
}

Test(display, requested_mode_reaches_viewers_that_care, .init = set_up, .fini = tear_down)
{
	const struct display_mode mode = { .is_connected = true, .width = 800, .height = 600 };
	unsigned modes = 0;
	struct display_viewer viewer = { .wake = on_wake, .on_mode = count_mode, .arg = &modes };

	cr_assert(eq(int, display_add_viewer(display, &viewer), 0));
	cr_assert(eq(int, display_request_mode(display, 1, &mode), 0));
	cr_assert(eq(int, display_request_mode(display, 1, &mode), 0));
	cr_assert(eq(uint, modes, 1));
	display_remove_viewer(display, &viewer);
}

Test(display, impossible_modes_are_refused, .init = set_up, .fini = tear_down)
{
	static const struct display_mode modes[] = {
		{ true, 0, 768, 60000, 0, 0 },
		{ true, 1024, 0, 60000, 0, 0 },
		{ true, SURFACE_SIDE_MAX + 1, 1, 60000, 0, 0 },
		{ true, 1, SURFACE_SIDE_MAX + 1, 60000, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		cr_assert(eq(int, display_request_mode(display, 1, &modes[i]), -EINVAL));
	}
	cr_assert(eq(int, display_request_mode(display, 2, &modes[0]), -EINVAL));
	cr_assert(not(display_mode(display, 2).is_connected));
}

/* --- measurement --- */

/* At 60 Hz: two presents 16.7 ms apart, one 50 ms later (two refreshes showed the old frame), one
 * after a pause, which counts for nothing. */
Test(display, stats_tell_intervals_and_repeats, .init = set_up, .fini = tear_down)
{
	static const uint64_t times[] = { 1000, 1017, 1067, 5000 };
	struct party party;
	struct display_stats stats;

	join_show(&party);
	present(&party, 0); /* was not shown */
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		(void)flush_rect(NULL, &all);
		present(&party, times[i] * MS);
	}
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.flushes, 4));
	cr_assert(eq(u64, stats.presents, 4));
	cr_assert(eq(u64, stats.dropped, 0));
	cr_assert(eq(u64, stats.repeated, 2));
	cr_assert(eq(u64, stats.interval.max, 50 * MS));
	cr_assert(le(u64, stats.interval.p50, 17 * MS + MS / 5));
	display_reset_stats(display, 0);
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.presents, 0));
	cr_assert(eq(u64, stats.interval.max, 0));
	cr_assert(gt(u64, stats.since_ns, 0));
	display_remove_viewer(display, &party.viewer);
}

Test(display, is_watched_by_viewers_that_look, .init = set_up, .fini = tear_down)
{
	struct party party;

	cr_assert(not(display_is_watched(display, 0)));
	join(&party, false);
	cr_assert(display_is_watched(display, 0));
	display_set_hidden(display, &party.viewer, 0, true);
	cr_assert(not(display_is_watched(display, 0)));
	cr_assert(display_is_watched(display, 1));
	display_remove_viewer(display, &party.viewer);
	cr_assert(not(display_is_watched(display, 1)));
}

Test(display, stats_tell_drops_but_not_of_hidden_times, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct display_stats stats;

	display_show(display, 0, surface, &all);
	(void)flush_rect(NULL, &all); /* nobody looks yet */
	join(&party, true);
	present(&party, 1000 * MS);
	(void)flush_rect(NULL, &all);
	(void)flush_rect(NULL, &all);
	(void)flush_rect(NULL, &all);
	present(&party, 1017 * MS);
	display_set_hidden(display, &party.viewer, 0, true);
	(void)flush_rect(NULL, &all);
	(void)flush_rect(NULL, &all);
	display_set_hidden(display, &party.viewer, 0, false);
	present(&party, 1034 * MS);
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.dropped, 2));
	cr_assert(eq(u64, stats.presents, 3));
	display_remove_viewer(display, &party.viewer);
}

Test(display, latency_runs_from_the_newest_flush, .init = set_up, .fini = tear_down)
{
	struct party party;
	struct display_frame frame;
	struct display_stats stats;

	join_show(&party);
	(void)flush_rect(NULL, &all);
	frame = take(&party);
	cr_assert(gt(u64, frame.flushed_ns, 0));
	display_frame_done(display, &party.viewer, 0, &frame, frame.flushed_ns + 5 * MS);
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.latency.max, 5 * MS));
	/* Only the cursor moved: no new pixels, no present. */
	display_move_cursor(display, 0, 1, 1);
	frame = take(&party);
	cr_assert(eq(u64, frame.flushed_ns, 0));
	display_frame_done(display, &party.viewer, 0, &frame, 1);
	display_stats(display, 0, &stats);
	cr_assert(eq(u64, stats.presents, 1));
	display_remove_viewer(display, &party.viewer);
}
