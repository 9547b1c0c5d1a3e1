/* SPDX-License-Identifier: MIT */
#include "display/keymap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "config.h"
#include "display/keymap_table.h"
#include "vmm/base/compiler.h"

#define LAYOUT_MAX	     32u
#define KEYSYM_UNICODE	     0x01000000u
#define KEYSYM_UNICODE_END   0x01110000u
#define CHARACTERS_OF_LAYOUT "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* --- accents --------------------------------------------------------------------------------- */

/* Keysyms of dead keys, what one makes with the space bar, and pairs of a letter without and with
 * the accent. */
static const struct {
	uint32_t keysym;
	uint32_t alone;
	const char32_t *pairs;
} accents[] = {
	{ 0xfe50, U'`', U"aàeèiìoòuùAÀEÈIÌOÒUÙ" },
	{ 0xfe51, U'´', U"aáeéiíoóuúyýcćnńsśzźAÁEÉIÍOÓUÚYÝCĆNŃSŚZŹ" },
	{ 0xfe52, U'^', U"aâeêiîoôuûAÂEÊIÎOÔUÛ" },
	{ 0xfe53, U'~', U"aãnñoõAÃNÑOÕ" },
	{ 0xfe57, U'¨', U"aäeëiïoöuüyÿAÄEËIÏOÖUÜ" },
	{ 0xfe58, U'°', U"aåuůAÅUŮ" },
	{ 0xfe59, U'\u02dd', U"oőuűOŐUŰ" },
	{ 0xfe5a, U'\u02c7', U"cčdďeěnňrřsštťzžCČDĎEĚNŇRŘSŠTŤZŽ" },
	{ 0xfe5b, U'¸', U"cçsşCÇSŞ" },
	{ 0xfe5c, U'\u02db', U"aąeęAĄEĘ" },
};

/* The letter, or space, that makes `character` with accent number `i`; 0: none. */
static uint32_t find_base(size_t i, uint32_t character)
{
	if (character == accents[i].alone) {
		return U' ';
	}
	for (const char32_t *pair = accents[i].pairs; *pair; pair += 2) {
		if (pair[1] == character) {
			return pair[0];
		}
	}
	return 0;
}

/* --- the table ------------------------------------------------------------------------------- */

void keymap_add(struct keymap *keymap, const struct keymap_entry *entry)
{
	for (size_t i = 0; i < keymap->count; i++) {
		if (keymap->entries[i].keysym == entry->keysym) {
			if (entry->cost < keymap->entries[i].cost) {
				keymap->entries[i] = *entry;
			}
			return;
		}
	}
	if (keymap->count == keymap->capacity) {
		const size_t capacity = keymap->capacity ? 2 * keymap->capacity : 256;
		struct keymap_entry *entries =
			realloc(keymap->entries, capacity * sizeof(*entries));

		if (!entries) {
			keymap->is_short = true;
			return;
		}
		keymap->entries = entries;
		keymap->capacity = capacity;
	}
	keymap->entries[keymap->count++] = *entry;
}

static const struct keymap_entry *find_keysym(const struct keymap *keymap, uint32_t keysym)
{
	for (size_t i = 0; i < keymap->count; i++) {
		if (keymap->entries[i].keysym == keysym) {
			return &keymap->entries[i];
		}
	}
	return NULL;
}

static const struct keymap_entry *find_character(const struct keymap *keymap, uint32_t character)
{
	const struct keymap_entry *best = NULL;

	for (size_t i = 0; i < keymap->count; i++) {
		const struct keymap_entry *entry = &keymap->entries[i];

		if (entry->character == character && (!best || entry->cost < best->cost)) {
			best = entry;
		}
	}
	return best;
}

/* --- looking up ------------------------------------------------------------------------------ */

static unsigned compose(const struct keymap *keymap, uint32_t character, struct keymap_stroke *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(accents); i++) {
		const uint32_t base = find_base(i, character);
		const struct keymap_entry *dead = find_keysym(keymap, accents[i].keysym);
		const struct keymap_entry *letter = base ? find_character(keymap, base) : NULL;

		if (dead && letter) {
			out[0] = dead->stroke;
			out[1] = letter->stroke;
			return 2;
		}
	}
	return 0;
}

