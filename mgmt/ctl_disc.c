/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_answer.h"
#include "mgmt/ctl_print.h"
#include "mgmt/ctl_screen.h"
#include "mgmt/image.h"
#include "mgmt/machine_config_discs.h"
#include "vmm/base/compiler.h"

/* `ctl NAME disc …` */

#define USAGE	      "expected: disc [status], insert FILE, swap FILE, eject, open, close, or model"
#define MS_PER_SECOND 1000.0
#define SPEED_MAX     100.0
#define DVD_1X_BYTES  1385000.0 /* a second */
/* Guests look for news of a drive every two seconds; so often, a tenth of a second apart. */
#define UNLOCK_TRIES 80u

struct disc_options {
	char *drive;
	char *kind;
	bool force;
	char *spin_up, *seek, *speed;
	struct option_list bad, slow;
	bool once, stuck;
};

/* --- status ---------------------------------------------------------------------------------- */

static void print_drive(const json_t *drive)
{
	const json_t *disc = json_object_get(drive, "disc");
	const json_t *stats = json_object_get(drive, "stats");
	const int64_t refused = number_of(stats, "refused");

	(void)printf("%s: tray %s%s%s\n", text_of(drive, "id"),
		     is_true(drive, "tray-open") ? "open" : "closed",
		     is_true(drive, "locked") ? ", locked by the guest" : "",
		     is_true(drive, "host") ? ", a drive of the host's" : "");
	if (disc) {
		(void)printf("  disc     %s, %.1f MB: %s\n", text_of(disc, "kind"),
			     (double)number_of(disc, "bytes") / 1e6, text_of(disc, "file"));
	} else {
		(void)printf("  disc     none\n");
	}
	(void)printf("  reads    %" PRId64 " of %" PRId64 " sectors, %" PRId64 " seeks, %" PRId64
		     " stalls, %" PRId64 " errors\n",
		     number_of(stats, "reads"), number_of(stats, "sectors"),
		     number_of(stats, "seeks"), number_of(stats, "stalls"),
		     number_of(stats, "errors"));
	if (refused) {
		(void)printf("  refused  %" PRId64 " commands\n", refused);
	}
}

static void print_drives(const json_t *drives)
{
	json_t *drive;
	size_t i;

	if (json_array_size(drives) == 0) {
		(void)puts("the machine has no optical drive (run --disc)");
	}
	json_array_foreach(drives, i, drive)
	{
		print_drive(drive);
	}
}

/* --- which drive ----------------------------------------------------------------------------- */

/* The drive of --drive, or the first, as the machine describes it: a new reference. */
static int find_drive(struct ctl *ctl, json_t **out, struct error *err)
{
	const struct disc_options *options = ctl->options;
	json_t *drives = NULL;
	json_t *drive;
	size_t i;
	int code =
		ctl_client_execute(&ctl->client, "x-thunderlake-query-drives", NULL, &drives, err);

	*out = NULL;
	json_array_foreach(drives, i, drive)
	{
		if (!*out &&
		    (!options->drive || strcmp(text_of(drive, "id"), options->drive) == 0)) {
			*out = json_incref(drive);
		}
	}
	json_decref(drives);
	if (code < 0 || *out) {
		return code;
	}
	return options->drive ? error_set(err, -EINVAL, "the machine has no optical drive '%s'",
					  options->drive)
			      : error_set(err, -EINVAL,
					  "the machine has no optical drive: start it with --disc");
}

/* Runs a command about the drive. */
static int execute(struct ctl *ctl, const char *command, json_t *drive, json_t *arguments,
		   struct error *err)
{
	(void)json_object_set(arguments, "id", json_object_get(drive, "id"));
	return ctl_execute(ctl, command, arguments, err);
}

/* Whether the tray opens before long. */
static bool wait_for_tray(struct ctl *ctl, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 100000000 };

	for (unsigned i = 0; i < UNLOCK_TRIES; i++) {
		json_t *drive;
		bool is_open;

		(void)nanosleep(&pause, NULL);
		if (find_drive(ctl, &drive, err) < 0) {
			return false;
		}
		is_open = is_true(drive, "tray-open");
		json_decref(drive);
		if (is_open) {
			return true;
		}
	}
	return false;
}

/* The same for one that needs the tray open: most guests lock it as long as there is a disc, but
 * let go when they are asked, which the first try does. */
static int execute_with_tray(struct ctl *ctl, const char *command, json_t *drive, json_t *arguments,
			     struct error *err)
{
	const struct disc_options *options = ctl->options;
	struct error later;
	int code;

