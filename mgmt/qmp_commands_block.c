/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "devices/block/block.h"
#include "devices/scsi/drive.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_drives.h"

/* Disks, and discs that come and go. Replies have the members of QEMU's schema, also where they can
 * have but one value here. */

/* --- query-block ----------------------------------------------------------------------------- */

/* What the host really stores, 0 if it can't tell. */
static json_int_t stored_bytes(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (json_int_t)status.st_blocks * 512 : 0;
}

static json_t *pack_inserted(const struct block_info *info)
{
	json_t *inserted = json_pack(
		"{s:s, s:s, s:b, s:s, s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "file",
		info->path, "drv", info->driver, "ro", info->read_only, "node-name", info->path,
		"detect_zeroes", "off", "encrypted", 0, "backing_file_depth", 0, "write_threshold",
		0, "bps", 0, "bps_rd", 0, "bps_wr", 0, "iops", 0, "iops_rd", 0, "iops_wr", 0);
	json_t *image = json_pack("{s:s, s:s, s:I, s:I, s:b}", "filename", info->path, "format",
				  info->driver, "virtual-size", (json_int_t)info->bytes,
				  "actual-size", stored_bytes(info->path), "dirty-flag", 0);
	json_t *cache = json_pack("{s:b, s:b, s:b}", "writeback", 1, "direct", 0, "no-flush", 0);

	(void)json_object_set_new(inserted, "image", image);
	(void)json_object_set_new(inserted, "cache", cache);
	return inserted;
}

static json_t *describe_drive(const struct qmp_drive *drive)
{
	struct drive_status status;
	struct block_info info;
	json_t *value;

	drive->ops->status(drive->state, &status);
	value = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s}", "device", drive->id, "qdev",
			  drive->id, "type", "unknown", "removable", 1, "locked", status.locked,
			  "tray_open", status.tray_open, "io-status", "ok");
	if (status.has_disc) {
		info = (struct block_info){ .bytes = status.bytes,
					    .read_only = true,
					    .driver = status.is_host ? "host_device" : "raw",
					    .path = status.path };
		(void)json_object_set_new(value, "inserted", pack_inserted(&info));
	}
	return value;
}

static json_t *run_query_block(const struct qmp_context *c, const json_t *arguments,
			       struct qmp_failure *failure)
{
	const struct block_info *info;
	json_t *list = json_array();
	struct qmp_drive drive;
	const char *id;

	(void)arguments;
	(void)failure;
	for (size_t i = 0; c->ops->block_at(c->machine, i, &id, &info); i++) {
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:o}", "device", id, "qdev",
					id, "type", "unknown", "removable", 0, "locked", 0,
					"io-status", "ok", "inserted", pack_inserted(info)));
	}
	for (size_t i = 0; c->ops->drive_at(c->machine, i, &drive); i++) {
		(void)json_array_append_new(list, describe_drive(&drive));
	}
	return list;
}

/* --- the tray -------------------------------------------------------------------------------- */

/* QEMU's two names for the same: `device` was the back end's, which has the drive's name here. */
static bool take_drive(const struct qmp_context *c, const json_t *arguments, struct qmp_drive *out,
		       struct qmp_failure *failure)
{
	const char *device = json_string_value(json_object_get(arguments, "device"));
	const char *id = json_string_value(json_object_get(arguments, "id"));

	if (!device == !id) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Need exactly one of 'device' and 'id'");
		return false;
	}
	return qmp_find_drive(c, device ? device : id, out, failure);
}

static json_t *answer(int code, const struct error *err, struct qmp_failure *failure)
{
	return code < 0 ? qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err->text) : json_object();
}

static bool is_forced(const json_t *arguments)
{
	return json_is_true(json_object_get(arguments, "force"));
}

/* QEMU's words where the guest has the lock; clients look for them. */
static json_t *answer_tray(const struct qmp_drive *drive, int code, const struct error *err,
			   struct qmp_failure *failure)
{
	if (code == -EBUSY) {
		return qmp_fail(failure, QMP_GENERIC_ERROR,
				"Device '%s' is locked and force was not specified, wait for tray "
				"to open and try again",
				drive->id);
	}
	return answer(code, err, failure);
}

static json_t *run_open_tray(const struct qmp_context *c, const json_t *arguments,
			     struct qmp_failure *failure)
{
	struct qmp_drive drive;
	struct error err;
	int code;

