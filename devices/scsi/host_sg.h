/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_SG_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_SG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/scsi/host_allow.h"
#include "devices/scsi/sense.h"
#include "vmm/base/error.h"

/*
 * A drive of the host's that takes commands: the one place of SG_IO, and what unit tests have a
 * fake of. One command at a time, which waits; any thread.
 */
struct host_sg_request {
	const uint8_t *cdb;
	unsigned cdb_bytes;
	enum host_direction direction;
	/* May have more than `bytes`. */
	const struct iovec *iov;
	unsigned iov_count;
	uint32_t bytes;
	uint32_t timeout_ms;

	/* The answer. */
	uint32_t moved;
	uint8_t status;	      /* enum scsi_status */
	unsigned host_status; /* enum host_status; 0: the drive has answered */
	uint8_t sense[SCSI_SENSE_MAX];
	unsigned sense_bytes;
};

/* What happened on the way to the drive: the kernel's DID_* (scsi_status.h), as far as known. */
enum host_status {
	HOST_STATUS_OK = 0x00,
	HOST_STATUS_NO_CONNECT = 0x01,
	HOST_STATUS_BUS_BUSY = 0x02,
	HOST_STATUS_TIME_OUT = 0x03,
	HOST_STATUS_BAD_TARGET = 0x04,
	HOST_STATUS_ABORT = 0x05,
	HOST_STATUS_ERROR = 0x07,
	HOST_STATUS_RESET = 0x08,
	HOST_STATUS_SOFT_ERROR = 0x0b,
	HOST_STATUS_IMMEDIATE_RETRY = 0x0c,
	HOST_STATUS_REQUEUE = 0x0d,
};

struct host_sg;

struct host_sg_ops {
	/* 0: `request` has the answer, whatever it is. -EPERM: the host's kernel does not let this
	 * user have the command; -EINVAL, -ENOMEM: not with slices like these; -ENODEV, -ENXIO:
	 * the drive is gone; other errors of ioctl(SG_IO). */
	int (*run)(struct host_sg *sg, struct host_sg_request *request);
	void (*close)(struct host_sg *sg);
};

struct host_sg {
	const struct host_sg_ops *ops;
	uint32_t transfer_bytes; /* of one request; at least HOST_SECTOR_MAX */
};

/* Opens /dev/srN for this process alone. Errors, with a text that begins with the path: -ENOENT,
 * -EISDIR, -ENOTBLK: it is no optical drive; -EACCES; -EBUSY: the host has its disc mounted, or
 * another process has it; -ENODEV: the drive is gone. */
int host_sg_open(const char *path, struct host_sg **out, struct error *err);

static inline void host_sg_close(struct host_sg *sg)
{
	if (sg) {
		sg->ops->close(sg);
	}
}

#endif
