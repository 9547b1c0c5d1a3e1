/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "display/display.h"
#include "display/input.h"
#include "display/keymap.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_input.h"
#include "mgmt/qmp_screen.h"
#include "vmm/base/compiler.h"

/* Keys and pointers by command: QEMU's send-key, input-send-event and query-mice, and text and
 * clicks. Replies to what takes time come when the guest has taken all. */

#define KEYS_MAX	64u
#define HOLD_DEFAULT_MS 10 /* as QEMU does, whatever its manual says */
#define HOLD_MAX_MS	60000
#define TYPE_DEFAULT_MS 20
#define TYPE_MAX_MS	10000
#define CLICK_MS	40
#define CLICKS_MAX	3

/* --- keys ------------------------------------------------------------------------------------ */

/* Fills `keys` with those that have a name; returns how many, or -1. */
static int take_keys(const json_t *array, unsigned keys[KEYS_MAX], struct qmp_failure *failure)
{
	int count = 0;

	if (json_array_size(array) > KEYS_MAX) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "more than %u keys at once", KEYS_MAX);
		return -1;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = qmp_element(array, "keys", i, failure);
		char path[QMP_PATH_SIZE];

		(void)snprintf(path, sizeof(path), "keys[%zu].", i);
		if (!value || !qmp_take_key(value, path, &keys[count], failure)) {
			return -1;
		}
		count += keys[count] != 0;
	}
	return count;
}

static json_t *run_send_key(const struct qmp_context *c, const json_t *arguments,
			    struct qmp_failure *failure)
{
	struct input_script script = { .count = 0 };
	uint64_t hold_ms;
	unsigned keys[KEYS_MAX];
	const int count = take_keys(json_object_get(arguments, "keys"), keys, failure);

	if (count < 0 ||
	    !qmp_take_number(arguments, "hold-time", HOLD_MAX_MS, HOLD_DEFAULT_MS, &hold_ms,
			     failure) ||
	    !qmp_find_input(c, failure)) {
		return NULL;
	}
	if (count == 0 || !qmp_guest_runs(c)) {
		return json_object();
	}
	script.steps = calloc((size_t)count, 2 * sizeof(*script.steps));
	if (!script.steps) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	hold_ms = hold_ms ? hold_ms : HOLD_DEFAULT_MS;
	for (int i = 0; i < count; i++) {
		script.steps[script.count++] =
			(struct input_step){ (uint16_t)keys[i], true, (uint32_t)hold_ms };
	}
	for (int i = count; i > 0; i--) {
		script.steps[script.count++] = (struct input_step){ (uint16_t)keys[i - 1], false,
								    i > 1 ? (uint32_t)hold_ms : 0 };
	}
	return qmp_play(c, &script, true, failure);
}

static json_t *run_type(const struct qmp_context *c, const json_t *arguments,
			struct qmp_failure *failure)
{
	const char *layout = json_string_value(json_object_get(arguments, "layout"));
	const char *text = json_string_value(json_object_get(arguments, "text"));
	uint64_t delay_ms;
	struct error err = { "" };
	struct input_script script;
	struct keymap *keymap;
	int code;

	if (!qmp_take_number(arguments, "delay", TYPE_MAX_MS, TYPE_DEFAULT_MS, &delay_ms,
			     failure) ||
	    !qmp_find_input(c, failure)) {
		return NULL;
	}
	if (!qmp_guest_runs(c)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "VM not running");
	}
	code = keymap_create(layout ? layout : "us", &keymap, &err);
	if (code == 0) {
		code = input_text_script(keymap, text, (uint32_t)delay_ms, &script, &err);
		keymap_destroy(keymap);
	}
	if (code < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
	}
	return qmp_play(c, &script, false, failure);
}

/* --- pointers -------------------------------------------------------------------------------- */

static json_t *run_query_mice(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	struct input *input = c->ops->input(c->machine);
	json_t *list = json_array();
	struct input_sink_info info;

	(void)arguments;
	(void)failure;
	for (size_t i = 0; input && input_sink_at(input, i, &info); i++) {
		const bool is_current = info.is_used && (info.kind == INPUT_TABLET ||
							 !input_has(input, INPUT_TABLET));

		if (info.kind == INPUT_TABLET || info.kind == INPUT_POINTER) {
			(void)json_array_append_new(
				list, json_pack("{s:s, s:I, s:b, s:b}", "name", info.id, "index",
						(json_int_t)i, "current", (int)is_current,
						"absolute", (int)(info.kind == INPUT_TABLET)));
		}
	}
	return list;
}

