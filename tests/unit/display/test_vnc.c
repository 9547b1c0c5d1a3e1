/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc.c display/vnc_library.c display/vnc_server.c display/vnc_listen.c
 * display/vnc_handshake.c display/vnc_tls.c display/vnc_client.c display/vnc_messages.c
 * display/vnc_copy.c display/vnc_text.c display/vnc_input.c display/vnc_keys.c
 * display/vnc_picture.c display/display.c display/display_viewer.c display/display_stats.c
 * display/cursor.c display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c
 *       display/surface.c
 *       display/damage.c display/rect.c display/input.c display/input_sinks.c display/clipboard.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c
 *       tests/unit/display/vnc_viewer.c tests/unit/display/vnc_machine.c */
/* LIBS: libvncserver zlib */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/display/vnc_machine.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

static struct vnc_machine machine;

static void set_up(void)
{
	vnc_machine_init(&machine);
	cr_assert(eq(int, vnc_machine_start(&machine, ""), 0), "%s", machine.err.text);
}

static void tear_down(void)
{
	vnc_machine_finish(&machine);
}

TestSuite(vnc, .init = set_up, .fini = tear_down, .timeout = 30);

static struct vnc_viewer *join(void)
{
	struct vnc_viewer *viewer = vnc_machine_connect(&machine);

	vnc_viewer_join(viewer);
	return viewer;
}

static struct vnc_viewer *join_with(const int32_t *encodings, size_t count)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_set_encodings(viewer, encodings, count);
	return viewer;
}

/* --- pictures --- */

Test(vnc, viewer_sees_exact_pixels)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
}

/* The next update is this one rectangle, and then the viewer has the picture. */
static void expect_update(struct vnc_viewer *viewer, const struct rect *r)
{
	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(eq(uint, viewer->rects, 1));
	cr_assert(eq(uint, viewer->x, r->x));
	cr_assert(eq(uint, viewer->y, r->y));
	cr_assert(eq(uint, viewer->rect_width, r->width));
	cr_assert(eq(uint, viewer->rect_height, r->height));
	vnc_machine_compare(&machine, viewer);
}

Test(vnc, only_the_damage_is_sent)
{
	const struct rect r = { 10, 20, 30, 7 };
	struct vnc_viewer *viewer = join();

	vnc_viewer_see(viewer);
	vnc_viewer_request(viewer, true);
	vnc_machine_draw(&machine, &r, 0xff123456);
	expect_update(viewer, &r);
	vnc_viewer_free(viewer);
}

Test(vnc, large_damage_without_a_change_is_not_sent)
{
	const struct rect all = { 0, 0, 320, 200 }, tile = { 64, 32, 64, 16 },
			  dot = { 100, 40, 1, 1 };
	struct vnc_viewer *viewer;
	struct pollfd input = { .events = POLLIN };

	vnc_machine_show(&machine, all.width, all.height);
	viewer = join();
	input.fd = viewer->fd;
	vnc_viewer_see(viewer);
	vnc_viewer_request(viewer, true);
	(void)display_flush(machine.env.display, 0, &all, 1, NULL);
	cr_assert(eq(int, poll(&input, 1, 50), 0));
	machine.pixels[dot.y * all.width + dot.x] ^= 0xffffff;
	(void)display_flush(machine.env.display, 0, &all, 1, NULL);
	expect_update(viewer, &tile);
	vnc_viewer_free(viewer);
}

Test(vnc, nothing_is_sent_unasked)
{
	const struct rect r = { 0, 0, 8, 8 };
	struct vnc_viewer *viewer = join();
	struct pollfd input = { .fd = viewer->fd, .events = POLLIN };

	vnc_viewer_see(viewer);
	vnc_machine_draw(&machine, &r, 0xff654321);
	cr_assert(eq(int, poll(&input, 1, 50), 0));
	vnc_viewer_request(viewer, true);
	cr_assert(vnc_viewer_take_update(viewer));
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
}