	if (!take_drive(c, arguments, &drive, failure)) {
		return NULL;
	}
	code = drive.ops->open_tray(drive.state, is_forced(arguments), &err);
	/* The guest was asked; as under QEMU, DEVICE_TRAY_MOVED tells that it did it. */
	return answer(code == -EBUSY ? 0 : code, &err, failure);
}

static json_t *run_close_tray(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	struct qmp_drive drive;
	struct error err;

	if (!take_drive(c, arguments, &drive, failure)) {
		return NULL;
	}
	return answer(drive.ops->close_tray(drive.state, &err), &err, failure);
}

static json_t *remove_medium(const struct qmp_drive *drive, struct qmp_failure *failure)
{
	struct error err;
	int code = drive->ops->remove(drive->state, &err);

	if (code == -EBUSY) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "Tray of device '%s' is not open",
				drive->id);
	}
	return answer(code, &err, failure);
}

static json_t *run_remove_medium(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	struct qmp_drive drive;

	if (!take_drive(c, arguments, &drive, failure) || !qmp_is_emulated(&drive, failure)) {
		return NULL;
	}
	return remove_medium(&drive, failure);
}

/* Of a drive of the host's the disc stays in the open tray, for its owner to take. */
static json_t *run_eject(const struct qmp_context *c, const json_t *arguments,
			 struct qmp_failure *failure)
{
	struct qmp_drive drive;
	struct error err;
	int code;

	if (!take_drive(c, arguments, &drive, failure)) {
		return NULL;
	}
	code = drive.ops->open_tray(drive.state, is_forced(arguments), &err);
	if (code < 0 || !drive.ops->remove) {
		return answer_tray(&drive, code, &err, failure);
	}
	return remove_medium(&drive, failure);
}

static json_t *run_change_medium(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	static const char *const modes[] = { "retain", "read-only", "read-write", NULL };
	struct disc_config disc = {
		.path = json_string_value(json_object_get(arguments, "filename")),
		.kind = DISC_BY_CONTENT,
	};
	struct drive_status status;
	struct qmp_drive drive;
	struct error err;
	int mode = 0;
	int kind = DISC_BY_CONTENT;
	int code;

	if (json_object_get(arguments, "read-only-mode")) {
		mode = qmp_choice(arguments, "", "read-only-mode", modes, failure);
	}
	if (mode >= 0 && json_object_get(arguments, "x-thunderlake-kind")) {
		kind = qmp_choice(arguments, "", "x-thunderlake-kind", qmp_disc_kinds, failure);
	}
	if (mode < 0 || kind < 0 || !take_drive(c, arguments, &drive, failure) ||
	    !qmp_is_emulated(&drive, failure)) {
		return NULL;
	}
	disc.kind = (enum disc_kind)kind;
	drive.ops->status(drive.state, &status);
	code = drive.ops->insert(drive.state, &disc, is_forced(arguments), &err);
	/* A file that somebody writes to is busy, too. */
	return status.locked ? answer_tray(&drive, code, &err, failure)
			     : answer(code, &err, failure);
}

/* --- tables ---------------------------------------------------------------------------------- */

static const struct qmp_argument tray_arguments[] = {
	{ "device", QMP_STRING, true },
	{ "id", QMP_STRING, true },
	{ "force", QMP_BOOL, true },
	{ .name = NULL },
};
static const struct qmp_argument drive_arguments[] = {
	{ "device", QMP_STRING, true },
	{ "id", QMP_STRING, true },
	{ .name = NULL },
};
static const struct qmp_argument remove_arguments[] = {
	{ "id", QMP_STRING, false },
	{ .name = NULL },
};
static const struct qmp_argument change_arguments[] = {
	{ "device", QMP_STRING, true },
	{ "id", QMP_STRING, true },
	{ "filename", QMP_STRING, false },
	{ "format", QMP_STRING, true },
	{ "force", QMP_BOOL, true },
	{ "read-only-mode", QMP_STRING, true },
	{ "x-thunderlake-kind", QMP_STRING, true },
	{ .name = NULL },
};
const struct qmp_command qmp_block_commands[] = {
	{ "query-block", NULL, run_query_block },
	{ "eject", tray_arguments, run_eject },
	{ "blockdev-open-tray", tray_arguments, run_open_tray },
	{ "blockdev-close-tray", drive_arguments, run_close_tray },
	{ "blockdev-remove-medium", remove_arguments, run_remove_medium },
	{ "blockdev-change-medium", change_arguments, run_change_medium },
	{ .name = NULL },
};
