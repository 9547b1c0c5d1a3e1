/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_HOST_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_HOST_H

#include "devices/scsi/host_drive.h"
#include "devices/scsi/host_sg.h"
#include "tests/unit/devices/scsi/fake_bus.h"
#include "vmm/base/thread.h"

/*
 * A host's drive without a host: each command is written down and gets the reply that the test has
 * put for its operation code, or GOOD. Sectors that are read hold their own addresses, in each
 * fourth byte. Attached to a bus at LUN 0, its first attention told.
 */
#define FAKE_HOST_TRANSFER  HOST_SECTOR_MAX /* one sector at a time */
#define FAKE_HOST_LOG	    64u
#define FAKE_HOST_REPLY_MAX 64u

struct fake_reply {
	int error;	      /* other than 0: of the call itself */
	unsigned times;	      /* how many commands get this reply; then GOOD */
	unsigned host_status; /* enum host_status */
	uint8_t status;
	enum scsi_sense_key key;
	uint16_t code;
	uint8_t data[FAKE_HOST_REPLY_MAX];
	uint32_t bytes; /* of data; all else that is asked for counts as not moved */
};

struct fake_host_request {
	uint8_t cdb[HOST_CDB_MAX];
	enum host_direction direction;
	uint32_t bytes;
	unsigned iov_count;
	void *first; /* where the data are */
	uint8_t out[FAKE_HOST_REPLY_MAX];
};

struct fake_host {
	struct fake_bus bus;
	struct host_sg sg;
	struct host_drive *drive;
	struct fake_command c;
	unsigned tray_moves;
	bool tray_open;
	bool refuses_slices; /* -EINVAL for more than one */

	struct mutex lock; /* guards what follows while commands run */
	struct condition changed;
	struct fake_reply replies[256];
	struct fake_host_request log[FAKE_HOST_LOG];
	unsigned log_count;
	bool is_held; /* commands wait until it is false */
	bool is_busy; /* one is running */
	bool is_closed;
};

void fake_host_init(struct fake_host *f, bool can_write);
void fake_host_finish(struct fake_host *f);

void fake_host_reply(struct fake_host *f, uint8_t operation, const struct fake_reply *reply);
/* All commands wait from now on, or go on. */
void fake_host_hold(struct fake_host *f, bool hold);
/* Waits until one is held. */
void fake_host_await(struct fake_host *f);

/* Runs a command of the guest to its end; the status. */
uint8_t fake_host_run(struct fake_host *f, const uint8_t *cdb, size_t in, size_t out);
/* Lets the drive be asked for events, as each second. */
void fake_host_poll(struct fake_host *f);
/* How many commands with this code the drive was given. */
unsigned fake_host_count(const struct fake_host *f, uint8_t operation);

#endif
