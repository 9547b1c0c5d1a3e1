/* SPDX-License-Identifier: MIT */
/* LINK: display/input.c display/input_sinks.c display/input_touch.c */
#include "display/input.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes what it gets as text: "key 30 1;" for an event, "|" at the end of a report. */
struct fake_sink {
	struct input_sink sink;
	char text[4096];
};

static struct input *input;
static struct fake_sink board, old_board, tablet, mouse, touch;

static void on_report(void *arg, const struct input_event *events, size_t count)
{
	static const char *const names[] = { [EV_KEY] = "key", [EV_REL] = "rel", [EV_ABS] = "abs" };
	struct fake_sink *fake = arg;

	for (size_t i = 0; i < count; i++) {
		const size_t used = strlen(fake->text);

		(void)snprintf(fake->text + used, sizeof(fake->text) - used, "%s %x %d%s",
			       names[events[i].type], (unsigned)events[i].code, events[i].value,
			       i + 1 < count ? ";" : "|");
	}
}

static void add(struct fake_sink *fake, const char *id, enum input_kind kind, unsigned rank)
{
	*fake = (struct fake_sink){ .sink = { .id = id,
					      .kind = kind,
					      .rank = rank,
					      .on_report = on_report,
					      .arg = fake } };
	input_add_sink(input, &fake->sink);
}

/* What the sink got since the last question. */
static char *got(struct fake_sink *fake)
{
	static char text[sizeof(fake->text)];

	(void)snprintf(text, sizeof(text), "%s", fake->text);
	fake->text[0] = '\0';
	return text;
}

static void set_up(void)
{
	cr_assert(zero(int, input_create(&input)));
	add(&old_board, "i8042", INPUT_KEYBOARD, 1);
	add(&board, "keyboard0", INPUT_KEYBOARD, 2);
	add(&tablet, "tablet0", INPUT_TABLET, 2);
	add(&mouse, "mouse0", INPUT_POINTER, 2);
	add(&touch, "touch0", INPUT_TOUCH, 2);
}

static void make_ready(struct fake_sink *fake)
{
	input_set_ready(input, &fake->sink, true);
}

static void tear_down(void)
{
	input_remove_sink(input, &old_board.sink);
	input_remove_sink(input, &board.sink);
	input_remove_sink(input, &tablet.sink);
	input_remove_sink(input, &mouse.sink);
	input_remove_sink(input, &touch.sink);
	input_destroy(input);
}

TestSuite(input, .init = set_up, .fini = tear_down, .timeout = 10);

/* --- sinks --- */

Test(input, nobody_ready_takes_nothing)
{
	cr_assert(not(input_key(input, KEY_A, true)));
	cr_assert(not(input_is_down(input, KEY_A)));
	cr_assert(not(input_move_to(input, 0, 1, 1)));
	cr_assert(not(input_button(input, BTN_LEFT, true)));
	cr_assert(not(input_wheel(input, 120, 0)));
	cr_assert(not(input_has(input, INPUT_KEYBOARD)));
	cr_assert(eq(str, got(&board), ""));
}

Test(input, best_ready_sink_gets_the_keys)
{
	make_ready(&old_board);
	cr_assert(input_key(input, KEY_A, true));
	cr_assert(input_key(input, KEY_A, false));
	cr_assert(eq(str, got(&old_board), "key 1e 1|key 1e 0|"));
	make_ready(&board);
	cr_assert(input_key(input, KEY_B, true));
	cr_assert(eq(str, got(&old_board), ""));
	cr_assert(eq(str, got(&board), "key 30 1|"));
}

Test(input, older_of_equal_sinks_wins)
{
	struct fake_sink second;

	add(&second, "keyboard1", INPUT_KEYBOARD, 2);
	make_ready(&second);
	make_ready(&board);
	cr_assert(input_key(input, KEY_A, true));
	cr_assert(eq(str, got(&board), "key 1e 1|"));
	input_remove_sink(input, &second.sink);
}