Test(vnc, blank_screen_is_black)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_see(viewer);
	vnc_viewer_request(viewer, true);
	display_show(machine.env.display, 0, NULL, NULL);
	cr_assert(vnc_viewer_take_update(viewer));
	for (unsigned i = 0; i < 96 * 64; i++) {
		cr_assert(eq(u32, viewer->pixels[i] & 0xffffff, 0));
	}
	vnc_viewer_free(viewer);
}

Test(vnc, guest_changes_the_size)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_NEW_SIZE };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	vnc_viewer_see(viewer);
	vnc_viewer_request(viewer, true);
	vnc_machine_show(&machine, 320, 200);
	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(eq(uint, viewer->resizes, 1));
	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
}

static void set_cursor(uint32_t size, uint32_t colour)
{
	struct cursor *cursor = cursor_create(size, size, 1, 2);

	for (uint32_t i = 0; i < size * size; i++) {
		cursor->pixels[i] = colour;
	}
	display_set_cursor(machine.env.display, 0, cursor);
	cursor_put(cursor);
}

Test(vnc, cursor_is_sent_as_a_shape)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_CURSOR };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	vnc_viewer_see(viewer);
	vnc_viewer_request(viewer, true);
	set_cursor(16, 0xffaabbcc);
	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(eq(uint, viewer->cursor_width, 16));
	cr_assert(eq(uint, viewer->cursor_x, 1));
	cr_assert(eq(uint, viewer->cursor_y, 2));
	cr_assert(eq(u32, viewer->cursor[0] & 0xffffff, 0xaabbcc));
	vnc_viewer_free(viewer);
}

/* --- the pace --- */

struct flush {
	struct display_flush flush;
	_Atomic unsigned taken;
};

static void on_taken(struct display_flush *flush)
{
	atomic_fetch_add(&container_of(flush, struct flush, flush)->taken, 1);
}

static void wait_until(_Atomic unsigned *value, unsigned wanted)
{
	uint64_t limit = clock_now_ns() + UINT64_C(5000000000);

	while (atomic_load(value) < wanted) {
		cr_assert(lt(u64, clock_now_ns(), limit), "nothing happens");
		(void)usleep(1000);
	}
}

/* Whether somebody paces the display; then that the flush is over in the end. */
static bool flush_is_paced(void)
{
	const struct rect r = { 0, 0, 1, 1 };
	struct flush flush = { .flush.on_taken = on_taken };

	if (!display_flush(machine.env.display, 0, &r, 1, &flush.flush)) {
		return false;
	}
	wait_until(&flush.taken, 1);
	return true;
}

static void wait_until_paced(bool paced)
{
	uint64_t limit = clock_now_ns() + UINT64_C(5000000000);

	while (flush_is_paced() != paced) {
		cr_assert(lt(u64, clock_now_ns(), limit), "the pace stays %d", !paced);
		(void)usleep(1000);
	}
}

Test(vnc, guest_waits_for_nobody_without_viewers)
{
	cr_assert(not(flush_is_paced()));
}

Test(vnc, first_viewer_sets_the_pace)
{
	struct display_stats stats;
	struct vnc_viewer *viewer = join();

	vnc_viewer_see(viewer);
	display_reset_stats(machine.env.display, 0);
	vnc_viewer_request(viewer, true);
	wait_until_paced(true);
	cr_assert(vnc_viewer_take_update(viewer));
	do {
		display_stats(machine.env.display, 0, &stats);
	} while (stats.presents == 0);
	vnc_viewer_free(viewer);
	wait_until_paced(false);
}

Test(vnc, viewer_that_asks_for_nothing_holds_up_no_guest)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_see(viewer);
	cr_assert(flush_is_paced()); /* and is over after a while */
	vnc_viewer_free(viewer);
}