/* The middle of a pixel, as a place between the edges of the picture. */
static int32_t place_of(json_int_t pixel, uint32_t size)
{
	return (int32_t)((2 * pixel + 1) * INPUT_ABS_MAX / (2 * (json_int_t)size));
}

/* Moves the pointer to a pixel of the picture. */
static bool point(const struct qmp_context *c, const json_t *arguments, struct qmp_failure *failure)
{
	const json_int_t x = json_integer_value(json_object_get(arguments, "x"));
	const json_int_t y = json_integer_value(json_object_get(arguments, "y"));
	uint32_t width, height;
	unsigned scanout;
	struct display *display = qmp_find_scanout(c, arguments, &scanout, failure);

	if (!display) {
		return false;
	}
	display_picture_size(display, scanout, &width, &height);
	if (x < 0 || y < 0 || x >= width || y >= height) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "%lld,%lld lies outside of the picture of %u × %u pixels",
			       (long long)x, (long long)y, width, height);
		return false;
	}
	if (!input_move_to(c->ops->input(c->machine), scanout, place_of(x, width),
			   place_of(y, height))) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "the guest has no driver for a tablet yet");
		return false;
	}
	return true;
}

/* -1 with a failure for one that can't be clicked with. */
static int take_button(const json_t *arguments, struct qmp_failure *failure)
{
	int button = 0;

	if (json_object_get(arguments, "button")) {
		button = qmp_choice(arguments, "", "button", qmp_button_names, failure);
	}
	if (button >= 0 && !qmp_button(button)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "'%s' is no button to click with",
			       qmp_button_names[button]);
		return -1;
	}
	return button;
}

static json_t *run_click(const struct qmp_context *c, const json_t *arguments,
			 struct qmp_failure *failure)
{
	const int button = take_button(arguments, failure);
	struct input_script script = { .count = 0 };
	uint64_t count;

	if (button < 0 || !qmp_find_input(c, failure) ||
	    !qmp_take_number(arguments, "count", CLICKS_MAX, 1, &count, failure)) {
		return NULL;
	}
	if (!qmp_guest_runs(c)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "VM not running");
	}
	if (!point(c, arguments, failure)) {
		return NULL;
	}
	script.steps = calloc(2 * CLICKS_MAX, sizeof(*script.steps));
	if (!script.steps) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	for (uint64_t i = 0; i < 2 * count; i++) {
		script.steps[script.count++] =
			(struct input_step){ (uint16_t)qmp_button(button), i % 2 == 0, CLICK_MS };
	}
	return qmp_play(c, &script, true, failure);
}

/* --- */

static const struct qmp_argument send_key_arguments[] = { { "keys", QMP_ARRAY, false },
							  { "hold-time", QMP_INTEGER, true },
							  { .name = NULL } };
static const struct qmp_argument type_arguments[] = { { "text", QMP_STRING, false },
						      { "layout", QMP_STRING, true },
						      { "delay", QMP_INTEGER, true },
						      { .name = NULL } };
static const struct qmp_argument send_event_arguments[] = { { "device", QMP_STRING, true },
							    { "head", QMP_INTEGER, true },
							    { "events", QMP_ARRAY, false },
							    { .name = NULL } };
static const struct qmp_argument click_arguments[] = {
	{ "x", QMP_INTEGER, false },	  { "y", QMP_INTEGER, false },
	{ "button", QMP_STRING, true },	  { "count", QMP_INTEGER, true },
	{ "scanout", QMP_INTEGER, true }, { .name = NULL }
};

const struct qmp_command qmp_input_commands[] = {
	{ "send-key", send_key_arguments, run_send_key },
	{ "input-send-event", send_event_arguments, qmp_run_input_send_event },
	{ "query-mice", NULL, run_query_mice },
	{ "x-thunderlake-type", type_arguments, run_type },
	{ "x-thunderlake-click", click_arguments, run_click },
	{ .name = NULL },
};