Test(input, sink_that_loses_its_place_sees_releases)
{
	make_ready(&old_board);
	(void)input_key(input, KEY_LEFTSHIFT, true);
	(void)input_key(input, KEY_A, true);
	(void)got(&old_board);
	make_ready(&board);
	cr_assert(eq(str, got(&old_board), "key 1e 0;key 2a 0|"));
	cr_assert(not(input_is_down(input, KEY_A)));
	/* The user lets go: the new one never saw it down. */
	cr_assert(input_key(input, KEY_A, false));
	cr_assert(eq(str, got(&board), ""));
	(void)input_key(input, KEY_B, true);
	(void)got(&board);
	input_set_ready(input, &board.sink, false);
	cr_assert(eq(str, got(&board), "key 30 0|"));
	cr_assert(input_has(input, INPUT_KEYBOARD), "the old board is back");
}

Test(input, removed_sink_is_forgotten)
{
	make_ready(&board);
	(void)input_key(input, KEY_A, true);
	(void)got(&board);
	input_remove_sink(input, &board.sink);
	cr_assert(eq(str, got(&board), ""), "no callback after the removal");
	cr_assert(not(input_is_down(input, KEY_A)));
	cr_assert(not(input_key(input, KEY_A, true)));
	input_add_sink(input, &board.sink);
}

Test(input, sinks_are_listed_in_order)
{
	struct input_sink_info info;

	make_ready(&old_board);
	make_ready(&board);
	cr_assert(input_sink_at(input, 0, &info));
	cr_assert(zero(int, strcmp(info.id, "i8042")));
	cr_assert(info.is_ready);
	cr_assert(not(info.is_used));
	cr_assert(input_sink_at(input, 1, &info));
	cr_assert(info.is_used);
	cr_assert(input_sink_at(input, 4, &info));
	cr_assert(eq(int, (int)info.kind, INPUT_TOUCH));
	cr_assert(not(info.is_ready));
	cr_assert(not(input_sink_at(input, 5, &info)));
}

/* --- what is down --- */

Test(input, repeated_presses_are_left_out)
{
	const struct input_event events[] = { { EV_KEY, KEY_A, 1 },
					      { EV_KEY, KEY_A, 2 },
					      { EV_KEY, KEY_B, 0 },
					      { EV_KEY, KEY_C, 1 } };

	make_ready(&board);
	cr_assert(input_send(input, INPUT_KEYBOARD, 0, events, 4));
	cr_assert(eq(str, got(&board), "key 1e 1;key 2e 1|"));
	cr_assert(input_key(input, KEY_A, true), "taken, though nothing is sent");
	cr_assert(eq(str, got(&board), ""));
	cr_assert(input_is_down(input, KEY_C));
}

Test(input, release_all_lets_go_of_every_kind)
{
	const struct input_event contact[] = { { EV_ABS, ABS_MT_SLOT, 3 },
					       { EV_ABS, ABS_MT_TRACKING_ID, 7 } };

	make_ready(&board);
	make_ready(&tablet);
	make_ready(&touch);
	(void)input_key(input, KEY_LEFTALT, true);
	(void)input_button(input, BTN_LEFT, true);
	(void)input_send(input, INPUT_TOUCH, 0, contact, 2);
	(void)got(&board);
	(void)got(&tablet);
	(void)got(&touch);
	input_release_all(input);
	cr_assert(eq(str, got(&board), "key 38 0|"));
	cr_assert(eq(str, got(&tablet), "key 110 0|"));
	cr_assert(eq(str, got(&touch), "abs 2f 3;abs 39 -1|key 14a 0|"));
	input_release_all(input);
	cr_assert(eq(str, got(&touch), ""), "once is enough");
}

/* More keys than one report holds: 70 of them are in two. */
Test(input, many_keys_are_released_in_several_reports)
{
	unsigned reports = 0;
	const char *text;

	make_ready(&board);
	for (unsigned key = 1; key <= 70; key++) {
		(void)input_key(input, key, true);
	}
	(void)got(&board);
	input_release_all(input);
	text = got(&board);
	for (const char *at = text; *at; at++) {
		reports += *at == '|';
	}
	cr_assert(eq(u32, reports, 2));
	cr_assert(not(input_is_down(input, 70)));
}

Test(input, bad_codes_and_long_reports_are_refused)
{
	struct input_event events[INPUT_REPORT_MAX + 1] = { { EV_KEY, KEY_MAX + 1, 1 },
							    { EV_SYN, SYN_REPORT, 0 } };

	make_ready(&board);
	make_ready(&mouse);
	cr_assert(not(input_key(input, KEY_CNT, true)));
	cr_assert(not(input_button(input, 0x10000 + BTN_LEFT, true)));
	cr_assert(not(input_is_down(input, 0x10000)));
	cr_assert(not(input_send(input, INPUT_KEYBOARD, 0, events, INPUT_REPORT_MAX + 1)));
	cr_assert(input_send(input, INPUT_KEYBOARD, 0, events, 2));
	cr_assert(eq(str, got(&board), ""));
}