Test(vnc, next_viewer_takes_the_pace_over)
{
	struct vnc_viewer *first = join();
	struct vnc_viewer *second;

	vnc_viewer_see(first);
	second = join();
	vnc_viewer_see(second);
	vnc_viewer_free(first);
	vnc_viewer_request(second, true);
	wait_until_paced(true);
	vnc_viewer_see(second);
	vnc_machine_compare(&machine, second);
	vnc_viewer_free(second);
}

/* --- input --- */

static void expect_event(unsigned index, uint16_t type, uint16_t code, int32_t value)
{
	cr_assert(eq(u16, machine.events[index].type, type));
	cr_assert(eq(u16, machine.events[index].code, code));
	cr_assert(eq(i32, machine.events[index].value, value));
}

Test(vnc, keys_reach_the_guest)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_key(viewer, 'a', true);
	vnc_viewer_key(viewer, 'a', false);
	vnc_machine_wait_events(&machine, 2);
	expect_event(0, EV_KEY, KEY_A, 1);
	expect_event(1, EV_KEY, KEY_A, 0);
	vnc_viewer_free(viewer);
}

Test(vnc, keys_by_their_place_reach_the_guest)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_EXTENDED_KEYS };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(viewer->has_extended_keys);
	vnc_viewer_scancode(viewer, 0xb8, true);
	vnc_machine_wait_events(&machine, 1);
	expect_event(0, EV_KEY, KEY_RIGHTALT, 1);
	vnc_viewer_free(viewer);
}

Test(vnc, what_a_lost_viewer_held_is_released)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_key(viewer, 'a', true);
	vnc_viewer_point(viewer, 1, 0, 0);
	vnc_machine_wait_events(&machine, 4); /* key, place, button */
	vnc_machine_forget_events(&machine);
	vnc_viewer_free(viewer);
	vnc_machine_wait_events(&machine, 2);
	expect_event(0, EV_KEY, KEY_A, 0);
	expect_event(1, EV_KEY, BTN_LEFT, 0);
}

Test(vnc, click_hits_the_middle_of_its_pixel)
{
	struct vnc_viewer *viewer = join();

	vnc_viewer_point(viewer, 1, 95, 32);
	vnc_machine_wait_events(&machine, 3);
	/* (95 + 1/2) / 96 and (32 + 1/2) / 64 of 32767. */
	expect_event(0, EV_ABS, ABS_X, 32596);
	expect_event(1, EV_ABS, ABS_Y, 16639);
	expect_event(2, EV_KEY, BTN_LEFT, 1);
	vnc_viewer_free(viewer);
}

Test(vnc, lamps_are_told)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_LEDS };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(eq(int, viewer->leds, 0));
	input_set_leds(machine.env.input, 1u << LED_CAPSL);
	cr_assert(vnc_viewer_take_update(viewer));
	cr_assert(eq(int, viewer->leds, 4));
	vnc_viewer_free(viewer);
}

/* --- size --- */

Test(vnc, viewer_wishes_a_size)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_EXTENDED_SIZE };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	vnc_viewer_see(viewer);
	vnc_viewer_resize(viewer, 200, 100);
	vnc_viewer_resize(viewer, 300, 150); /* the last one counts */
	wait_until(&machine.wishes, 1);
	cr_assert(eq(uint, machine.wish.width, 300));
	cr_assert(eq(uint, machine.wish.height, 150));
	vnc_machine_show(&machine, 300, 150);
	vnc_viewer_see(viewer);
	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	cr_assert(eq(uint, atomic_load(&machine.wishes), 1));
	vnc_viewer_free(viewer);
}

