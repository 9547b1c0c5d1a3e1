/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_OPTICAL_H
#define THUNDERLAKE_DEVICES_SCSI_OPTICAL_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/disc.h"
#include "devices/scsi/disc_model.h"
#include "devices/scsi/drive.h"
#include "devices/scsi/scsi.h"

/*
 * An optical drive with a tray (MMC-6), which reads CDs and DVDs from images: a SCSI unit. It
 * writes nothing, plays no sound by itself, and knows no keys of protected discs.
 *
 * Threads: as its unit; the functions below too, so the main thread uses loop_call.
 */
struct optical;

struct optical_config {
	const char *id;	    /* for texts: "cd0"; borrowed for the drive's life */
	const char *serial; /* NULL: the id; borrowed */
	/* The tray moved, by whomever. May be NULL. */
	void (*on_tray)(void *owner, bool open);
	void *owner;
};

struct optical_status {
	bool tray_open;
	bool locked;		 /* by the guest */
	const struct disc *disc; /* in the tray, open or not; NULL: none. The drive's */
};

/* A drive with a closed, empty tray. -ENOMEM. */
int optical_create(const struct optical_config *config, struct optical **out);
/* After scsi_bus_detach. Closes the disc. NULL is fine. */
void optical_destroy(struct optical *drive);

/* To be attached to a bus. */
struct scsi_unit *optical_unit(struct optical *drive);

struct optical_status optical_status(const struct optical *drive);
const struct drive_counters *optical_counters(const struct optical *drive);

/* The button: opens the tray. -EBUSY: the guest has locked it; it is told that somebody wants the
 * disc, and may open it; -EIO: it is stuck. `force` opens regardless, as a paper clip does.
 * Harmless when open. */
int optical_open_tray(struct optical *drive, bool force);
/* A disc in it becomes known to the guest as new. Harmless when closed. */
void optical_close_tray(struct optical *drive);

/* Lays a disc into the open tray, which takes it over. -EBUSY: the tray is closed; -EEXIST: there
 * is one. */
int optical_put_disc(struct optical *drive, struct disc *disc);
/* Takes the disc out of the open tray, for the caller to close; NULL: there is none, or the tray is
 * closed. Reads still under way are waited for. */
struct disc *optical_take_disc(struct optical *drive);

/* How slow and how bad discs are from now on: one that lies in the drive is taken to spin already,
 * later ones spin up. NULL: as fast and as good as the host. -EINVAL as disc_model_init. Only while
 * the drive is attached to a bus. */
int optical_set_model(struct optical *drive, const struct disc_model_config *config);
/* A tray that is stuck opens for nobody: -EIO for the user, LOAD OR EJECT FAILED for the guest. */
void optical_set_stuck(struct optical *drive, bool stuck);

#endif