/* --- pointers --- */

Test(input, place_is_the_same_on_one_scanout)
{
	make_ready(&tablet);
	(void)input_move_to(input, 0, 123, 32767);
	input_set_layout(input, 0, 1280, 800);
	(void)input_move_to(input, 0, 123, 40000);
	(void)input_move_to(input, 0, -1, 0);
	cr_assert(eq(str, got(&tablet),
		     "abs 0 123;abs 1 32767|abs 0 123;abs 1 32767|abs 0 0;abs 1 0|"));
}

/* 1000 and 3000 pixels beside each other: the second begins at a quarter. */
Test(input, place_is_mapped_to_the_desktop)
{
	make_ready(&tablet);
	input_set_layout(input, 0, 1000, 500);
	input_set_layout(input, 2, 3000, 1000);
	(void)input_move_to(input, 0, 32767, 32767);
	(void)input_move_to(input, 2, 0, 0);
	(void)input_move_to(input, 2, 32767, 32767);
	(void)input_move_to(input, 1, 5, 6);
	cr_assert(eq(str, got(&tablet),
		     "abs 0 8191;abs 1 16383|abs 0 8191;abs 1 0|abs 0 32767;abs 1 32767|"
		     "abs 0 5;abs 1 6|"));
	input_set_layout(input, 4, 1, 1);
}

Test(input, touches_are_mapped_too)
{
	const struct input_event events[] = { { EV_ABS, ABS_MT_POSITION_X, 0 },
					      { EV_ABS, ABS_MT_POSITION_Y, 32767 } };

	make_ready(&touch);
	input_set_layout(input, 0, 500, 500);
	input_set_layout(input, 1, 500, 500);
	(void)input_send(input, INPUT_TOUCH, 1, events, 2);
	cr_assert(eq(str, got(&touch), "abs 35 16383;abs 36 32767|"));
}

Test(input, fingers_come_move_and_leave)
{
	make_ready(&touch);
	cr_assert(input_touch(input, 0, 0, true, 10, 20));
	cr_assert(eq(str, got(&touch), "abs 2f 0;abs 39 0;abs 35 10;abs 36 20;key 14a 1|"));
	cr_assert(input_touch(input, 0, 9, true, 30, 40));
	cr_assert(eq(str, got(&touch), "abs 2f 9;abs 39 1;abs 35 30;abs 36 40|"));
	cr_assert(input_touch(input, 0, 0, true, 11, 21));
	cr_assert(eq(str, got(&touch), "abs 2f 0;abs 35 11;abs 36 21|"));
	cr_assert(input_touch(input, 0, 0, false, 0, 0));
	cr_assert(eq(str, got(&touch), "abs 2f 0;abs 39 -1|"));
	cr_assert(input_touch(input, 0, 9, false, 0, 0));
	cr_assert(eq(str, got(&touch), "abs 2f 9;abs 39 -1;key 14a 0|"));
}

Test(input, finger_without_slot_or_screen_is_nobodys)
{
	cr_assert(not(input_touch(input, 0, 0, true, 0, 0)));
	make_ready(&touch);
	cr_assert(not(input_touch(input, 0, INPUT_TOUCHES_MAX, true, 0, 0)));
	cr_assert(eq(str, got(&touch), ""));
	cr_assert(input_touch(input, 0, 3, false, 0, 0), "it is up already");
	cr_assert(eq(str, got(&touch), ""));
}

/* Senders need not know of each other's fingers. */
Test(input, button_of_touch_screens_goes_with_the_contacts)
{
	const struct input_event button = { EV_KEY, BTN_TOUCH, 1 };

	make_ready(&touch);
	cr_assert(input_send(input, INPUT_TOUCH, 0, &button, 1));
	cr_assert(eq(str, got(&touch), ""));
	cr_assert(not(input_is_down(input, BTN_TOUCH)));
}

/* Each pixel of a wide desktop is hit when its middle is meant, by a guest that divides 0 to 32767
 * into as many equal parts as there are pixels. */