Test(vnc, wish_for_an_impossible_size_is_refused)
{
	const int32_t encodings[] = { ENCODING_RAW, ENCODING_EXTENDED_SIZE };
	const uint16_t sizes[][2] = { { 0, 100 }, { 100, 0 }, { 65535, 65535 }, { 8, 8 } };
	struct vnc_viewer *viewer = join_with(encodings, ARRAY_SIZE(encodings));

	vnc_viewer_see(viewer);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		vnc_viewer_request(viewer, true);
		vnc_viewer_resize(viewer, sizes[i][0], sizes[i][1]);
		do {
			cr_assert(vnc_viewer_take_update(viewer));
		} while (viewer->resize_result == 0);
		cr_assert(eq(int, viewer->resize_result, 3));
		viewer->resize_result = 0;
	}
	cr_assert(eq(uint, atomic_load(&machine.wishes), 0));
	vnc_viewer_free(viewer);
}

/* --- many and hostile viewers --- */

Test(vnc, viewers_beyond_the_limit_are_sent_away)
{
	struct vnc_viewer *viewers[8];
	struct vnc_viewer *late;
	uint8_t result[4];

	for (size_t i = 0; i < ARRAY_SIZE(viewers); i++) {
		viewers[i] = join();
	}
	late = vnc_machine_connect(&machine);
	cr_assert(eq(uint, vnc_viewer_meet(late), 1));
	cr_assert(vnc_viewer_read(late, result, sizeof(result)));
	cr_assert(not(vnc_viewer_enter(late)));
	vnc_viewer_free(late);
	for (size_t i = 0; i < ARRAY_SIZE(viewers); i++) {
		vnc_viewer_free(viewers[i]);
	}
}

Test(vnc, silent_strangers_do_not_keep_others_out)
{
	struct vnc_viewer *strangers[20];
	struct vnc_viewer *viewer;

	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		strangers[i] = vnc_machine_connect(&machine);
	}
	viewer = join();
	vnc_viewer_see(viewer);
	vnc_viewer_free(viewer);
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		vnc_viewer_free(strangers[i]);
	}
}

/* Whether the server hung up, after what it still had to say. */
static bool is_dropped(struct vnc_viewer *viewer)
{
	char byte;

	while (vnc_viewer_read(viewer, &byte, 1)) {
	}
	return errno != EAGAIN && errno != EWOULDBLOCK;
}

Test(vnc, strangers_who_talk_nonsense_are_dropped)
{
	char nonsense[64];
	struct vnc_viewer *viewer = vnc_machine_connect(&machine);

	memset(nonsense, 0x5a, sizeof(nonsense));
	vnc_viewer_send(viewer, nonsense, sizeof(nonsense));
	errno = 0;
	cr_assert(is_dropped(viewer));
	vnc_viewer_free(viewer);
}

Test(vnc, messages_that_viewers_need_not_send_end_them)
{
	/* File transfer, single window, chat, scaling, input switch, Xvp, unknown ones. */
	static const uint8_t types[] = { 1, 7, 8, 10, 11, 15, 21, 99, 250, 254 };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct vnc_viewer *viewer = join();
		uint8_t message[128] = { types[i] };

		vnc_viewer_send(viewer, message, sizeof(message));
		errno = 0;
		cr_assert(is_dropped(viewer), "message %u", types[i]);
		vnc_viewer_free(viewer);
	}
}

Test(vnc, viewer_in_the_middle_of_a_message_holds_up_nobody)
{
	struct vnc_viewer *slow = join();
	struct vnc_viewer *viewer;

	vnc_viewer_send(slow, "\x03", 1);
	viewer = join();
	vnc_viewer_see(viewer);
	vnc_machine_compare(&machine, viewer);
	vnc_viewer_free(viewer);
	vnc_machine_stop(&machine); /* without waiting for the rest */
	vnc_viewer_free(slow);
}

Test(vnc, viewer_that_reads_nothing_holds_up_no_end)
{
	struct vnc_viewer *viewer = join();

	vnc_machine_show(&machine, 640, 480);
	for (unsigned i = 0; i < 64; i++) {
		vnc_viewer_request(viewer, false);
	}
	(void)usleep(50000);
	vnc_machine_stop(&machine);
	vnc_viewer_free(viewer);
}
