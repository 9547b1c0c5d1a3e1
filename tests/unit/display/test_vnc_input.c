/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_input.c display/vnc_keys.c display/input.c display/input_sinks.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c */
#include "display/vnc_input.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "display/keymap.h"
#include "display/vnc_keys.h"
#include "vmm/base/compiler.h"

#define SHIFT_L 0xffe1u
#define SHIFT_R 0xffe2u
#define LEVEL3	0xfe03u
#define ALT_R	0xffeau

static struct input *input;
static struct input_sink keyboard, tablet, mouse;
static struct keymap *keymap;
static struct vnc_input in;
static char heard[1024]; /* "+42 -42 ", "x5 y6 " … in the order of arrival */

static void on_report(void *arg UNUSED, const struct input_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct input_event *event = &events[i];
		size_t used = strlen(heard);

		if (event->type == EV_KEY) {
			(void)snprintf(heard + used, sizeof(heard) - used, "%c%u ",
				       event->value ? '+' : '-', event->code);
		} else {
			(void)snprintf(heard + used, sizeof(heard) - used, "%s%u:%d ",
				       event->type == EV_ABS ? "abs" : "rel", event->code,
				       event->value);
		}
	}
}

static void add(struct input_sink *sink, enum input_kind kind)
{
	*sink = (struct input_sink){ .id = "sink", .kind = kind, .on_report = on_report };
	input_add_sink(input, sink);
	input_set_ready(input, sink, true);
}

static void use_layout(const char *layout)
{
	vnc_input_finish(&in);
	keymap_destroy(keymap);
	cr_assert(eq(int, keymap_create(layout, &keymap, NULL), 0));
	vnc_input_init(&in, input, keymap, 0, NULL, NULL);
}

static void set_up(void)
{
	cr_assert(eq(int, input_create(&input), 0));
	add(&keyboard, INPUT_KEYBOARD);
	add(&tablet, INPUT_TABLET);
	add(&mouse, INPUT_POINTER);
	cr_assert(eq(int, keymap_create("us", &keymap, NULL), 0));
	vnc_input_init(&in, input, keymap, 0, NULL, NULL);
}

static void tear_down(void)
{
	vnc_input_finish(&in);
	keymap_destroy(keymap);
	input_remove_sink(input, &keyboard);
	input_remove_sink(input, &tablet);
	input_remove_sink(input, &mouse);
	input_destroy(input);
}

TestSuite(vnc_input, .init = set_up, .fini = tear_down, .timeout = 20);

static void expect(const char *text)
{
	cr_assert(eq(str, heard, (char *)(uintptr_t)text));
	heard[0] = '\0';
}

static void strike(uint32_t keysym)
{
	vnc_input_keysym(&in, keysym, true);
	vnc_input_keysym(&in, keysym, false);
}

/* KEY_A is 30, KEY_2 3, KEY_LEFTSHIFT 42, KEY_RIGHTSHIFT 54, KEY_RIGHTALT 100, KEY_Q 16. */

Test(vnc_input, small_letter_is_its_key)
{
	strike('a');
	expect("+30 -30 ");
}

Test(vnc_input, capital_without_shift_gets_one)
{
	strike('A');
	expect("+42 +30 -42 -30 ");
}

Test(vnc_input, capital_with_shift_is_its_key)
{
	vnc_input_keysym(&in, SHIFT_R, true);
	strike('A');
	vnc_input_keysym(&in, SHIFT_R, false);
	expect("+54 +30 -30 -54 ");
}

Test(vnc_input, small_letter_with_shift_loses_it_for_a_moment)
{
	vnc_input_keysym(&in, SHIFT_L, true);
	strike('a');
	expect("+42 -42 +30 +42 -30 ");
}

Test(vnc_input, caps_lock_turns_letters_round)
{
	input_set_leds(input, 1u << LED_CAPSL);
	strike('A');
	expect("+30 -30 ");
	strike('a');
	expect("+42 +30 -42 -30 ");
	strike('2'); /* and nothing else */
	expect("+3 -3 ");
}

Test(vnc_input, space_keeps_its_shift)
{
	vnc_input_keysym(&in, SHIFT_L, true);
	strike(' ');
	expect("+42 +57 -57 ");
}

/* As a German viewer sends it: AltGr and Q. */
Test(vnc_input, sign_of_another_layout_is_made_on_this_one)
{
	vnc_input_keysym(&in, LEVEL3, true);
	strike('@');
	vnc_input_keysym(&in, LEVEL3, false);
	expect("+100 -100 +42 +3 -42 +100 -3 -100 ");
}