	(void)json_object_set_new(arguments, "force", json_boolean(options->force));
	code = execute(ctl, command, drive, json_incref(arguments), err);
	if (code == -EREMOTEIO && is_true(drive, "locked") && !options->force &&
	    wait_for_tray(ctl, &later)) {
		code = execute(ctl, command, drive, json_incref(arguments), err);
	}
	json_decref(arguments);
	return code;
}

/* --- discs come and go ----------------------------------------------------------------------- */

static int lay_in(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	const struct disc_options *options = ctl->options;
	AUTO_FREE char *path = NULL;
	json_t *arguments;
	int code = machine_config_is_disc_name(file) ? image_find_disc(file, &path, err)
						     : ctl_absolute_path(file, &path, err);

	if (code < 0) {
		return code;
	}
	arguments = json_object();
	if (json_object_set_new(arguments, "filename", json_string(path)) < 0) {
		json_decref(arguments);
		return error_set(err, -EINVAL, "'%s' is not UTF-8", path);
	}
	if (options->kind) {
		(void)json_object_set_new(arguments, "x-thunderlake-kind",
					  json_string(options->kind));
	}
	return execute_with_tray(ctl, "blockdev-change-medium", drive, arguments, err);
}

/* An empty drive only: nobody's disc is taken away unasked. */
static int insert(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	const json_t *disc = json_object_get(drive, "disc");

	if (disc) {
		return error_set(err, -EINVAL,
				 "there is a disc in %s, %s: `disc swap FILE` changes it, `disc "
				 "eject` takes it out",
				 text_of(drive, "id"), text_of(disc, "file"));
	}
	return lay_in(ctl, drive, file, err);
}

static int swap(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	return lay_in(ctl, drive, file, err);
}

static int eject(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	(void)file;
	return execute_with_tray(ctl, "eject", drive, json_object(), err);
}

/* Of a guest that has locked it the command only asks. */
static int open_tray(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	const struct disc_options *options = ctl->options;
	json_t *arguments = json_pack("{s:b}", "force", options->force);
	int code = execute(ctl, "blockdev-open-tray", drive, arguments, err);

	(void)file;
	if (code == 0 && is_true(drive, "locked") && !options->force && !wait_for_tray(ctl, err)) {
		return error_set(err, -EBUSY,
				 "%s: the guest keeps the tray locked; --force opens it",
				 text_of(drive, "id"));
	}
	return code;
}

static int close_tray(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	(void)file;
	return execute(ctl, "blockdev-close-tray", drive, json_object(), err);
}

/* --- model ----------------------------------------------------------------------------------- */

static int add_ms(json_t *arguments, const char *key, const char *option, const char *text,
		  struct error *err)
{
	double seconds = 0;
	int code = ctl_parse_seconds(option, text, &seconds, err);

	if (code == 0) {
		(void)json_object_set_new(arguments, key,
					  json_integer((json_int_t)(seconds * MS_PER_SECOND)));
	}
	return code;
}

static int add_speed(json_t *arguments, const char *text, struct error *err)
{
	char *end;
	double speed;

	if (!text) {
		return 0;
	}
	speed = strtod(text, &end);
	if (end == text || *end || !isfinite(speed) || speed < 0 || speed > SPEED_MAX) {
		return error_set(err, -EINVAL, "--speed: '%s' is no number from 0 to %.0f", text,
				 SPEED_MAX);
	}
	(void)json_object_set_new(arguments, "bytes-per-second",
				  json_integer((json_int_t)(speed * DVD_1X_BYTES)));
	return 0;
}

/* FIRST[-LAST][:MS] */
static int add_fault(json_t *faults, const char *option, const char *kind, const char *text,
		     bool once, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	uint64_t first, last, delay_ms = 0;
	char *delay = copy ? strchr(copy, ':') : NULL;
	char *end;

	if (!copy) {
		return error_set_errno(err, -ENOMEM, "--%s", option);
	}
	if (delay) {
		*delay++ = '\0';
	}
	end = strchr(copy, '-');
	if (end) {
		*end++ = '\0';
	}
	if (parse_number(copy, &first) < 0 || (end && parse_number(end, &last) < 0) ||
	    (delay && parse_number(delay, &delay_ms) < 0)) {
		return error_set(err, -EINVAL, "--%s: '%s' is not SECTOR[-SECTOR][:MILLISECONDS]",
				 option, text);
	}
	(void)json_array_append_new(
		faults, json_pack("{s:I, s:I, s:s, s:I, s:b}", "first", (json_int_t)first, "last",
				  (json_int_t)(end ? last : first), "kind", kind, "delay-ms",
				  (json_int_t)delay_ms, "once", once));
	return 0;
}

