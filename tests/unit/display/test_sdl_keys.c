/* SPDX-License-Identifier: MIT */
/* LINK: display/sdl_keys.c */
#include "display/sdl_keys.h"

#include <SDL_mouse.h>
#include <SDL_scancode.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/compiler.h"

TestSuite(sdl_keys, .timeout = 20);

static bool is_reached(unsigned key)
{
	for (unsigned i = 0; i < SDL_NUM_SCANCODES; i++) {
		if (sdl_key(i) == key) {
			return true;
		}
	}
	return false;
}

/* A board of 105 keys is all of the old codes, without the holes between them. */
Test(sdl_keys, every_key_of_a_105_key_board_is_reached)
{
	static const unsigned more[] = {
		KEY_102ND, KEY_F11,	 KEY_F12,	KEY_KPENTER,  KEY_RIGHTCTRL, KEY_KPSLASH,
		KEY_SYSRQ, KEY_RIGHTALT, KEY_HOME,	KEY_UP,	      KEY_PAGEUP,    KEY_LEFT,
		KEY_RIGHT, KEY_END,	 KEY_DOWN,	KEY_PAGEDOWN, KEY_INSERT,    KEY_DELETE,
		KEY_PAUSE, KEY_LEFTMETA, KEY_RIGHTMETA, KEY_COMPOSE,
	};
	unsigned count = ARRAY_SIZE(more);

	for (unsigned key = KEY_ESC; key <= KEY_KPDOT; key++, count++) {
		cr_assert(is_reached(key), "%u", key);
	}
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		cr_assert(is_reached(more[i]), "%u", more[i]);
	}
	cr_assert(eq(uint, count, 105));
}

Test(sdl_keys, keys_of_other_boards_are_reached)
{
	static const unsigned keys[] = {
		/* Brazil, Japan, Korea */
		KEY_RO,
		KEY_KPCOMMA,
		KEY_YEN,
		KEY_HENKAN,
		KEY_MUHENKAN,
		KEY_KATAKANAHIRAGANA,
		KEY_ZENKAKUHANKAKU,
		KEY_HANGEUL,
		KEY_HANJA,
		/* media */
		KEY_MUTE,
		KEY_VOLUMEUP,
		KEY_VOLUMEDOWN,
		KEY_PLAYPAUSE,
		KEY_STOPCD,
		KEY_NEXTSONG,
		KEY_PREVIOUSSONG,
		KEY_WWW,
		KEY_MAIL,
		KEY_CALC,
		KEY_HOMEPAGE,
		KEY_SEARCH,
		KEY_SLEEP,
		KEY_F13,
		KEY_F24,
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		cr_assert(is_reached(keys[i]), "%u", keys[i]);
	}
}

Test(sdl_keys, places_on_the_board_are_no_characters)
{
	cr_assert(eq(uint, sdl_key(SDL_SCANCODE_Q), KEY_Q));
	cr_assert(eq(uint, sdl_key(SDL_SCANCODE_NONUSBACKSLASH), KEY_102ND));
	/* The key beside Enter of an ISO board has the code of an American backslash. */
	cr_assert(eq(uint, sdl_key(SDL_SCANCODE_NONUSHASH), KEY_BACKSLASH));
	cr_assert(eq(uint, sdl_key(SDL_SCANCODE_PRINTSCREEN), KEY_SYSRQ));
	cr_assert(eq(uint, sdl_key(SDL_SCANCODE_UNKNOWN), KEY_RESERVED));
	cr_assert(eq(uint, sdl_key(SDL_NUM_SCANCODES), KEY_RESERVED));
}

Test(sdl_keys, keyboards_of_the_input_take_them)
{
	for (unsigned i = 0; i < SDL_NUM_SCANCODES; i++) {
		unsigned key = sdl_key(i);

		cr_assert(key < BTN_MISC || key >= KEY_OK, "%u", key);
	}
}

Test(sdl_keys, buttons_have_their_codes)
{
	cr_assert(eq(uint, sdl_button(SDL_BUTTON_LEFT), BTN_LEFT));
	cr_assert(eq(uint, sdl_button(SDL_BUTTON_RIGHT), BTN_RIGHT));
	cr_assert(eq(uint, sdl_button(SDL_BUTTON_X2), BTN_EXTRA));
	cr_assert(eq(uint, sdl_button(0), KEY_RESERVED));
	cr_assert(eq(uint, sdl_button(200), KEY_RESERVED));
}
