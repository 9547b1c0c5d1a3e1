/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_KEYMAP_H
#define THUNDERLAKE_DISPLAY_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/error.h"

/*
 * Which keys make a character on a board whose guest has a certain layout: the way back from text
 * to keys. Layouts are those of X11 where libxkbcommon was built in, else "us" alone. Dead keys are
 * known for the accents of Latin letters; other compositions are not.
 */
struct keymap;

#define KEYMAP_KEYS_MAX	   4u
#define KEYMAP_STROKES_MAX 2u

/* Keys that go down in this order, and up in the other; modifiers come first. */
struct keymap_stroke {
	uint16_t keys[KEYMAP_KEYS_MAX]; /* KEY_ codes */
	uint8_t count;
};

/* `layout` is LAYOUT or LAYOUT(VARIANT): "us", "de", "us(dvorak)". -EINVAL: no such layout;
 * -ENOMEM. */
int keymap_create(const char *layout, struct keymap **out, struct error *err);
/* NULL is fine. */
void keymap_destroy(struct keymap *keymap);

/* How a character is typed: the number of strokes one after the other, 0 when it can't be. Line
 * feed is Enter, and so are carriage return, tabulator, backspace and escape keys. */
unsigned keymap_find_character(const struct keymap *keymap, uint32_t character,
			       struct keymap_stroke out[KEYMAP_STROKES_MAX]);

/* The same for a keysym of X11, for keys without a character too: modifiers, function and media
 * keys. */
bool keymap_find_keysym(const struct keymap *keymap, uint32_t keysym, struct keymap_stroke *out);

#endif
