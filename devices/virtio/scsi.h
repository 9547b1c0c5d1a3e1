/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_SCSI_H
#define THUNDERLAKE_DEVICES_VIRTIO_SCSI_H

#include <stdint.h>

#include "devices/device.h"

struct scsi_bus;

/*
 * A SCSI controller (virtio 1.2 §5.6) with a bus for units of devices/scsi: several request queues,
 * task management, events. Bidirectional commands and protection information are not offered.
 * `loop` of its environment should be its own: units do their work there.
 */
extern const struct device_type virtio_scsi_type;

/* The bus that units are attached to, from init until finish, which detaches those that are left.
 * `state` is the device type's state. Any thread. */
struct scsi_bus *virtio_scsi_bus(void *state);

struct virtio_scsi_counters {
	uint64_t tasks;		/* task management functions */
	uint64_t events;	/* that the driver got */
	uint64_t events_missed; /* for which it had no buffer */
};

/* On the loop, or while nothing runs it; counters of commands are the units'. */
const struct virtio_scsi_counters *virtio_scsi_counters(const void *state);

#endif