unsigned keymap_find_character(const struct keymap *keymap, uint32_t character,
			       struct keymap_stroke out[KEYMAP_STROKES_MAX])
{
	const struct keymap_entry *entry;

	if (character == 0) {
		return 0;
	}
	entry = find_character(keymap, character == '\n' ? '\r' : character);
	if (entry) {
		out[0] = entry->stroke;
		return 1;
	}
	return compose(keymap, character, out);
}

/* For keysyms that say which character they are: Latin-1, and all of Unicode. */
static uint32_t character_of(uint32_t keysym)
{
	if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff)) {
		return keysym;
	}
	return keysym > KEYSYM_UNICODE && keysym < KEYSYM_UNICODE_END ? keysym - KEYSYM_UNICODE : 0;
}

bool keymap_find_keysym(const struct keymap *keymap, uint32_t keysym, struct keymap_stroke *out)
{
	const struct keymap_entry *entry = find_keysym(keymap, keysym);
	const uint32_t character = character_of(keysym);

	if (!entry && character) {
		entry = find_character(keymap, character);
	}
	if (entry) {
		*out = entry->stroke;
	}
	return entry != NULL;
}

/* --- making it ------------------------------------------------------------------------------- */

struct layout {
	char name[LAYOUT_MAX];
	char variant[LAYOUT_MAX];
};

/* Names go into paths of layout files, so only harmless characters may be in them. */
static bool take_name(const char **text, char name[LAYOUT_MAX])
{
	const size_t length = strspn(*text, CHARACTERS_OF_LAYOUT);

	if (length == 0 || length >= LAYOUT_MAX) {
		return false;
	}
	memcpy(name, *text, length);
	name[length] = '\0';
	*text += length;
	return true;
}

/* NAME or NAME(VARIANT); "en-us" and "en-gb" are QEMU's names. */
static bool parse_layout(const char *text, struct layout *out)
{
	*out = (struct layout){ .name = "" };
	text += strcmp(text, "en-us") == 0 || strcmp(text, "en-gb") == 0 ? strlen("en-") : 0;
	if (!take_name(&text, out->name)) {
		return false;
	}
	if (*text == '(') {
		text++;
		if (!take_name(&text, out->variant) || *text++ != ')') {
			return false;
		}
	}
	return *text == '\0';
}

static int fill(struct keymap *keymap, const struct layout *layout)
{
	int code = -EINVAL;

	keymap_add_common(keymap);
	if (HAVE_XKBCOMMON) {
		code = keymap_add_xkb(keymap, layout->name, layout->variant);
	}
	if (code == -EINVAL && strcmp(layout->name, "us") == 0 && !*layout->variant) {
		keymap_add_us(keymap); /* also where the layout files are missing */
		code = 0;
	}
	return keymap->is_short ? -ENOMEM : code;
}

int keymap_create(const char *layout, struct keymap **out, struct error *err)
{
	struct keymap *keymap = calloc(1, sizeof(*keymap));
	struct layout parsed;
	int code;

	*out = NULL;
	if (!keymap) {
		return error_set_errno(err, -ENOMEM, "keyboard layout");
	}
	code = parse_layout(layout, &parsed) ? fill(keymap, &parsed) : -EINVAL;
	if (code < 0) {
		keymap_destroy(keymap);
		return code == -ENOMEM
			       ? error_set_errno(err, code, "keyboard layout")
			       : error_set(err, code, "no keyboard layout '%s'%s", layout,
					   HAVE_XKBCOMMON ? "; us, de, fr, us(dvorak) are some"
							  : "; this build has us alone");
	}
	*out = keymap;
	return 0;
}

void keymap_destroy(struct keymap *keymap)
{
	if (keymap) {
		free(keymap->entries);
		free(keymap);
	}
}