Test(input, each_pixel_of_the_second_scanout_is_hit)
{
	make_ready(&tablet);
	input_set_layout(input, 0, 1920, 1080);
	input_set_layout(input, 1, 1366, 768);
	for (unsigned x = 0; x < 1366; x++) {
		long place;

		(void)input_move_to(input, 1, (int32_t)((2 * x + 1) * 32767 / (2 * 1366)), 0);
		place = strtol(got(&tablet) + strlen("abs 0 "), NULL, 10);
		cr_assert(eq(long, place *(1920 + 1366) / 32768, 1920 + x));
	}
}

Test(input, buttons_and_wheels_prefer_the_tablet)
{
	make_ready(&mouse);
	cr_assert(input_button(input, BTN_LEFT, true));
	make_ready(&tablet);
	cr_assert(input_button(input, BTN_RIGHT, true));
	cr_assert(input_button(input, BTN_LEFT, false));
	cr_assert(input_wheel(input, 120, 0));
	cr_assert(eq(str, got(&mouse), "key 110 1|key 110 0|"));
	cr_assert(eq(str, got(&tablet), "key 111 1|rel b 120;rel 8 1|"));
}

/* A third of a notch at a time, as a touch pad does. */
Test(input, parts_of_notches_add_up)
{
	make_ready(&tablet);
	(void)input_wheel(input, 40, 0);
	(void)input_wheel(input, 40, 0);
	cr_assert(eq(str, got(&tablet), "rel b 40|rel b 40|"));
	(void)input_wheel(input, 50, -240);
	cr_assert(eq(str, got(&tablet), "rel b 50;rel 8 1;rel c -240;rel 6 -2|"));
	(void)input_wheel(input, 110, 0);
	cr_assert(eq(str, got(&tablet), "rel b 110;rel 8 1|"), "10 were left");
}

Test(input, notch_begins_anew_the_other_way)
{
	make_ready(&tablet);
	(void)input_wheel(input, 100, 0);
	(void)input_wheel(input, -119, 0);
	(void)input_wheel(input, -1, 0);
	cr_assert(eq(str, got(&tablet), "rel b 100|rel b -119|rel b -1;rel 8 -1|"));
	cr_assert(input_wheel(input, 0, 0));
	cr_assert(input_wheel(input, INT32_MIN, INT32_MAX));
}

/* --- listeners --- */

struct fake_listener {
	struct input_listener listener;
	unsigned leds, lamp_calls, kind_calls;
};

static void on_leds(void *arg, unsigned leds)
{
	struct fake_listener *fake = arg;

	fake->leds = leds;
	fake->lamp_calls++;
}

static void on_kinds(void *arg)
{
	((struct fake_listener *)arg)->kind_calls++;
}

Test(input, listeners_hear_of_lamps_and_kinds)
{
	struct fake_listener all = { .listener = { .on_leds = on_leds, .on_kinds = on_kinds } };
	struct input_listener none = { .arg = NULL };

	all.listener.arg = &all;
	input_listen(input, &all.listener);
	input_listen(input, &none);
	input_set_leds(input, 1u << LED_CAPSL);
	input_set_leds(input, 1u << LED_CAPSL);
	cr_assert(eq(u32, all.leds, 1u << LED_CAPSL));
	cr_assert(eq(u32, all.lamp_calls, 1));
	make_ready(&old_board);
	make_ready(&board); /* better, but there was a keyboard before */
	cr_assert(eq(u32, all.kind_calls, 1));
	input_set_ready(input, &old_board.sink, false);
	input_set_ready(input, &board.sink, false);
	cr_assert(eq(u32, all.kind_calls, 2));
	input_unlisten(input, &all.listener);
	input_unlisten(input, &none);
	input_set_leds(input, 0);
	cr_assert(eq(u32, all.lamp_calls, 1));
}

/* --- order --- */

/* Sends B while A is delivered, as another thread would. */
static void on_report_sends(void *arg, const struct input_event *events, size_t count)
{
	if (events[0].code == KEY_A && events[0].value) {
		(void)input_key(input, KEY_B, true);
		(void)input_key(input, KEY_A, false);
	}
	on_report(arg, events, count);
}

Test(input, what_comes_meanwhile_comes_later)
{
	board.sink.on_report = on_report_sends;
	make_ready(&board);
	(void)input_key(input, KEY_A, true);
	cr_assert(eq(str, got(&board), "key 1e 1|key 30 1|key 1e 0|"));
}
