/* SPDX-License-Identifier: MIT */
#include <linux/input-event-codes.h>

#include "display/keymap_table.h"
#include "vmm/base/compiler.h"

/* Keysyms of keys that do the same in all layouts. */
static const struct {
	uint32_t keysym;
	uint16_t key;
	uint8_t character;
} common_keys[] = {
	{ 0xff08, KEY_BACKSPACE, '\b' },
	{ 0xff09, KEY_TAB, '\t' },
	{ 0xff0a, KEY_ENTER, 0 },
	{ 0xff0d, KEY_ENTER, '\r' },
	{ 0xff13, KEY_PAUSE, 0 },
	{ 0xff14, KEY_SCROLLLOCK, 0 },
	{ 0xff15, KEY_SYSRQ, 0 },
	{ 0xff1b, KEY_ESC, 0x1b },
	{ 0xff50, KEY_HOME, 0 },
	{ 0xff51, KEY_LEFT, 0 },
	{ 0xff52, KEY_UP, 0 },
	{ 0xff53, KEY_RIGHT, 0 },
	{ 0xff54, KEY_DOWN, 0 },
	{ 0xff55, KEY_PAGEUP, 0 },
	{ 0xff56, KEY_PAGEDOWN, 0 },
	{ 0xff57, KEY_END, 0 },
	{ 0xff61, KEY_SYSRQ, 0 },
	{ 0xff63, KEY_INSERT, 0 },
	{ 0xff67, KEY_COMPOSE, 0 },
	{ 0xff6b, KEY_PAUSE, 0 },
	{ 0xff7f, KEY_NUMLOCK, 0 },
	{ 0xff8d, KEY_KPENTER, 0 },
	{ 0xff95, KEY_KP7, 0 },
	{ 0xff96, KEY_KP4, 0 },
	{ 0xff97, KEY_KP8, 0 },
	{ 0xff98, KEY_KP6, 0 },
	{ 0xff99, KEY_KP2, 0 },
	{ 0xff9a, KEY_KP9, 0 },
	{ 0xff9b, KEY_KP3, 0 },
	{ 0xff9c, KEY_KP1, 0 },
	{ 0xff9d, KEY_KP5, 0 },
	{ 0xff9e, KEY_KP0, 0 },
	{ 0xff9f, KEY_KPDOT, 0 },
	{ 0xffaa, KEY_KPASTERISK, 0 },
	{ 0xffab, KEY_KPPLUS, 0 },
	{ 0xffac, KEY_KPDOT, 0 },
	{ 0xffad, KEY_KPMINUS, 0 },
	{ 0xffae, KEY_KPDOT, 0 },
	{ 0xffaf, KEY_KPSLASH, 0 },
	{ 0xffb0, KEY_KP0, 0 },
	{ 0xffb1, KEY_KP1, 0 },
	{ 0xffb2, KEY_KP2, 0 },
	{ 0xffb3, KEY_KP3, 0 },
	{ 0xffb4, KEY_KP4, 0 },
	{ 0xffb5, KEY_KP5, 0 },
	{ 0xffb6, KEY_KP6, 0 },
	{ 0xffb7, KEY_KP7, 0 },
	{ 0xffb8, KEY_KP8, 0 },
	{ 0xffb9, KEY_KP9, 0 },
	{ 0xffbd, KEY_KPEQUAL, 0 },
	{ 0xffbe, KEY_F1, 0 },
	{ 0xffbf, KEY_F2, 0 },
	{ 0xffc0, KEY_F3, 0 },
	{ 0xffc1, KEY_F4, 0 },
	{ 0xffc2, KEY_F5, 0 },
	{ 0xffc3, KEY_F6, 0 },
	{ 0xffc4, KEY_F7, 0 },
	{ 0xffc5, KEY_F8, 0 },
	{ 0xffc6, KEY_F9, 0 },
	{ 0xffc7, KEY_F10, 0 },
	{ 0xffc8, KEY_F11, 0 },
	{ 0xffc9, KEY_F12, 0 },
	{ 0xffe1, KEY_LEFTSHIFT, 0 },
	{ 0xffe2, KEY_RIGHTSHIFT, 0 },
	{ 0xffe3, KEY_LEFTCTRL, 0 },
	{ 0xffe4, KEY_RIGHTCTRL, 0 },
	{ 0xffe5, KEY_CAPSLOCK, 0 },
	{ 0xffe7, KEY_LEFTALT, 0 },
	{ 0xffe8, KEY_RIGHTALT, 0 },
	{ 0xffe9, KEY_LEFTALT, 0 },
	{ 0xffea, KEY_RIGHTALT, 0 },
	{ 0xffeb, KEY_LEFTMETA, 0 },
	{ 0xffec, KEY_RIGHTMETA, 0 },
	{ 0xffff, KEY_DELETE, 0x7f },
	{ 0xfe03, KEY_RIGHTALT, 0 },
	{ 0xfe20, KEY_TAB, 0 }, /* with Shift, which is down then */
	/* Media keys. */
	{ 0x1008ff11, KEY_VOLUMEDOWN, 0 },
	{ 0x1008ff12, KEY_MUTE, 0 },
	{ 0x1008ff13, KEY_VOLUMEUP, 0 },
	{ 0x1008ff14, KEY_PLAYPAUSE, 0 },
	{ 0x1008ff15, KEY_STOPCD, 0 },
	{ 0x1008ff16, KEY_PREVIOUSSONG, 0 },
	{ 0x1008ff17, KEY_NEXTSONG, 0 },
	{ 0x1008ff18, KEY_HOMEPAGE, 0 },
	{ 0x1008ff19, KEY_MAIL, 0 },
	{ 0x1008ff1d, KEY_CALC, 0 },
	{ 0x1008ff26, KEY_BACK, 0 },
	{ 0x1008ff27, KEY_FORWARD, 0 },
	{ 0x1008ff2a, KEY_POWER, 0 },
	{ 0x1008ff2e, KEY_WWW, 0 },
	{ 0x1008ff2f, KEY_SLEEP, 0 },
};

/* Rows of neighbouring keys of a board in the United States, without and with Shift. */
static const struct {
	uint16_t first;
	const char *plain, *shifted;
} us_rows[] = {
	{ KEY_1, "1234567890-=", "!@#$%^&*()_+" },
	{ KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}" },
	{ KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
	{ KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?" },
	{ KEY_SPACE, " ", " " },
};

void keymap_add_common(struct keymap *keymap)
{
	for (size_t i = 0; i < ARRAY_SIZE(common_keys); i++) {
		const struct keymap_entry entry = { .keysym = common_keys[i].keysym,
						    .character = common_keys[i].character,
						    .stroke = { { common_keys[i].key }, 1 } };

		keymap_add(keymap, &entry);
	}
}

void keymap_add_us(struct keymap *keymap)
{
	for (size_t row = 0; row < ARRAY_SIZE(us_rows); row++) {
		for (size_t i = 0; us_rows[row].plain[i]; i++) {
			const uint16_t key = (uint16_t)(us_rows[row].first + i);
			const uint8_t plain = (uint8_t)us_rows[row].plain[i];
			const uint8_t shifted = (uint8_t)us_rows[row].shifted[i];
			const struct keymap_entry entries[] = {
				{ plain, plain, 1, { { key }, 1 } },
				{ shifted, shifted, 2, { { KEY_LEFTSHIFT, key }, 2 } },
			};

			keymap_add(keymap, &entries[0]);
			keymap_add(keymap, &entries[1]);
		}
	}
}
