/* SPDX-License-Identifier: MIT */
/* LINK: devices/legacy/ps2.c devices/legacy/ps2_keyboard.c devices/legacy/ps2_mouse.c */
#include "devices/legacy/ps2.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/compiler.h"

static struct ps2_keyboard keyboard;
static struct ps2_mouse mouse;

static void set_up(void)
{
	ps2_keyboard_reset(&keyboard);
	ps2_mouse_reset(&mouse);
}

TestSuite(ps2, .init = set_up, .timeout = 10);

/* All bytes that wait, in hexadecimal. */
static char *take(struct ps2_queue *queue)
{
	static char text[4 * PS2_QUEUE_BYTES];
	size_t used = 0;
	uint8_t byte;

	text[0] = '\0';
	while (ps2_queue_take(queue, &byte)) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, used ? " %02x" : "%02x",
					 byte);
	}
	return text;
}

/* The same as a controller that translates hands them on. */
static char *take_set1(void)
{
	static char text[4 * PS2_QUEUE_BYTES];
	bool released = false;
	size_t used = 0;
	uint8_t byte, translated;

	text[0] = '\0';
	while (ps2_queue_take(&keyboard.queue, &byte)) {
		if (ps2_translate(byte, &released, &translated)) {
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 used ? " %02x" : "%02x", translated);
		}
	}
	return text;
}

static void press(unsigned key)
{
	cr_assert(ps2_keyboard_key(&keyboard, key, true), "key %u", key);
}

static void release(unsigned key)
{
	cr_assert(ps2_keyboard_key(&keyboard, key, false), "key %u", key);
}

/* --- keyboard --- */

/* Codes of both sets as the makers of keyboards and firmware have written them down. */
static const struct {
	unsigned key;
	const char *set2, *set1;
} codes[] = {
	{ KEY_ESC, "76", "01" },
	{ KEY_1, "16", "02" },
	{ KEY_Q, "15", "10" },
	{ KEY_A, "1c", "1e" },
	{ KEY_ENTER, "5a", "1c" },
	{ KEY_LEFTCTRL, "14", "1d" },
	{ KEY_LEFTSHIFT, "12", "2a" },
	{ KEY_RIGHTSHIFT, "59", "36" },
	{ KEY_LEFTALT, "11", "38" },
	{ KEY_CAPSLOCK, "58", "3a" },
	{ KEY_F1, "05", "3b" },
	{ KEY_F7, "83", "41" },
	{ KEY_F10, "09", "44" },
	{ KEY_F11, "78", "57" },
	{ KEY_F12, "07", "58" },
	{ KEY_NUMLOCK, "77", "45" },
	{ KEY_SCROLLLOCK, "7e", "46" },
	{ KEY_KP7, "6c", "47" },
	{ KEY_KPMINUS, "7b", "4a" },
	{ KEY_KPPLUS, "79", "4e" },
	{ KEY_KPASTERISK, "7c", "37" },
	{ KEY_KPDOT, "71", "53" },
	{ KEY_102ND, "61", "56" },
	{ KEY_GRAVE, "0e", "29" },
	{ KEY_BACKSLASH, "5d", "2b" },
	{ KEY_KPENTER, "e0 5a", "e0 1c" },
	{ KEY_RIGHTCTRL, "e0 14", "e0 1d" },
	{ KEY_RIGHTALT, "e0 11", "e0 38" },
	{ KEY_KPSLASH, "e0 4a", "e0 35" },
	{ KEY_HOME, "e0 6c", "e0 47" },
	{ KEY_UP, "e0 75", "e0 48" },
	{ KEY_PAGEUP, "e0 7d", "e0 49" },
	{ KEY_LEFT, "e0 6b", "e0 4b" },
	{ KEY_RIGHT, "e0 74", "e0 4d" },
	{ KEY_END, "e0 69", "e0 4f" },
	{ KEY_DOWN, "e0 72", "e0 50" },
	{ KEY_PAGEDOWN, "e0 7a", "e0 51" },
	{ KEY_INSERT, "e0 70", "e0 52" },
	{ KEY_DELETE, "e0 71", "e0 53" },
	{ KEY_LEFTMETA, "e0 1f", "e0 5b" },
	{ KEY_RIGHTMETA, "e0 27", "e0 5c" },
	{ KEY_COMPOSE, "e0 2f", "e0 5d" },
	{ KEY_NEXTSONG, "e0 4d", "e0 19" },
	{ KEY_PREVIOUSSONG, "e0 15", "e0 10" },
	{ KEY_STOPCD, "e0 3b", "e0 24" },
	{ KEY_PLAYPAUSE, "e0 34", "e0 22" },
	{ KEY_MUTE, "e0 23", "e0 20" },
	{ KEY_VOLUMEUP, "e0 32", "e0 30" },
	{ KEY_VOLUMEDOWN, "e0 21", "e0 2e" },
	{ KEY_MAIL, "e0 48", "e0 6c" },
	{ KEY_CALC, "e0 2b", "e0 21" },
	{ KEY_SLEEP, "e0 3f", "e0 5f" },
	{ KEY_POWER, "e0 37", "e0 5e" },
	{ KEY_YEN, "6a", "7d" },
	{ KEY_RO, "51", "73" },
	{ KEY_KPCOMMA, "6d", "7e" },
	{ KEY_SYSRQ, "e0 12 e0 7c", "e0 2a e0 37" },
	{ KEY_PAUSE, "e1 14 77 e1 f0 14 f0 77", "e1 1d 45 e1 9d c5" },
};

