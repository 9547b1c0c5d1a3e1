/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_KEYMAP_TABLE_H
#define THUNDERLAKE_DISPLAY_KEYMAP_TABLE_H

#include <stddef.h>

#include "display/keymap.h"

/* Inside of the key map: who fills it. */
struct keymap_entry {
	uint32_t keysym;
	uint32_t character; /* 0: none */
	unsigned cost;	    /* of two ways the cheaper one is taken */
	struct keymap_stroke stroke;
};

struct keymap {
	struct keymap_entry *entries;
	size_t count, capacity;
	bool is_short; /* there was no memory for an entry */
};

/* Adds a way to make `keysym`, or takes it instead of a dearer one. */
void keymap_add(struct keymap *keymap, const struct keymap_entry *entry);

/* Keys that are the same in all layouts; letters, digits and signs of "us": keymap_us.c. */
void keymap_add_common(struct keymap *keymap);
void keymap_add_us(struct keymap *keymap);

/* All that libxkbcommon knows of a layout: keymap_xkb.c, only in builds with HAVE_XKBCOMMON.
 * -EINVAL: no such layout; -ENOMEM. */
int keymap_add_xkb(struct keymap *keymap, const char *layout, const char *variant);

#endif