static int add_faults(json_t *arguments, const struct disc_options *options, struct error *err)
{
	json_t *faults = json_array();
	int code = 0;

	for (size_t i = 0; code == 0 && i < options->bad.count; i++) {
		code = add_fault(faults, "bad", "error", options->bad.items[i], options->once, err);
	}
	for (size_t i = 0; code == 0 && i < options->slow.count; i++) {
		code = add_fault(faults, "slow", "slow", options->slow.items[i], options->once,
				 err);
	}
	(void)json_object_set_new(arguments, "faults", faults);
	return code;
}

static int set_model(struct ctl *ctl, json_t *drive, const char *file, struct error *err)
{
	const struct disc_options *options = ctl->options;
	json_t *arguments = json_pack("{s:b}", "stuck", options->stuck);
	int code = add_ms(arguments, "spin-up-ms", "spin-up", options->spin_up, err);

	(void)file;
	code = code ?: add_ms(arguments, "seek-ms", "seek", options->seek, err);
	code = code ?: add_speed(arguments, options->speed, err);
	code = code ?: add_faults(arguments, options, err);
	if (code < 0) {
		json_decref(arguments);
		return code;
	}
	return execute(ctl, "x-thunderlake-disc-model", drive, arguments, err);
}

/* --- table ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	bool takes_file;
	int (*run)(struct ctl *ctl, json_t *drive, const char *file, struct error *err);
} WORDS[] = {
	{ "insert", true, insert },   { "swap", true, swap },	      { "eject", false, eject },
	{ "open", false, open_tray }, { "close", false, close_tray }, { "model", false, set_model },
};

static int run_disc(struct ctl *ctl, char **argv, struct error *err)
{
	json_t *drive;
	int code;

	if (!argv[0] || (strcmp(argv[0], "status") == 0 && !argv[1])) {
		return ctl_show(ctl, "x-thunderlake-query-drives", print_drives, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		if (strcmp(argv[0], WORDS[i].word) != 0 || !argv[1] == WORDS[i].takes_file) {
			continue;
		}
		code = find_drive(ctl, &drive, err);
		code = code ?: WORDS[i].run(ctl, drive, argv[1], err);
		json_decref(drive);
		return code;
	}
	return error_set(err, -EINVAL, USAGE);
}

static const struct option disc_options[] = {
	{ .name = "drive",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct disc_options, drive),
	  .value_name = "ID",
	  .help = "which one, where there are several (the first)" },
	{ .name = "kind",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct disc_options, kind),
	  .value_name = "KIND",
	  .help = "insert, swap: cd-rom, dvd-rom, dvd-r, or by its contents (auto)" },
	{ .name = "force",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct disc_options, force),
	  .help = "open the tray though the guest has locked it" },
	{ .name = "spin-up",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct disc_options, spin_up),
	  .value_name = "SECONDS",
	  .help = "model: until a disc that was laid in can be read" },
	{ .name = "seek",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct disc_options, seek),
	  .value_name = "SECONDS",
	  .help = "model: across all of the disc; shorter ways take a part of it" },
	{ .name = "speed",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct disc_options, speed),
	  .value_name = "TIMES",
	  .help = "model: 1 is that of a DVD player, 1385000 bytes a second; 0: no limit" },
	{ .name = "bad",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct disc_options, bad),
	  .value_name = "FROM[-TO][:MS]",
	  .help = "model: sectors that cannot be read, found out after so long; may come again" },
	{ .name = "slow",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct disc_options, slow),
	  .value_name = "FROM[-TO]:MS",
	  .help = "model: sectors that can be read, but only after so long; may come again" },
	{ .name = "once",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct disc_options, once),
	  .help = "model: bad and slow sectors are so for the first read alone" },
	{ .name = "stuck",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct disc_options, stuck),
	  .help = "model: the tray does not open" },
};

const struct ctl_action ctl_disc_actions[] = {
	{ "disc", "[insert FILE|swap FILE|eject …]",
	  "its DVD drive: lay a disc in, take it out, be slow or bad on purpose", 0, 2, NULL,
	  run_disc, .options = { disc_options, ARRAY_SIZE(disc_options), NULL },
	  .options_size = sizeof(struct disc_options) },
	{ .name = NULL },
};
