/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_screen.h"
#include "mgmt/recording.h"
#include "vmm/base/compiler.h"

/* Films of the screen. */

#define RATE_MAX_HZ 1000

static json_t *describe(const char *file, const struct record_status *status)
{
	const double seconds =
		status->rate_mhz ? (double)status->frames * 1000.0 / (double)status->rate_mhz : 0;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:s*}", "file", file, "width",
			 (json_int_t)status->width, "height", (json_int_t)status->height, "frames",
			 (json_int_t)status->frames, "lost", (json_int_t)status->lost, "seconds",
			 seconds, "ended", status->code ? strerror(-status->code) : NULL);
}

/* The options as recording_start takes them; a comma in the file's name is doubled. */
static char *make_text(const char *file, uint64_t rate_hz, unsigned scanout, bool with_cursor)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream) {
		return NULL;
	}
	(void)fputs("file=", stream);
	for (; *file; file++) {
		(void)fputs(*file == ',' ? "," : "", stream);
		(void)fputc(*file, stream);
	}
	(void)fprintf(stream, ",screen=%u,cursor=%s", scanout, with_cursor ? "on" : "off");
	if (rate_hz) {
		(void)fprintf(stream, ",rate=%" PRIu64, rate_hz);
	}
	return fclose(stream) == 0 ? text : NULL;
}

static json_t *start(const struct qmp_context *c, const json_t *arguments,
		     struct qmp_failure *failure)
{
	const char *file = json_string_value(json_object_get(arguments, "file"));
	const json_t *cursor = json_object_get(arguments, "cursor");
	AUTO_FREE char *text = NULL;
	unsigned scanout;
	uint64_t rate_hz;
	struct error err;

	if (!file || !*file) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter 'file' is missing");
	}
	if (!qmp_take_number(arguments, "rate", RATE_MAX_HZ, 0, &rate_hz, failure) ||
	    !qmp_find_scanout(c, arguments, &scanout, failure)) {
		return NULL;
	}
	text = make_text(file, rate_hz, scanout, !cursor || json_is_true(cursor));
	if (!text) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	if (recording_start(c->ops->recording(c->machine), text, &err) < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
	}
	return json_object();
}

static json_t *stop(struct recording *recording, struct qmp_failure *failure)
{
	struct record_status status;
	const char *file = recording_file(recording, &status);
	AUTO_FREE char *name = strdup(file ? file : "");
	struct error err;

	if (!name) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	if (recording_stop(recording, &status, &err) < 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
	}
	return describe(name, &status);
}

static json_t *run_record(const struct qmp_context *c, const json_t *arguments,
			  struct qmp_failure *failure)
{
	const char *action = json_string_value(json_object_get(arguments, "action"));

	if (strcmp(action, "start") == 0) {
		return start(c, arguments, failure);
	}
	if (strcmp(action, "stop") == 0) {
		return stop(c->ops->recording(c->machine), failure);
	}
	return qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter 'action' does not accept value '%s'",
			action);
}

static json_t *run_query_record(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	struct record_status status;
	const char *file = recording_file(c->ops->recording(c->machine), &status);

	(void)arguments;
	(void)failure;
	return file ? describe(file, &status) : json_object();
}

static const struct qmp_argument record_arguments[] = {
	{ "action", QMP_STRING, false }, { "file", QMP_STRING, true },
	{ "rate", QMP_INTEGER, true },	 { "scanout", QMP_INTEGER, true },
	{ "cursor", QMP_BOOL, true },	 { .name = NULL },
};

const struct qmp_command qmp_record_commands[] = {
	{ "x-thunderlake-record", record_arguments, run_record },
	{ "x-thunderlake-query-record", NULL, run_query_record },
	{ .name = NULL },
};
