/* SPDX-License-Identifier: MIT */
#include "display/chord.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vmm/base/compiler.h"

#define KEY_FULL_SCREEN_LETTER KEY_F
#define KEY_ACTUAL_SIZE_DIGIT  KEY_0
#define F_KEYS		       12u

static const struct {
	const char *name;
	unsigned left, right;
} modifiers[CHORD_MODIFIERS] = {
	[CHORD_CTRL] = { "Ctrl", KEY_LEFTCTRL, KEY_RIGHTCTRL },
	[CHORD_ALT] = { "Alt", KEY_LEFTALT, KEY_RIGHTALT },
	[CHORD_SHIFT] = { "Shift", KEY_LEFTSHIFT, KEY_RIGHTSHIFT },
	[CHORD_SUPER] = { "Super", KEY_LEFTMETA, KEY_RIGHTMETA },
};

unsigned chord_letter_key(int character)
{
	static const unsigned letters[26] = { KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F, KEY_G,
					      KEY_H, KEY_I, KEY_J, KEY_K, KEY_L, KEY_M, KEY_N,
					      KEY_O, KEY_P, KEY_Q, KEY_R, KEY_S, KEY_T, KEY_U,
					      KEY_V, KEY_W, KEY_X, KEY_Y, KEY_Z };

	if (character >= 'a' && character <= 'z') {
		return letters[character - 'a'];
	}
	if (character >= '1' && character <= '9') {
		return KEY_1 + (unsigned)(character - '1');
	}
	return character == '0' ? KEY_0 : KEY_RESERVED;
}

/* F11 and F12 came later than the others. */
static unsigned f_key(unsigned number)
{
	return number <= 10 ? KEY_F1 + number - 1 : KEY_F11 + number - 11;
}

/* --- texts --- */

static unsigned find_key(const char *word)
{
	for (unsigned i = 1; i <= F_KEYS; i++) {
		char name[4];

		(void)snprintf(name, sizeof(name), "f%u", i);
		if (strcasecmp(word, name) == 0) {
			return f_key(i);
		}
	}
	return strlen(word) == 1 ? chord_letter_key(tolower((unsigned char)*word)) : KEY_RESERVED;
}

static unsigned find_modifier(const char *word, size_t length)
{
	unsigned i = 0;

	while (i < CHORD_MODIFIERS && (strlen(modifiers[i].name) != length ||
				       strncasecmp(word, modifiers[i].name, length) != 0)) {
		i++;
	}
	return i;
}

int chord_parse(struct chord *chord, const char *text, struct error *err)
{
	const char *word = text;

	memset(chord, 0, sizeof(*chord));
	for (const char *plus; (plus = strchr(word, '+')); word = plus + 1) {
		unsigned i = find_modifier(word, (size_t)(plus - word));

		if (i == CHORD_MODIFIERS) {
			return error_set(err, -EINVAL,
					 "\"%s\": \"%.*s\" is none of ctrl, alt, shift, super",
					 text, (int)(plus - word), word);
		}
		chord->modifiers |= 1u << i;
	}
	chord->key = find_key(word);
	if (chord->modifiers == 0 || chord->key == KEY_RESERVED) {
		return error_set(err, -EINVAL,
				 "\"%s\": give modifiers and a letter, a digit or f1 to f12, "
				 "like ctrl+alt+g",
				 text);
	}
	if (chord->key == KEY_FULL_SCREEN_LETTER || chord->key == KEY_ACTUAL_SIZE_DIGIT) {
		return error_set(err, -EINVAL,
				 "\"%s\": F is for full screen and 0 for the picture's own size; "
				 "choose another key",
				 text);
	}
	return 0;
}

static void key_name(unsigned key, char *text, size_t size)
{
	for (unsigned i = 1; i <= F_KEYS; i++) {
		if (key == f_key(i)) {
			(void)snprintf(text, size, "F%u", i);
			return;
		}
	}
	for (int c = '0'; c <= 'z'; c++) {
		if (chord_letter_key(c) == key) {
			(void)snprintf(text, size, "%c", toupper(c));
			return;
		}
	}
}

void chord_name(const struct chord *chord, char text[CHORD_NAME_MAX])
{
	size_t length = 0;

	for (unsigned i = 0; i < CHORD_MODIFIERS; i++) {
		if (chord->modifiers & (1u << i)) {
			length += (size_t)snprintf(text + length, CHORD_NAME_MAX - length, "%s+",
						   modifiers[i].name);
		}
	}
	key_name(chord->key, text + length, CHORD_NAME_MAX - length);
}

/* --- keys --- */

static void note_modifier(struct chord *chord, unsigned key, bool down)
{
	for (unsigned i = 0; i < CHORD_MODIFIERS; i++) {
		unsigned bit = 0;

		if (key == modifiers[i].left) {
			bit = 1u << (2 * i);
		} else if (key == modifiers[i].right) {
			bit = 2u << (2 * i);
		}
		chord->held = down ? chord->held | bit : chord->held & ~bit;
	}
}

static bool is_held(const struct chord *chord)
{
	unsigned held = 0;

	for (unsigned i = 0; i < CHORD_MODIFIERS; i++) {
		held |= chord->held >> (2 * i) & 3 ? 1u << i : 0;
	}
	return held == chord->modifiers;
}

static enum chord_action find_action(const struct chord *chord, unsigned letter)
{
	if (!is_held(chord)) {
		return CHORD_NONE;
	}
	if (letter == chord->key) {
		return CHORD_RELEASE;
	}
	if (letter == KEY_FULL_SCREEN_LETTER) {
		return CHORD_FULL_SCREEN;
	}
	return letter == KEY_ACTUAL_SIZE_DIGIT ? CHORD_ACTUAL_SIZE : CHORD_NONE;
}

enum chord_action chord_press(struct chord *chord, unsigned key, unsigned letter, bool down,
			      bool *is_guests)
{
	enum chord_action action = CHORD_NONE;

	*is_guests = false;
	if (key >= KEY_CNT) {
		return CHORD_NONE;
	}
	note_modifier(chord, key, down);
	if (down) {
		action = find_action(chord, letter);
		chord->is_swallowed[key] = action != CHORD_NONE;
	}
	*is_guests = !chord->is_swallowed[key];
	if (!down) {
		chord->is_swallowed[key] = false;
	}
	return action;
}

void chord_reset(struct chord *chord)
{
	chord->held = 0;
	memset(chord->is_swallowed, 0, sizeof(chord->is_swallowed));
}
