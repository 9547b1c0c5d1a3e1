/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "devices/scsi/drive.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_drives.h"
#include "vmm/base/compiler.h"

/* What QEMU has no words for: how a drive is used, and how slow and bad its discs are. */

#define MODEL_MS_MAX	(24u * 3600u * 1000u)
#define MODEL_SPEED_MAX (UINT64_C(1) << 40)

static json_t *answer(int code, const struct error *err, struct qmp_failure *failure)
{
	return code < 0 ? qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err->text) : json_object();
}

static json_t *describe_disc(const struct drive_status *status)
{
	return json_pack("{s:s, s:s, s:I}", "file", status->path, "kind",
			 qmp_disc_kinds[status->kind], "bytes", (json_int_t)status->bytes);
}

static json_t *describe_counters(const struct drive_counters *counters)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "reads", (json_int_t)counters->reads,
			 "sectors", (json_int_t)counters->sectors, "seeks",
			 (json_int_t)counters->seeks, "stalls", (json_int_t)counters->stalls,
			 "errors", (json_int_t)counters->errors, "refused",
			 (json_int_t)counters->refused);
}

static json_t *run_query_drives(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	json_t *list = json_array();
	struct drive_counters counters;
	struct drive_status status;
	struct qmp_drive drive;

	(void)arguments;
	(void)failure;
	for (size_t i = 0; c->ops->drive_at(c->machine, i, &drive); i++) {
		drive.ops->status(drive.state, &status);
		drive.ops->counters(drive.state, &counters);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:b, s:b, s:b, s:o*, s:o}", "id", drive.id, "host",
					status.is_host, "tray-open", status.tray_open, "locked",
					status.locked, "disc",
					status.has_disc ? describe_disc(&status) : NULL, "stats",
					describe_counters(&counters)));
	}
	return list;
}

/* Those of a fault's members that are there and should be. */
static bool are_numbers(const json_t *fault, const char *path, struct qmp_failure *failure)
{
	static const char *const names[] = { "first", "last", "delay-ms" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (json_object_get(fault, names[i]) &&
		    !qmp_member(fault, path, names[i], QMP_INTEGER, failure)) {
			return false;
		}
	}
	return true;
}

static bool take_fault(const json_t *fault, const char *path, struct disc_fault *out,
		       struct qmp_failure *failure)
{
	static const char *const members[] = { "first", "last", "kind", "delay-ms", "once", NULL };
	static const char *const kinds[] = { "error", "slow", NULL }; /* enum disc_fault_kind */
	uint64_t first, last, delay_ms;
	int kind;

	if (!qmp_has_only(fault, path, members, failure) ||
	    !qmp_member(fault, path, "first", QMP_INTEGER, failure) ||
	    !are_numbers(fault, path, failure) ||
	    !qmp_take_number(fault, "first", UINT32_MAX, 0, &first, failure) ||
	    !qmp_take_number(fault, "last", UINT32_MAX, first, &last, failure) ||
	    !qmp_take_number(fault, "delay-ms", MODEL_MS_MAX, 0, &delay_ms, failure)) {
		return false;
	}
	kind = qmp_choice(fault, path, "kind", kinds, failure);
	*out = (struct disc_fault){ .first_lba = (uint32_t)first,
				    .last_lba = (uint32_t)last,
				    .kind = (enum disc_fault_kind)kind,
				    .delay_ms = (uint32_t)delay_ms,
				    .once = json_is_true(json_object_get(fault, "once")) };
	return kind >= 0;
}

static bool take_faults(const json_t *faults, struct disc_model_config *out,
			struct qmp_failure *failure)
{
	const size_t count = json_array_size(faults);
	char path[32];

	if (count > DISC_MODEL_FAULTS_MAX) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "%zu faults: a disc has %u at most",
			       count, DISC_MODEL_FAULTS_MAX);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *fault = qmp_element(faults, "faults", i, failure);

		(void)snprintf(path, sizeof(path), "faults[%zu].", i);
		if (!fault || !take_fault(fault, path, &out->faults[i], failure)) {
			return false;
		}
	}
	out->fault_count = (unsigned)count;
	return true;
}

/* The whole model: what is not given is as fast and as good as the host. */
static json_t *run_disc_model(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	const char *id = json_string_value(json_object_get(arguments, "id"));
	const bool is_stuck = json_is_true(json_object_get(arguments, "stuck"));
	struct disc_model_config model = { .spin_up_ms = 0 };
	uint64_t spin_up_ms, seek_ms;
	struct qmp_drive drive;
	struct error err;
	bool is_perfect;
	int code;

	if (!qmp_any_drive(c, id, &drive, failure) || !qmp_is_emulated(&drive, failure) ||
	    !qmp_take_number(arguments, "spin-up-ms", MODEL_MS_MAX, 0, &spin_up_ms, failure) ||
	    !qmp_take_number(arguments, "seek-ms", MODEL_MS_MAX, 0, &seek_ms, failure) ||
	    !qmp_take_number(arguments, "bytes-per-second", MODEL_SPEED_MAX, 0,
			     &model.bytes_per_second, failure) ||
	    !take_faults(json_object_get(arguments, "faults"), &model, failure)) {
		return NULL;
	}
	model.spin_up_ms = (uint32_t)spin_up_ms;
	model.seek_ms = (uint32_t)seek_ms;
	is_perfect = !spin_up_ms && !seek_ms && !model.bytes_per_second && !model.fault_count;
	code = drive.ops->set_model(drive.state, is_perfect ? NULL : &model, is_stuck, &err);
	return answer(code, &err, failure);
}

static const struct qmp_argument model_arguments[] = {
	{ "id", QMP_STRING, true },
	{ "spin-up-ms", QMP_INTEGER, true },
	{ "seek-ms", QMP_INTEGER, true },
	{ "bytes-per-second", QMP_INTEGER, true },
	{ "faults", QMP_ARRAY, true },
	{ "stuck", QMP_BOOL, true },
	{ .name = NULL },
};

const struct qmp_command qmp_disc_commands[] = {
	{ "x-thunderlake-query-drives", NULL, run_query_drives },
	{ "x-thunderlake-disc-model", model_arguments, run_disc_model },
	{ .name = NULL },
};
