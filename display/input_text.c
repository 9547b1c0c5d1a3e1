/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "display/input_player.h"
#include "display/keymap.h"
#include "vmm/base/compiler.h"
#include "vmm/base/utf8.h"

#define STEPS_OF_CHARACTER (2 * KEYMAP_STROKES_MAX * KEYMAP_KEYS_MAX)

struct writer {
	struct input_script script;
	size_t capacity; /* of its steps */
	uint32_t delay_ms;
};

static void add(struct writer *writer, uint16_t key, bool down, uint32_t wait_ms)
{
	writer->script.steps[writer->script.count++] = (struct input_step){ key, down, wait_ms };
}

/* Half of the time down, half of it up. */
static void add_stroke(struct writer *writer, const struct keymap_stroke *stroke)
{
	const uint32_t down_ms = writer->delay_ms / 2;

	for (unsigned i = 0; i < stroke->count; i++) {
		add(writer, stroke->keys[i], true, i + 1 == stroke->count ? down_ms : 0);
	}
	for (unsigned i = stroke->count; i > 0; i--) {
		add(writer, stroke->keys[i - 1], false, i == 1 ? writer->delay_ms - down_ms : 0);
	}
}

static int make_room(struct writer *writer)
{
	const size_t capacity = writer->capacity ? 2 * writer->capacity : 256;
	struct input_step *list;

	if (writer->script.count + STEPS_OF_CHARACTER <= writer->capacity) {
		return 0;
	}
	if (capacity > INPUT_STEPS_MAX) {
		return -E2BIG;
	}
	list = realloc(writer->script.steps, capacity * sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	writer->script.steps = list;
	writer->capacity = capacity;
	return 0;
}

static int add_character(struct writer *writer, const struct keymap *keymap, uint32_t character,
			 struct error *err)
{
	struct keymap_stroke strokes[KEYMAP_STROKES_MAX];
	const unsigned count = keymap_find_character(keymap, character, strokes);
	int code;

	if (count == 0) {
		return error_set(err, -EINVAL, "the layout has no keys for U+%04" PRIX32,
				 character);
	}
	code = make_room(writer);
	if (code < 0) {
		return error_set_errno(err, code, "the text");
	}
	for (unsigned i = 0; i < count; i++) {
		add_stroke(writer, &strokes[i]);
	}
	return 0;
}

int input_text_script(const struct keymap *keymap, const char *text, uint32_t delay_ms,
		      struct input_script *out, struct error *err)
{
	struct writer writer = { .delay_ms = delay_ms };
	size_t left = strlen(text);
	int code = 0;

	while (left > 0 && code == 0) {
		uint32_t character = 0;
		const size_t length = utf8_decode(text, left, &character);

		code = length > 0 ? add_character(&writer, keymap, character, err)
				  : error_set(err, -EILSEQ, "the text is not UTF-8");
		text += length;
		left -= length;
	}
	if (code < 0) {
		free(writer.script.steps);
		writer.script = (struct input_script){ .steps = NULL };
	}
	*out = writer.script;
	return code;
}
