/* SPDX-License-Identifier: MIT */
/* `ctl NAME type|key|click`: keys and clicks for the guest. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/key_names.h"
#include "vmm/base/compiler.h"
#include "vmm/base/options.h"

#define FOREVER 0u /* a long text takes its time, and a guest may be slow */

/* What people call keys beside QEMU's names. */
static const struct {
	const char *name, *meant;
} nicknames[] = {
	{ "enter", "ret" },    { "return", "ret" },	    { "escape", "esc" },
	{ "space", "spc" },    { "super", "meta_l" },	    { "win", "meta_l" },
	{ "altgr", "alt_r" },  { "del", "delete" },	    { "ins", "insert" },
	{ "pageup", "pgup" },  { "pagedown", "pgdn" },	    { "menu", "compose" },
	{ "control", "ctrl" }, { "capslock", "caps_lock" },
};

/* --- type ------------------------------------------------------------------------------------ */

struct type_options {
	char *layout;
	uint64_t delay_ms;
	bool enter;
};

static const struct option type_options[] = {
	{ .name = "layout",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct type_options, layout),
	  .help = "the guest's keyboard layout, such as us, de or us(dvorak)",
	  .value_name = "LAYOUT",
	  .default_text = "us" },
	{ .name = "delay",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct type_options, delay_ms),
	  .help = "milliseconds from one key to the next",
	  .value_name = "MS",
	  .default_text = "20",
	  .max = 10000 },
	{ .name = "enter",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct type_options, enter),
	  .help = "press Enter afterwards" },
};

static int run_type(struct ctl *ctl, char **argv, struct error *err)
{
	const struct type_options *options = ctl->options;
	const size_t size = strlen(argv[0]) + 2;
	AUTO_FREE char *text = malloc(size);
	json_t *arguments;

	if (!text) {
		return error_set_errno(err, -ENOMEM, "text");
	}
	(void)snprintf(text, size, "%s%s", argv[0], options->enter ? "\n" : "");
	arguments = json_pack("{s:s, s:s, s:I}", "text", text, "layout", options->layout, "delay",
			      (json_int_t)options->delay_ms);
	if (!arguments) {
		return error_set(err, -EINVAL, "the text is not UTF-8");
	}
	ctl_client_set_patience(&ctl->client, FOREVER);
	return ctl_execute(ctl, "x-thunderlake-type", arguments, err);
}

/* --- key ------------------------------------------------------------------------------------- */

struct key_options {
	uint64_t hold_ms;
};

static const struct option key_options[] = {
	{ .name = "hold",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct key_options, hold_ms),
	  .help = "milliseconds to hold each key",
	  .value_name = "MS",
	  .default_text = "10",
	  .min = 1,
	  .max = 60000 },
};

/* QEMU's name of a key; NULL with a text that suggests the nearest. */
static const char *find_key(const char *name, struct error *err)
{
	const char *near;
	unsigned key;

	for (size_t i = 0; i < ARRAY_SIZE(nicknames); i++) {
		if (strcasecmp(nicknames[i].name, name) == 0) {
			return nicknames[i].meant;
		}
	}
	for (size_t i = 0; key_name_at(NULL, i); i++) {
		if (strcasecmp(key_name_at(NULL, i), name) == 0 &&
		    key_by_name(key_name_at(NULL, i), &key) && key) {
			return key_name_at(NULL, i);
		}
	}
	near = nearest_name(name, key_name_at, NULL);
	(void)error_set(err, 0, "no key '%s'%s%s%s", name, near ? "; did you mean '" : "",
			near ? near : "", near ? "'?" : "");
	return NULL;
}

/* The arguments of send-key for names joined by dashes, which are cut in place. */
static json_t *parse_combination(char *text, const struct key_options *options, struct error *err)
{
	json_t *keys = json_array();
	char *rest = text;
	char *name;

	while ((name = strsep(&rest, "-"))) {
		const char *known = find_key(name, err);

		if (!known) {
			json_decref(keys);
			return NULL;
		}
		(void)json_array_append_new(
			keys, json_pack("{s:s, s:s}", "type", "qcode", "data", known));
	}
	return json_pack("{s:o, s:I}", "keys", keys, "hold-time", (json_int_t)options->hold_ms);
}

static int run_key(struct ctl *ctl, char **argv, struct error *err)
{
	int code = 0;

	ctl_client_set_patience(&ctl->client, FOREVER);
	for (; *argv && code == 0; argv++) {
		json_t *arguments = parse_combination(*argv, ctl->options, err);

		code = arguments ? ctl_execute(ctl, "send-key", arguments, err) : -EINVAL;
	}
	return code;
}

/* --- click ----------------------------------------------------------------------------------- */

struct click_options {
	uint64_t scanout;
};

static const struct option click_options[] = {
	{ .name = "scanout",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct click_options, scanout),
	  .help = "which screen, from 0 on",
	  .value_name = "N",
	  .default_text = "0",
	  .max = 3 },
};

static int run_click(struct ctl *ctl, char **argv, struct error *err)
{
	const struct click_options *options = ctl->options;
	const char *button = argv[2] ? argv[2] : "left";
	json_int_t count = 1;
	uint64_t x, y;

	if (parse_number(argv[0], &x) < 0 || parse_number(argv[1], &y) < 0 || x > INT_MAX ||
	    y > INT_MAX) {
		return error_set(err, -EINVAL, "expected: click X Y, in pixels of the guest");
	}
	if (strcmp(button, "double") == 0) {
		button = "left";
		count = 2;
	} else if (strcmp(button, "none") == 0) {
		button = "left";
		count = 0;
	}
	return ctl_execute(ctl, "x-thunderlake-click",
			   json_pack("{s:I, s:I, s:s, s:I, s:I}", "x", (json_int_t)x, "y",
				     (json_int_t)y, "button", button, "count", count, "scanout",
				     (json_int_t)options->scanout),
			   err);
}

const struct ctl_action ctl_input_actions[] = {
	{ .name = "type",
	  .arguments = "TEXT",
	  .help = "type a text",
	  .min = 1,
	  .max = 1,
	  .run = run_type,
	  .options = { type_options, ARRAY_SIZE(type_options), NULL },
	  .options_size = sizeof(struct type_options) },
	{ .name = "key",
	  .arguments = "COMBINATION…",
	  .help = "press keys at once, such as ctrl-alt-f2 (names as QEMU's), one word after the "
		  "other",
	  .min = 1,
	  .max = 64,
	  .run = run_key,
	  .options = { key_options, ARRAY_SIZE(key_options), NULL },
	  .options_size = sizeof(struct key_options) },
	{ .name = "click",
	  .arguments = "X Y [BUTTON]",
	  .help = "click at a pixel: left, right, middle, double, or none to point only",
	  .min = 2,
	  .max = 3,
	  .run = run_click,
	  .options = { click_options, ARRAY_SIZE(click_options), NULL },
	  .options_size = sizeof(struct click_options) },
	{ .name = NULL },
};