Test(ps2, keys_have_the_codes_of_a_real_board)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		press(codes[i].key);
		cr_expect(zero(int, strcmp(take(&keyboard.queue), codes[i].set2)), "set 2 of %u",
			  codes[i].key);
		release(codes[i].key);
		(void)take(&keyboard.queue);
		press(codes[i].key);
		cr_expect(zero(int, strcmp(take_set1(), codes[i].set1)), "set 1 of %u",
			  codes[i].key);
		release(codes[i].key);
		(void)take(&keyboard.queue);
	}
}

/* No key of a board with 105 keys is without a code, and no two have the same. */
Test(ps2, all_105_keys_have_codes_of_their_own)
{
	static char seen[128][24];
	size_t count = 0;

	for (unsigned key = KEY_ESC; key <= KEY_COMPOSE; key++) {
		if ((key > KEY_KPDOT && key < KEY_102ND) || (key > KEY_F12 && key < KEY_KPENTER) ||
		    key == KEY_LINEFEED || (key >= KEY_MACRO && key <= KEY_KPPLUSMINUS) ||
		    (key > KEY_PAUSE && key < KEY_LEFTMETA)) {
			continue; /* of other boards */
		}
		press(key);
		(void)snprintf(seen[count++], sizeof(seen[0]), "%s", take(&keyboard.queue));
		release(key);
		(void)take(&keyboard.queue);
		for (size_t i = 0; i + 1 < count; i++) {
			cr_assert(ne(int, strcmp(seen[i], seen[count - 1]), 0), "key %u", key);
		}
	}
	cr_assert(eq(sz, count, 105));
}

Test(ps2, releases_have_the_break_prefix)
{
	press(KEY_A);
	press(KEY_UP);
	(void)take(&keyboard.queue);
	release(KEY_A);
	release(KEY_UP);
	cr_assert(eq(str, take(&keyboard.queue), "f0 1c e0 f0 75"));
}

Test(ps2, print_screen_and_pause_know_modifiers)
{
	press(KEY_LEFTALT);
	(void)take(&keyboard.queue);
	press(KEY_SYSRQ);
	release(KEY_SYSRQ);
	cr_assert(eq(str, take(&keyboard.queue), "84 f0 84"));
	release(KEY_LEFTALT);
	press(KEY_RIGHTCTRL);
	(void)take(&keyboard.queue);
	press(KEY_SYSRQ);
	release(KEY_SYSRQ);
	press(KEY_PAUSE);
	release(KEY_PAUSE);
	cr_assert(eq(str, take(&keyboard.queue), "e0 7c e0 f0 7c e0 7e e0 f0 7e"));
}

/* Whatever is down when the guest stops reading can still be let go. */
Test(ps2, what_was_pressed_is_released_for_sure)
{
	unsigned down = 0;
	const char *text;

	while (ps2_keyboard_key(&keyboard, KEY_Q + down, true)) {
		down++;
	}
	cr_assert(gt(u32, down, 8));
	for (unsigned i = 0; i < down; i++) {
		release(KEY_Q + i);
	}
	release(KEY_Q + down); /* was not taken, so it is not down either */
	text = take(&keyboard.queue);
	cr_assert(eq(sz, strlen(text) + 1, (size_t)3 * 3 * down), "one byte down, two up each");
}

Test(ps2, switched_off_keyboard_takes_nothing)
{
	ps2_keyboard_receive(&keyboard, 0xf5);
	cr_assert(not(ps2_keyboard_key(&keyboard, KEY_A, true)));
	ps2_keyboard_receive(&keyboard, 0xf6);
	press(KEY_A);
	cr_assert(not(ps2_keyboard_key(&keyboard, KEY_MAX, true)));
	cr_assert(not(ps2_keyboard_key(&keyboard, KEY_MACRO, true)));
}

