/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_DRIVE_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/disc.h"
#include "devices/scsi/drive.h"
#include "devices/scsi/scsi.h"

struct host_sg;
struct loop;

/*
 * An optical drive of the host's as a SCSI unit. What host_allow.h lets through goes to the drive,
 * and its answers and sense data to the guest as they are; sectors go straight into guest memory.
 *
 * When the guest is idle the drive is asked for events, once a second. What that takes from it
 * (media events, unit attentions) is kept for the guest, who gets it as from the drive.
 *
 * What cannot be asked of the drive any more ends as follows: the drive is gone: SCSI_DISCONNECT;
 * the host gave up waiting or reset the drive: ABORTED COMMAND; the host's kernel does not permit
 * it: INVALID COMMAND OPERATION CODE; else HARDWARE ERROR, INTERNAL TARGET FAILURE.
 *
 * A command that the drive has begun cannot be taken back: abort, reset and the end of the machine
 * wait for it, as long as it may take (host_allow.c, at worst).
 *
 * Threads: as its unit; the functions below too.
 */
struct host_drive;

struct host_drive_config {
	const char *id;	    /* for texts: "cd0"; borrowed for the drive's life */
	struct loop *loop;  /* of the bus; borrowed */
	struct host_sg *sg; /* the drive's from now on; on failure still the caller's */
	bool can_write;
	/* The tray moved, by whomever. May be NULL. */
	void (*on_tray)(void *owner, bool open);
	void *owner;
};

/* As last seen: at most a second ago, unless the guest keeps the drive busy. */
struct host_drive_status {
	bool tray_open;
	bool locked; /* by the guest */
	bool has_disc;
	uint64_t bytes;	     /* 0: the guest has not asked for it yet */
	enum disc_kind kind; /* as the guest was told */
};

/* -ENOMEM, or -errno of its thread. */
int host_drive_create(const struct host_drive_config *config, struct host_drive **out);
/* After scsi_bus_detach. Unlocks the tray if the guest had it locked, and closes the drive. NULL is
 * fine. */
void host_drive_destroy(struct host_drive *drive);

/* To be attached to a bus; afterwards, start begins to ask for events. */
struct scsi_unit *host_drive_unit(struct host_drive *drive);
void host_drive_start(struct host_drive *drive);

struct host_drive_status host_drive_status(const struct host_drive *drive);
/* Sectors of READ CD MSF are not counted. */
const struct drive_counters *host_drive_counters(const struct host_drive *drive);

/* The button: the drive is told to open its tray, and on_tray comes when it has. -EBUSY: the guest
 * has locked it, and was told that somebody wants the disc; `force` unlocks it first. */
int host_drive_open_tray(struct host_drive *drive, bool force);
void host_drive_close_tray(struct host_drive *drive);

#endif
