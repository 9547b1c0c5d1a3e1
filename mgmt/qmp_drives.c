/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_drives.h"

#include <string.h>

#include "devices/scsi/drive.h"
#include "mgmt/qmp_command.h"
#include "mgmt/qmp_machine.h"

const char *const qmp_disc_kinds[] = { "cd-rom", "dvd-rom", "dvd-r", "auto", NULL };

static bool is_disk(const struct qmp_context *c, const char *id)
{
	const struct block_info *info;
	const char *name;

	for (size_t i = 0; c->ops->block_at(c->machine, i, &name, &info); i++) {
		if (strcmp(name, id) == 0) {
			return true;
		}
	}
	return false;
}

bool qmp_find_drive(const struct qmp_context *c, const char *id, struct qmp_drive *out,
		    struct qmp_failure *failure)
{
	for (size_t i = 0; c->ops->drive_at(c->machine, i, out); i++) {
		if (strcmp(out->id, id) == 0) {
			return true;
		}
	}
	if (is_disk(c, id)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Device '%s' is not removable", id);
	} else {
		(void)qmp_fail(failure, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", id);
	}
	return false;
}

bool qmp_any_drive(const struct qmp_context *c, const char *id, struct qmp_drive *out,
		   struct qmp_failure *failure)
{
	if (id) {
		return qmp_find_drive(c, id, out, failure);
	}
	if (!c->ops->drive_at(c->machine, 0, out)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "the machine has no optical drive: start it with --disc");
		return false;
	}
	return true;
}

bool qmp_is_emulated(const struct qmp_drive *drive, struct qmp_failure *failure)
{
	if (drive->ops->insert) {
		return true;
	}
	(void)qmp_fail(failure, QMP_GENERIC_ERROR,
		       "Device '%s' is a drive of the host's: its discs are laid in by hand, and "
		       "it is as fast and good as it is",
		       drive->id);
	return false;
}
