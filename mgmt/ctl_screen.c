/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_print.h"
#include "mgmt/ctl_screen.h"
#include "vmm/base/compiler.h"

#define SECONDS_MAX	     86400.0
#define DEFAULT_SECONDS	     60.0
#define MS_PER_SECOND	     1000.0
#define ANSWER_EXTRA_SECONDS 30

/* --- words ----------------------------------------------------------------------------------- */

/* The machine has another working folder than we. */
int ctl_absolute_path(const char *path, char **out, struct error *err)
{
	AUTO_FREE char *folder = NULL;

	if (path[0] == '/') {
		*out = strdup(path);
	} else {
		folder = getcwd(NULL, 0);
		if (!folder || asprintf(out, "%s/%s", folder, path) < 0) {
			*out = NULL;
		}
	}
	if (!*out) {
		(void)error_set_errno(err, -ENOMEM, "%s", path);
		return -ENOMEM;
	}
	return 0;
}

/* NAME-2026-11-22-193000SUFFIX in our folder. */
static int default_path(const char *machine, const char *suffix, char **out, struct error *err)
{
	const time_t now = time(NULL);
	AUTO_FREE char *name = NULL;
	char stamp[32] = "";
	struct tm local;

	*out = NULL;
	if (localtime_r(&now, &local)) {
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%d-%H%M%S", &local);
	}
	if (asprintf(&name, "%s-%s%s", machine, stamp, suffix) < 0) {
		name = NULL;
		(void)error_set_errno(err, -ENOMEM, "path");
		return -ENOMEM;
	}
	return ctl_absolute_path(name, out, err);
}

int ctl_parse_seconds(const char *option, const char *text, double *out, struct error *err)
{
	char *end;
	double value;

	if (!text) {
		return 0;
	}
	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value < 0 || value > SECONDS_MAX) {
		return error_set(err, -EINVAL, "--%s: '%s' is no number of seconds", option, text);
	}
	*out = value;
	return 0;
}

/* Four numbers "WIDTHxHEIGHT+X+Y", or the first two; returns how many were there, 0 otherwise. */
static int parse_geometry(const char *text, unsigned *values)
{
	int used = 0;

	/* NOLINTNEXTLINE(cert-err34-c): too large numbers are refused by the machine. */
	if (sscanf(text, "%5ux%5u+%5u+%5u%n", &values[0], &values[1], &values[2], &values[3],
		   &used) == 4 &&
	    !text[used]) {
		return 4;
	}
	used = 0;
	/* NOLINTNEXTLINE(cert-err34-c) */
	return sscanf(text, "%5ux%5u%n", &values[0], &values[1], &used) == 2 && !text[used] ? 2 : 0;
}

/* --- screenshot ------------------------------------------------------------------------------ */

struct screenshot_options {
	uint64_t scanout;
	bool cursor;
};

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static int run_screenshot(struct ctl *ctl, char **argv, struct error *err)
{
	const struct screenshot_options *options = ctl->options;
	AUTO_FREE char *path = NULL;
	int code = argv[0] ? ctl_absolute_path(argv[0], &path, err)
			   : default_path(ctl->name, ".png", &path, err);

	if (code < 0) {
		return code;
	}
	code = ctl_execute(ctl, "screendump",
			   json_pack("{s:s, s:s, s:I, s:b}", "filename", path, "format",
				     ends_with(path, ".ppm") ? "ppm" : "png", "scanout",
				     (json_int_t)options->scanout, "x-thunderlake-cursor",
				     options->cursor),
			   err);
	if (code == 0 && !ctl->json) {
		(void)puts(path);
	}
	return code;
}

/* --- wait ------------------------------------------------------------------------------------ */

struct wait_options {
	uint64_t scanout, tolerance, permille;
	char *image, *mask, *region, *stable, *timeout, *difference;
};

static int add_path(json_t *arguments, const char *key, const char *path, struct error *err)
{
	AUTO_FREE char *absolute = NULL;
	int code = path ? ctl_absolute_path(path, &absolute, err) : 0;

	if (path && code == 0) {
		(void)json_object_set_new(arguments, key, json_string(absolute));
	}
	return code;
}

static int add_region(json_t *arguments, const char *text, struct error *err)
{
	unsigned r[4];

	if (!text) {
		return 0;
	}
	if (parse_geometry(text, r) != 4) {
		return error_set(err, -EINVAL, "--region: '%s' is not WIDTHxHEIGHT+X+Y", text);
	}
	return json_object_set_new(arguments, "region",
				   json_pack("{s:I, s:I, s:I, s:I}", "width", (json_int_t)r[0],
					     "height", (json_int_t)r[1], "x", (json_int_t)r[2], "y",
					     (json_int_t)r[3]));
}

/* What is left of the guest's screen when the time is over, next to us. */
static int add_difference(struct ctl *ctl, json_t *arguments, struct error *err)
{
	const struct wait_options *options = ctl->options;
	AUTO_FREE char *path = NULL;
	int code = 0;

	if (!options->difference && options->image) {
		code = default_path(ctl->name, "-difference.png", &path, err);
	}
	return code ?: add_path(arguments, "difference", path ? path : options->difference, err);
}

