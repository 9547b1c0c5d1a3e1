/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DRIVE_H
#define THUNDERLAKE_DEVICES_SCSI_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/disc.h"
#include "devices/scsi/disc_model.h"
#include "vmm/base/error.h"

/*
 * What people do with an optical drive while the guest uses it: the emulated one (cd.h), or one of
 * the host's. A device type that is a drive has a table of these functions (device.h).
 *
 * Main thread; the guest may run. Texts of errors begin with the drive's id and say what to do.
 */
#define DRIVE_STALL_MS	 500u
#define DRIVE_TRAY_EVENT "tray" /* device_env.notify, value 1: the tray is open */

struct drive_status {
	bool is_host; /* one of the host's; `path` is its node, not a disc's image */
	bool tray_open;
	bool locked;   /* by the guest */
	bool has_disc; /* in the tray, open or not; the members below are its */
	char path[4096];
	enum disc_kind kind;
	uint64_t bytes;
};

/* Since the machine started. Reads are commands that read sectors. */
struct drive_counters {
	uint64_t reads;
	uint64_t sectors; /* asked for */
	uint64_t seeks;	  /* reads that did not go on where the last one ended */
	uint64_t errors;  /* reads that failed for the medium's, the model's or the host's sake */
	uint64_t stalls;  /* reads that took more than DRIVE_STALL_MS */
	uint64_t refused; /* commands that the host's drive is not let have */
};

struct drive_ops {
	void (*status)(void *state, struct drive_status *out);
	void (*counters)(void *state, struct drive_counters *out);
	/* The button. -EBUSY: the guest has locked the tray, and has been told that somebody wants
	 * the disc; `force` opens it nevertheless. -EIO: it is stuck. Harmless when open. */
	int (*open_tray)(void *state, bool force, struct error *err);
	/* Harmless when closed. */
	int (*close_tray)(void *state, struct error *err);

	/* The rest is NULL for a drive of the host's. */

	/* Opens the tray if need be (as open_tray does), takes out what is in it, lays the disc
	 * into it and closes it. What cannot be opened or read is found out before anything moves:
	 * errors as disc_open. */
	int (*insert)(void *state, const struct disc_config *disc, bool force, struct error *err);
	/* Takes the disc out of the open tray. -EBUSY: it is closed. Harmless when empty. */
	int (*remove)(void *state, struct error *err);
	/* How slow and bad discs are from now on (NULL: as fast and good as the host), and whether
	 * the tray is stuck. -EINVAL as disc_model_init. */
	int (*set_model)(void *state, const struct disc_model_config *model, bool is_stuck,
			 struct error *err);
};

#endif
