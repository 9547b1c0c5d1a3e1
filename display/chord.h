/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_CHORD_H
#define THUNDERLAKE_DISPLAY_CHORD_H

#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"

/*
 * Which keys are the window's own: with the chord's modifiers held, and no other, its key lets go
 * of keyboard and pointer, F toggles full screen and 0 goes back to the picture's own size. Pure
 * state; keys are KEY_ codes.
 */
enum chord_modifier {
	CHORD_CTRL,
	CHORD_ALT,
	CHORD_SHIFT,
	CHORD_SUPER,
	CHORD_MODIFIERS
};

struct chord {
	unsigned modifiers; /* bits of 1 << enum chord_modifier */
	unsigned key;

	unsigned held; /* two bits of each modifier: left, right */
	bool is_swallowed[KEY_CNT];
};

enum chord_action {
	CHORD_NONE,
	CHORD_RELEASE,
	CHORD_FULL_SCREEN,
	CHORD_ACTUAL_SIZE,
};

/* From a text like "ctrl+alt+g": one or more of ctrl, alt, shift, super, then a letter, a digit or
 * f1 to f12. -EINVAL. */
int chord_parse(struct chord *chord, const char *text, struct error *err);

/* For a title: "Ctrl+Alt+G". */
#define CHORD_NAME_MAX 32
void chord_name(const struct chord *chord, char text[CHORD_NAME_MAX]);

/* A key goes down or up; `letter` is the key of the letter or digit that the layout has there, or
 * `key` again. `*is_guests`: the guest gets `key`. Whoever acts on an action releases what the
 * guest holds, so that the chord's modifiers don't stay down in it. */
enum chord_action chord_press(struct chord *chord, unsigned key, unsigned letter, bool down,
			      bool *is_guests);

/* All keys are up: the focus was lost. */
void chord_reset(struct chord *chord);

/* The key of an ASCII letter or digit; KEY_RESERVED: none. */
unsigned chord_letter_key(int character);

#endif