static void print_match(const json_t *value)
{
	(void)printf("%s after %.1f s\n", json_string_value(json_object_get(value, "matched")),
		     json_number_value(json_object_get(value, "waited-ms")) / MS_PER_SECOND);
}

static int run_wait(struct ctl *ctl, char **argv, struct error *err)
{
	const struct wait_options *options = ctl->options;
	double stable = 0;
	double timeout = DEFAULT_SECONDS;
	json_t *arguments = NULL;
	json_t *value;
	int code;

	(void)argv;
	if (!options->image && !options->stable) {
		return error_set(err, -EINVAL,
				 "wait for what? --image=FILE, --stable=SECONDS or both");
	}
	code = ctl_parse_seconds("stable", options->stable, &stable, err);
	code = code ?: ctl_parse_seconds("timeout", options->timeout, &timeout, err);
	if (code < 0) {
		return code;
	}
	arguments = json_pack("{s:I, s:I, s:I, s:I, s:I}", "scanout", (json_int_t)options->scanout,
			      "tolerance", (json_int_t)options->tolerance, "tolerance-permille",
			      (json_int_t)options->permille, "stable-ms",
			      (json_int_t)(stable * MS_PER_SECOND), "timeout-ms",
			      (json_int_t)(timeout * MS_PER_SECOND));
	code = add_path(arguments, "file", options->image, err);
	code = code ?: add_path(arguments, "mask", options->mask, err);
	code = code ?: add_region(arguments, options->region, err);
	code = code ?: add_difference(ctl, arguments, err);
	if (code < 0) {
		json_decref(arguments);
		return code;
	}
	ctl_client_set_patience(&ctl->client, (unsigned)timeout + ANSWER_EXTRA_SECONDS);
	code = ctl_client_execute(&ctl->client, "x-thunderlake-wait-screen", arguments, &value,
				  err);
	if (code == 0) {
		(ctl->json ? ctl_print_json : print_match)(value);
	}
	json_decref(value);
	return code;
}

/* --- stats ----------------------------------------------------------------------------------- */

struct stats_options {
	bool reset;
};

static int run_stats(struct ctl *ctl, char **argv, struct error *err)
{
	const struct stats_options *options = ctl->options;
	json_t *value;
	int code = ctl_client_execute(&ctl->client, "x-thunderlake-stats",
				      json_pack("{s:b}", "reset", options->reset), &value, err);

	(void)argv;
	if (code == 0) {
		(ctl->json ? ctl_print_json : ctl_print_stats)(value);
	}
	json_decref(value);
	return code;
}

/* --- display --------------------------------------------------------------------------------- */

struct display_options {
	uint64_t scanout, refresh_hz;
	bool off;
};

static int run_display(struct ctl *ctl, char **argv, struct error *err)
{
	const struct display_options *options = ctl->options;
	json_t *arguments;
	json_t *value;
	unsigned size[4];
	int code;

	if (!argv[0] && !options->off && !options->refresh_hz) {
		code = ctl_client_execute(&ctl->client, "x-thunderlake-query-screens", NULL, &value,
					  err);
		if (code == 0) {
			(ctl->json ? ctl_print_json : ctl_print_screens)(value);
		}
		json_decref(value);
		return code;
	}
	arguments = json_pack("{s:I, s:b}", "scanout", (json_int_t)options->scanout, "connected",
			      !options->off);
	if (argv[0]) {
		if (parse_geometry(argv[0], size) != 2) {
			json_decref(arguments);
			return error_set(err, -EINVAL, "'%s' is not WIDTHxHEIGHT", argv[0]);
		}
		(void)json_object_set_new(arguments, "width", json_integer(size[0]));
		(void)json_object_set_new(arguments, "height", json_integer(size[1]));
	}
	if (options->refresh_hz) {
		(void)json_object_set_new(arguments, "refresh-mhz",
					  json_integer((json_int_t)options->refresh_hz * 1000));
	}
	return ctl_execute(ctl, "x-thunderlake-display", arguments, err);
}

/* --- record ---------------------------------------------------------------------------------- */

struct record_options {
	uint64_t scanout, rate_hz;
	bool cursor;
};

static void print_film(const json_t *film)
{
	const json_t *ended = json_object_get(film, "ended");

	if (!json_object_get(film, "file")) {
		(void)puts("nothing is being recorded");
		return;
	}
	(void)printf("%s: %" JSON_INTEGER_FORMAT " x %" JSON_INTEGER_FORMAT
		     ", %" JSON_INTEGER_FORMAT " frames, %.1f s%s%s\n",
		     json_string_value(json_object_get(film, "file")),
		     json_integer_value(json_object_get(film, "width")),
		     json_integer_value(json_object_get(film, "height")),
		     json_integer_value(json_object_get(film, "frames")),
		     json_number_value(json_object_get(film, "seconds")), ended ? "; ended: " : "",
		     ended ? json_string_value(ended) : "");
}

