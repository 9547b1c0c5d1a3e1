/* SPDX-License-Identifier: MIT */
/* LINK: display/keymap.c display/keymap_us.c display/keymap_xkb.c */
#include "display/keymap.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "display/keymap_table.h"
#include "vmm/base/compiler.h"

static struct keymap *keymap;

static void tear_down(void)
{
	keymap_destroy(keymap);
}

TestSuite(keymap, .fini = tear_down, .timeout = 10);

static void load(const char *layout)
{
	struct error err = { "" };

	if (!HAVE_XKBCOMMON && strcmp(layout, "us") != 0) {
		cr_skip_test("built without libxkbcommon");
	}
	cr_assert(zero(int, keymap_create(layout, &keymap, &err)), "%s", err.text);
}

/* The strokes as text: "42+30" are Shift and A, "13 57" one key after the other. */
static char *type(uint32_t character)
{
	static char text[64];
	struct keymap_stroke strokes[KEYMAP_STROKES_MAX];
	const unsigned count = keymap_find_character(keymap, character, strokes);
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		for (unsigned k = 0; k < strokes[i].count; k++) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u",
						 k ? "+" : (i ? " " : ""),
						 (unsigned)strokes[i].keys[k]);
		}
	}
	return text;
}

static unsigned key_of(uint32_t keysym)
{
	struct keymap_stroke stroke;

	return keymap_find_keysym(keymap, keysym, &stroke) ? stroke.keys[stroke.count - 1] : 0;
}

static void check_ascii(void)
{
	for (uint32_t character = ' '; character <= '~'; character++) {
		cr_expect(ne(sz, strlen(type(character)), 0), "%c", (int)character);
	}
	cr_assert(eq(str, type('\n'), "28"));
	cr_assert(eq(str, type('\t'), "15"));
	cr_assert(eq(str, type('\b'), "14"));
	cr_assert(eq(str, type(0x1b), "1"));
	cr_assert(eq(str, type(0), ""));
}

static void check_us(void)
{
	cr_assert(eq(str, type('a'), "30"));
	cr_assert(eq(str, type('A'), "42+30"));
	cr_assert(eq(str, type('~'), "42+41"));
	cr_assert(eq(str, type('\\'), "43"));
	cr_assert(eq(str, type('<'), "42+51"), "not the key that boards of America lack");
	cr_assert(eq(str, type('1'), "2"), "not that of the number block");
	cr_assert(eq(str, type(' '), "57"));
	cr_assert(eq(str, type(0xe9), ""), "no dead keys");
}

Test(keymap, us_types_all_of_ascii)
{
	load("us");
	check_ascii();
	check_us();
}

Test(keymap, built_in_us_is_the_same)
{
	struct keymap own = { .entries = NULL };

	keymap_add_common(&own);
	keymap_add_us(&own);
	keymap = &own;
	check_ascii();
	check_us();
	keymap = NULL;
	free(own.entries);
}

Test(keymap, keysyms_of_keys_without_characters)
{
	load("us");
	cr_assert(eq(u32, key_of(0xffe1), KEY_LEFTSHIFT));
	cr_assert(eq(u32, key_of(0xffea), KEY_RIGHTALT));
	cr_assert(eq(u32, key_of(0xffc9), KEY_F12));
	cr_assert(eq(u32, key_of(0xff55), KEY_PAGEUP));
	cr_assert(eq(u32, key_of(0xffb5), KEY_KP5));
	cr_assert(eq(u32, key_of(0xff9d), KEY_KP5));
	cr_assert(eq(u32, key_of(0xffeb), KEY_LEFTMETA));
	cr_assert(eq(u32, key_of(0xff61), KEY_SYSRQ));
	cr_assert(eq(u32, key_of(0x1008ff12), KEY_MUTE));
	cr_assert(eq(u32, key_of('q'), KEY_Q));
	cr_assert(eq(u32, key_of(0x01000000 + 'q'), KEY_Q));
	cr_assert(zero(u32, key_of(0xdeadbeef)));
	cr_assert(zero(u32, key_of(0x0100e9)));
}

Test(keymap, german_with_umlauts_and_dead_keys)
{
	load("de");
	check_ascii();
	cr_assert(eq(str, type('z'), "21"));
	cr_assert(eq(str, type(0xe4), "40")); /* ä */
	cr_assert(eq(str, type(0xc4), "42+40"));
	cr_assert(eq(str, type('@'), "100+16"));
	cr_assert(eq(str, type('<'), "86"));
	cr_assert(eq(str, type(0x20ac), "100+18")); /* € */
	cr_assert(eq(str, type('^'), "41 57"));
	cr_assert(eq(str, type(0xe9), "13 18"));       /* é */
	cr_assert(eq(str, type(0xc8), "42+13 42+18")); /* È */
	cr_assert(eq(u32, key_of(0xe4), KEY_APOSTROPHE));
	cr_assert(eq(u32, key_of(0xfe03), KEY_RIGHTALT));
}

Test(keymap, many_layouts_type_all_of_ascii)
{
	static const char *const layouts[] = { "fr", "gb",	"es", "it",	    "pt", "se",
					       "pl", "ch",	"br", "us(dvorak)", "no", "dk",
					       "fi", "de(neo)", "be", "jp",	    "cz", "hu" };

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		load(layouts[i]);
		check_ascii();
		keymap_destroy(keymap);
		keymap = NULL;
	}
}

Test(keymap, layouts_by_the_names_of_qemu)
{
	load("en-us");
	cr_assert(eq(str, type('y'), "21"));
}

Test(keymap, unknown_layouts_are_refused)
{
	static const char *const names[] = {
		"nowhere",     "",	"us(",
		"us(nothing)", "../us", "us)",
		"us(dvorak)x", "us,de", "a-name-that-is-longer-than-any-layout-is"
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect(eq(int, keymap_create(names[i], &keymap, &err), -EINVAL), "%s", names[i]);
		cr_expect(zero(ptr, keymap));
	}
	cr_assert(ne(ptr, strstr(err.text, "no keyboard layout 'a-name"), NULL));
}
