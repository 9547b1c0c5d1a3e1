/* SPDX-License-Identifier: MIT */
/* LINK: display/chord.c */
#include "display/chord.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"

TestSuite(chord, .timeout = 20);

static struct chord chord;
static bool is_guests;

static enum chord_action down(unsigned key)
{
	return chord_press(&chord, key, key, true, &is_guests);
}

static enum chord_action up(unsigned key)
{
	return chord_press(&chord, key, key, false, &is_guests);
}

static void start(const char *text)
{
	struct error err;

	cr_assert(eq(int, chord_parse(&chord, text, &err), 0));
}

/* --- texts --- */

struct text {
	char given[32], name[CHORD_NAME_MAX];
};

ParameterizedTestParameters(chord, is_read_and_named)
{
	static struct text texts[] = {
		{ "ctrl+alt+g", "Ctrl+Alt+G" },
		{ "Alt+CTRL+G", "Ctrl+Alt+G" },
		{ "super+1", "Super+1" },
		{ "ctrl+shift+f11", "Ctrl+Shift+F11" },
		{ "super+shift+alt+ctrl+z", "Ctrl+Alt+Shift+Super+Z" },
	};

	return cr_make_param_array(struct text, texts, ARRAY_SIZE(texts));
}

ParameterizedTest(struct text *text, chord, is_read_and_named)
{
	char name[CHORD_NAME_MAX];

	start(text->given);
	chord_name(&chord, name);
	cr_assert(eq(str, name, text->name));
}

ParameterizedTestParameters(chord, refuses_nonsense)
{
	/* No modifiers, no key, unknown words, keys that mean something else. */
	static struct text texts[] = {
		{ "g", "" },	       { "", "" },
		{ "ctrl+alt", "" },    { "ctrl+", "" },
		{ "ctrl+strg+g", "" }, { "ctrl+alt+f13", "" },
		{ "ctrl+alt+gg", "" }, { "ctrl+alt+f", "" },
		{ "ctrl+alt+0", "" },  { "+g", "" },
		{ "ctrl++g", "" },     { "ctrl+ä", "" },
	};

	return cr_make_param_array(struct text, texts, ARRAY_SIZE(texts));
}

ParameterizedTest(struct text *text, chord, refuses_nonsense)
{
	struct error err = { "" };

	cr_assert(eq(int, chord_parse(&chord, text->given, &err), -EINVAL));
	cr_assert(gt(sz, strlen(err.text), 0));
}

/* --- keys --- */

Test(chord, acts_on_its_key_alone)
{
	start("ctrl+alt+g");
	cr_assert(eq(int, down(KEY_LEFTCTRL), CHORD_NONE));
	cr_assert(is_guests);
	cr_assert(eq(int, down(KEY_LEFTALT), CHORD_NONE));
	cr_assert(is_guests);
	cr_assert(eq(int, down(KEY_G), CHORD_RELEASE));
	cr_assert(not(is_guests));
	cr_assert(eq(int, up(KEY_G), CHORD_NONE));
	/* The guest never saw it go down. */
	cr_assert(not(is_guests));
	cr_assert(eq(int, down(KEY_F), CHORD_FULL_SCREEN));
	cr_assert(eq(int, up(KEY_F), CHORD_NONE));
	cr_assert(eq(int, down(KEY_0), CHORD_ACTUAL_SIZE));
	cr_assert(eq(int, up(KEY_0), CHORD_NONE));
	cr_assert(eq(int, down(KEY_H), CHORD_NONE));
	cr_assert(is_guests);
}

Test(chord, takes_modifiers_of_either_side_and_no_others)
{
	start("ctrl+alt+g");
	(void)down(KEY_RIGHTCTRL);
	(void)down(KEY_RIGHTALT);
	cr_assert(eq(int, down(KEY_G), CHORD_RELEASE));
	(void)up(KEY_G);
	(void)down(KEY_RIGHTSHIFT);
	cr_assert(eq(int, down(KEY_G), CHORD_NONE));
	cr_assert(is_guests);
	(void)up(KEY_G);
	cr_assert(is_guests);
	(void)up(KEY_RIGHTSHIFT);
	/* One of two stays held. */
	(void)down(KEY_LEFTCTRL);
	(void)up(KEY_RIGHTCTRL);
	cr_assert(eq(int, down(KEY_G), CHORD_RELEASE));
	(void)up(KEY_G);
	(void)up(KEY_LEFTCTRL);
	cr_assert(eq(int, down(KEY_G), CHORD_NONE));
}

Test(chord, its_key_without_modifiers_is_the_guests)
{
	start("ctrl+alt+g");
	(void)down(KEY_G);
	cr_assert(is_guests);
	(void)down(KEY_LEFTCTRL);
	(void)down(KEY_LEFTALT);
	/* Down before the modifiers: the guest gets its release. */
	(void)up(KEY_G);
	cr_assert(is_guests);
}

Test(chord, key_released_after_the_modifiers_stays_the_windows)
{
	start("ctrl+alt+g");
	(void)down(KEY_LEFTCTRL);
	(void)down(KEY_LEFTALT);
	(void)down(KEY_G);
	(void)up(KEY_LEFTCTRL);
	(void)up(KEY_LEFTALT);
	(void)up(KEY_G);
	cr_assert(not(is_guests));
	(void)down(KEY_G);
	cr_assert(is_guests);
}

Test(chord, goes_by_the_letter_of_the_layout)
{
	start("ctrl+alt+g");
	(void)down(KEY_LEFTCTRL);
	(void)down(KEY_LEFTALT);
	/* On a Dvorak board G is where U is on others. */
	cr_assert(eq(int, chord_press(&chord, KEY_U, chord_letter_key('g'), true, &is_guests),
		     CHORD_RELEASE));
	(void)chord_press(&chord, KEY_U, chord_letter_key('g'), false, &is_guests);
	cr_assert(not(is_guests));
	cr_assert(eq(int, chord_press(&chord, KEY_G, chord_letter_key('i'), true, &is_guests),
		     CHORD_NONE));
	cr_assert(eq(uint, chord_letter_key(0x444), KEY_RESERVED));
}

Test(chord, forgets_what_was_held_with_the_focus)
{
	start("ctrl+alt+g");
	(void)down(KEY_LEFTCTRL);
	(void)down(KEY_LEFTALT);
	(void)down(KEY_G);
	chord_reset(&chord);
	cr_assert(eq(int, down(KEY_G), CHORD_NONE));
	cr_assert(is_guests);
	cr_assert(eq(int, down(KEY_CNT), CHORD_NONE));
	cr_assert(not(is_guests));
}