Test(ps2, last_key_repeats_while_the_guest_reads)
{
	cr_assert(eq(u32, ps2_keyboard_delay_ms(&keyboard), 500));
	press(KEY_A);
	press(KEY_B);
	ps2_keyboard_repeat(&keyboard);
	cr_assert(eq(str, take(&keyboard.queue), "1c 32"), "it is behind");
	ps2_keyboard_repeat(&keyboard);
	cr_assert(eq(str, take(&keyboard.queue), "32"));
	release(KEY_B);
	(void)take(&keyboard.queue);
	ps2_keyboard_repeat(&keyboard);
	cr_assert(eq(str, take(&keyboard.queue), ""));
	ps2_keyboard_receive(&keyboard, 0xf3);
	ps2_keyboard_receive(&keyboard, 0x00);
	cr_assert(eq(u32, ps2_keyboard_delay_ms(&keyboard), 250));
	cr_assert(eq(u32, ps2_keyboard_period_ms(&keyboard), 33));
}

/* --- mouse --- */

static void send(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ps2_mouse_receive(&mouse, bytes[i]);
	}
}

#define SEND(...)                                         \
	do {                                              \
		const uint8_t bytes_[] = { __VA_ARGS__ }; \
		send(bytes_, sizeof(bytes_));             \
		(void)take(&mouse.queue);                 \
	} while (0)

Test(ps2, mouse_moves_once_enabled)
{
	ps2_mouse_move(&mouse, 1, 1, 0);
	cr_assert(eq(str, take(&mouse.queue), ""));
	SEND(0xf4);
	ps2_mouse_move(&mouse, -2, -3, 0);
	cr_assert(eq(str, take(&mouse.queue), "18 fe 03"));
}

Test(ps2, long_ways_are_several_packets)
{
	SEND(0xf4);
	ps2_mouse_move(&mouse, 300, 0, 0);
	cr_assert(eq(str, take(&mouse.queue), "08 ff 00 08 2d 00"));
}

/* Moves add up while the guest does not read; a click is told at once, each time. */
Test(ps2, moves_wait_and_clicks_do_not)
{
	SEND(0xf4);
	for (unsigned i = 0; i < 100; i++) {
		ps2_mouse_move(&mouse, 1, 0, 0);
	}
	ps2_mouse_button(&mouse, BTN_LEFT, true);
	ps2_mouse_button(&mouse, BTN_LEFT, false);
	cr_assert(eq(str, take(&mouse.queue), "08 01 00 08 01 00 08 01 00 09 61 00 08 00 00"));
}

Test(ps2, wheel_and_more_buttons_after_the_knock)
{
	SEND(0xf3, 200, 0xf3, 100, 0xf3, 80);
	ps2_mouse_receive(&mouse, 0xf2);
	cr_assert(eq(str, take(&mouse.queue), "fa 03"));
	SEND(0xf4);
	ps2_mouse_move(&mouse, 0, 0, 1);
	cr_assert(eq(str, take(&mouse.queue), "08 00 00 ff"));
	SEND(0xf3, 200, 0xf3, 200, 0xf3, 80);
	ps2_mouse_receive(&mouse, 0xf2);
	cr_assert(eq(str, take(&mouse.queue), "fa 04"));
	ps2_mouse_button(&mouse, BTN_SIDE, true);
	ps2_mouse_button(&mouse, BTN_EXTRA, true);
	cr_assert(eq(str, take(&mouse.queue), "08 00 00 10 08 00 00 30"));
	ps2_mouse_button(&mouse, BTN_TOUCH, true);
	cr_assert(eq(str, take(&mouse.queue), ""));
}

Test(ps2, remote_mouse_speaks_when_asked)
{
	SEND(0xf0, 0xf4);
	ps2_mouse_move(&mouse, 5, 0, 0);
	ps2_mouse_button(&mouse, BTN_MIDDLE, true);
	cr_assert(eq(str, take(&mouse.queue), ""));
	ps2_mouse_receive(&mouse, 0xeb);
	cr_assert(eq(str, take(&mouse.queue), "fa 0c 05 00"));
}

Test(ps2, absurd_steps_are_bounded)
{
	SEND(0xf4);
	ps2_mouse_move(&mouse, INT32_MIN, INT32_MIN, INT32_MIN);
	ps2_mouse_move(&mouse, INT32_MIN, INT32_MAX, INT32_MAX);
	cr_assert(lt(u32, mouse.queue.count, PS2_QUEUE_BYTES));
}