Test(vnc_input, alt_stays_with_the_key)
{
	vnc_input_keysym(&in, ALT_R, true);
	strike('a');
	vnc_input_keysym(&in, ALT_R, false);
	expect("+100 +30 -30 -100 ");
}

Test(vnc_input, layout_of_the_guest_counts)
{
	if (!HAVE_XKBCOMMON) {
		cr_skip_test("no libxkbcommon");
	}
	use_layout("de");
	strike('@');
	expect("+100 +16 -100 -16 ");
	strike('z');
	expect("+21 -21 ");
	strike(0xe9); /* é: the dead accent, then e */
	expect("+13 -13 +18 -18 ");
}

Test(vnc_input, repeated_key_goes_down_once)
{
	vnc_input_keysym(&in, 'a', true);
	vnc_input_keysym(&in, 'a', true);
	vnc_input_keysym(&in, 'a', false);
	expect("+30 -30 ");
}

Test(vnc_input, unknown_keysyms_do_nothing)
{
	strike(0);
	strike(0x1234);
	strike(0x01110000);
	strike(0xffffffff);
	expect("");
}

Test(vnc_input, what_is_held_is_released_at_the_end)
{
	vnc_input_keysym(&in, 'a', true);
	vnc_input_pointer(&in, 2, 0, 0, 1, 1);
	heard[0] = '\0';
	vnc_input_finish(&in);
	expect("-30 -274 ");
	vnc_input_init(&in, input, keymap, 0, NULL, NULL);
}

Test(vnc_input, others_keep_what_they_hold)
{
	struct vnc_input other;

	vnc_input_init(&other, input, keymap, 0, NULL, NULL);
	vnc_input_keysym(&in, 'a', true);
	vnc_input_finish(&other);
	expect("+30 ");
}

/* --- scan codes --- */

Test(vnc_input, scan_codes_are_places)
{
	cr_assert(eq(u16, vnc_key_from_scancode(0x1e), KEY_A));
	cr_assert(eq(u16, vnc_key_from_scancode(0x56), KEY_102ND));
	cr_assert(eq(u16, vnc_key_from_scancode(0x58), KEY_F12));
	cr_assert(eq(u16, vnc_key_from_scancode(0x9d), KEY_RIGHTCTRL));
	cr_assert(eq(u16, vnc_key_from_scancode(0xdb), KEY_LEFTMETA));
	cr_assert(eq(u16, vnc_key_from_scancode(0), 0));
	cr_assert(eq(u16, vnc_key_from_scancode(0xff), 0));
	cr_assert(eq(u16, vnc_key_from_scancode(0x100), 0));
	cr_assert(eq(u16, vnc_key_from_scancode(0xffffffff), 0));
}

/* --- pointer --- */

Test(vnc_input, place_is_the_middle_of_the_pixel)
{
	vnc_input_pointer(&in, 0, 0, 0, 100, 50);
	expect("abs0:163 abs1:327 ");
	vnc_input_pointer(&in, 0, 99, 49, 100, 50);
	expect("abs0:32603 abs1:32439 ");
}

Test(vnc_input, place_beyond_the_picture_is_its_edge)
{
	vnc_input_pointer(&in, 0, 65535, 65535, 100, 50);
	expect("abs0:32603 abs1:32439 ");
	vnc_input_pointer(&in, 0, 5, 5, 0, 0);
	expect("");
}

Test(vnc_input, buttons_are_told_once)
{
	vnc_input_pointer(&in, 1, 0, 0, 1, 1);
	heard[0] = '\0';
	vnc_input_pointer(&in, 1 | 4 | 128, 0, 0, 1, 1);
	expect("+273 +275 ");
	vnc_input_pointer(&in, 0, 0, 0, 1, 1);
	expect("-272 -273 -275 ");
}

Test(vnc_input, wheel_turns_by_notches)
{
	vnc_input_pointer(&in, 0, 0, 0, 1, 1);
	heard[0] = '\0';
	vnc_input_pointer(&in, 1u << 3, 0, 0, 1, 1);
	vnc_input_pointer(&in, 0, 0, 0, 1, 1);
	expect("rel11:120 rel8:1 ");
	vnc_input_pointer(&in, 1u << 4, 0, 0, 1, 1);
	expect("rel11:-120 rel8:-1 ");
	vnc_input_pointer(&in, 1u << 6, 0, 0, 1, 1);
	expect("rel12:120 rel6:1 ");
}

Test(vnc_input, without_a_tablet_the_mouse_moves_by_the_distance)
{
	input_set_ready(input, &tablet, false);
	vnc_input_pointer(&in, 0, 10, 10, 100, 100); /* from somewhere */
	expect("");
	vnc_input_pointer(&in, 0, 15, 8, 100, 100);
	expect("rel0:5 rel1:-2 ");
}
