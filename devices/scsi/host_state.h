/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_STATE_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_STATE_H

#include "devices/scsi/host_drive.h"
#include "devices/scsi/host_worker.h"
#include "vmm/base/log.h"

/* What the files of the host's drive share. */

#define HOST_TAG_MAX	    64u
#define HOST_MEDIA_MAX	    4u
#define HOST_ERRAND_BYTES   8u
#define HOST_POLL_MS	    1000u
#define HOST_POLLS_SKIP_MAX 5u
#define HOST_TRAY_TRIES_MAX 3u
#define HOST_GET_EVENT	    0x4au
#define HOST_START_STOP	    0x1bu
#define HOST_PREVENT_ALLOW  0x1eu
#define HOST_READ_CAPACITY  0x25u
#define HOST_GET_CONFIG	    0x46u
#define HOST_CLASS_MEDIA    4u /* of events (MMC-6 §6.6.2) */

/* Media events (MMC-6 §6.6.3.5). */
enum host_media_event {
	HOST_MEDIA_NO_CHANGE,
	HOST_MEDIA_EJECT_REQUEST,
	HOST_MEDIA_NEW,
	HOST_MEDIA_REMOVAL,
};

/* A guest's command on its way. */
struct host_transfer {
	struct host_job job;
	struct scsi_command *command; /* NULL: unused */
	/* Our copy of what is no sector; NULL: the slices are the guest's. */
	unsigned char *copy;
	struct iovec copy_iov;
	uint64_t start_ns;
};

/* What we want of the drive ourselves. */
enum host_errand_kind {
	HOST_ERRAND_POLL,
	HOST_ERRAND_ALLOW,
	HOST_ERRAND_ALLOW_PERSISTENTLY,
	HOST_ERRAND_TRAY,
	HOST_ERRANDS,
};

struct host_errand {
	struct host_job job;
	struct iovec iov;
	uint8_t data[HOST_ERRAND_BYTES];
	unsigned tries;
};

struct host_drive {
	struct scsi_unit unit;
	struct host_drive_config config;
	struct host_limits limits;
	struct host_worker worker;
	char tag[HOST_TAG_MAX]; /* of log lines */
	/* By operation code: that the guest was refused it is told once, as many systems try what
	 * they may have each time they look at a disc. */
	uint8_t refusals_told[256 / 8];

	struct host_drive_status status;
	bool is_status_known;
	bool is_prevented, is_prevented_persistently;
	bool lacks_events; /* the drive does not know GET EVENT STATUS NOTIFICATION */

	/* Media events that we have taken from the drive and the guest has not seen, the oldest
	 * first; and the classes of events that the drive has. */
	uint8_t media[HOST_MEDIA_MAX];
	unsigned media_count;
	uint8_t classes;

	struct loop_timer poll_timer;
	unsigned polls_skipped;

	uint32_t next_lba; /* behind the sector read last */
	struct drive_counters counters;
	struct host_errand errands[HOST_ERRANDS];
	struct host_transfer transfers[SCSI_COMMANDS_MAX]; /* by slot */
};

/* --- host_events.c: what happens to the drive ------------------------------------------------ */

/* Gives an errand to the worker, unless it is on its way. */
void host_errand_start(struct host_drive *o, enum host_errand_kind kind);
/* What the drive said to one. */
void host_errand_done(struct host_drive *o, enum host_errand_kind kind);
/* For START STOP UNIT: opens the tray, or loads it. */
void host_errand_move_tray(struct host_drive *o, bool open);
/* Unlocks the tray if the guest has locked it. */
void host_errand_unlock(struct host_drive *o);

/* Answers GET EVENT STATUS NOTIFICATION with what was kept for the guest, if there is any: true,
 * and the command has ended. */
bool host_events_answer(struct host_drive *o, struct scsi_command *c);
/* Sees the drive's answer to the guest, to know how the drive is. */
void host_events_observe(struct host_drive *o, const struct host_transfer *t);
/* Keeps a media event for the guest, and tells who listens. */
void host_events_add(struct host_drive *o, uint8_t event);
/* Forgets what was kept. */
void host_events_clear(struct host_drive *o);

#endif