static int show_film(struct ctl *ctl, const char *command, json_t *arguments, struct error *err)
{
	json_t *value;
	int code = ctl_client_execute(&ctl->client, command, arguments, &value, err);

	if (code == 0) {
		(ctl->json ? ctl_print_json : print_film)(value);
	}
	json_decref(value);
	return code;
}

static int run_record(struct ctl *ctl, char **argv, struct error *err)
{
	const struct record_options *options = ctl->options;
	AUTO_FREE char *path = NULL;
	json_t *arguments;
	int code;

	if (!argv[0]) {
		return show_film(ctl, "x-thunderlake-query-record", NULL, err);
	}
	if (strcmp(argv[0], "stop") == 0) {
		return show_film(ctl, "x-thunderlake-record", json_pack("{s:s}", "action", "stop"),
				 err);
	}
	code = ctl_absolute_path(argv[0], &path, err);
	if (code < 0) {
		return code;
	}
	arguments = json_pack("{s:s, s:s, s:I, s:b}", "action", "start", "file", path, "scanout",
			      (json_int_t)options->scanout, "cursor", options->cursor);
	if (options->rate_hz) {
		(void)json_object_set_new(arguments, "rate",
					  json_integer((json_int_t)options->rate_hz));
	}
	return ctl_execute(ctl, "x-thunderlake-record", arguments, err);
}

/* --- tables ---------------------------------------------------------------------------------- */

#define SCANOUT(type)                                                                            \
	{                                                                                        \
		.name = "scanout", .kind = OPTION_INT, .offset = offsetof(struct type, scanout), \
		.value_name = "N", .help = "which screen, from 0 on",                            \
	}

static const struct option screenshot_options[] = {
	SCANOUT(screenshot_options),
	{ .name = "cursor",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct screenshot_options, cursor),
	  .help = "with the mouse pointer" },
};

#define WAIT_TEXT(field, value, text)                                                  \
	{                                                                              \
		.name = #field, .kind = OPTION_STRING,                                 \
		.offset = offsetof(struct wait_options, field), .value_name = (value), \
		.help = (text),                                                        \
	}

static const struct option wait_options[] = {
	WAIT_TEXT(image, "FILE", "until the screen looks like this PNG"),
	WAIT_TEXT(region, "WxH+X+Y", "look only there"),
	WAIT_TEXT(mask, "FILE", "look only where this PNG is not black"),
	{ .name = "tolerance",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct wait_options, tolerance),
	  .value_name = "N",
	  .max = UINT8_MAX,
	  .help = "how far a colour may be off, of 255" },
	{ .name = "permille",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct wait_options, permille),
	  .value_name = "N",
	  .max = 1000,
	  .help = "so many of a thousand pixels may differ" },
	WAIT_TEXT(stable, "SECONDS", "until nothing has changed for so long"),
	WAIT_TEXT(timeout, "SECONDS", "give up then, with exit code 4 (60)"),
	WAIT_TEXT(difference, "FILE", "where to leave a picture of what differs then"),
	SCANOUT(wait_options),
};

static const struct option stats_options[] = {
	{ .name = "reset",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct stats_options, reset),
	  .help = "and begin anew" },
};

static const struct option display_options[] = {
	SCANOUT(display_options),
	{ .name = "refresh",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct display_options, refresh_hz),
	  .value_name = "HZ",
	  .min = 1,
	  .max = 1000,
	  .help = "pictures in a second" },
	{ .name = "off",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct display_options, off),
	  .help = "unplug it" },
};

static const struct option record_options[] = {
	SCANOUT(record_options),
	{ .name = "rate",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct record_options, rate_hz),
	  .value_name = "HZ",
	  .min = 1,
	  .max = 1000,
	  .help = "pictures in a second of the film; else the screen's" },
	{ .name = "cursor",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct record_options, cursor),
	  .default_text = "on",
	  .value_name = "off",
	  .help = "without the mouse pointer" },
};

#define OPTIONS(table) \
	.options = { table, ARRAY_SIZE(table), NULL }, .options_size = sizeof(struct table)

const struct ctl_action ctl_screen_actions[] = {
	{ "screenshot", "[FILE]", "save what is on its screen as PNG (or .ppm)", 0, 1, NULL,
	  run_screenshot, OPTIONS(screenshot_options) },
	{ "wait", "", "wait for its screen", 0, 0, NULL, run_wait, OPTIONS(wait_options) },
	{ "stats", "", "how evenly its pictures come", 0, 0, NULL, run_stats,
	  OPTIONS(stats_options) },
	{ "record", "[FILE|stop]",
	  "film its screen (.mkv by ffmpeg, or .y4m); alone: how far it is", 0, 1, NULL, run_record,
	  OPTIONS(record_options) },
	{ "display", "[WIDTHxHEIGHT]", "wish a size of its screen; alone: list the screens", 0, 1,
	  NULL, run_display, OPTIONS(display_options) },
	{ .name = NULL },
};
