/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_SCSI_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_SCSI_STATE_H

#include <linux/virtio_scsi.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/scsi/bus.h"
#include "devices/virtio/scsi.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/loop.h"
#include "vmm/base/pool.h"

/*
 * What the files of the SCSI controller share. All on the device's loop.
 */
#define SCSI_QUEUE_CONTROL 0u
#define SCSI_QUEUE_EVENT   1u
#define SCSI_QUEUE_REQUEST 2u /* the first of them */
#define SCSI_QUEUES_MAX	   16u

#define SCSI_SEGMENTS_MAX   254u /* data slices of one request; both headers come on top */
#define SCSI_CONTROL_MAX    16u	 /* control requests at a time */
#define SCSI_CONTROL_SLICES 32u
#define SCSI_CDB_SIZE_MAX   260u /* of the driver's to choose (SPC-4 §4.2.3) */
#define SCSI_SENSE_SIZE_MAX 65535u

struct virtio_scsi;

/* A command on its way through. */
struct scsi_request {
	struct scsi_command command;
	struct scsi_queue *queue;
	struct virtqueue_chain chain;
	/* The driver's room for response and sense data: so many whole slices from the first
	 * writable one, then this piece of the next, whose rest belongs to the data. */
	unsigned response_slices;
	struct iovec response_rest;
	uint32_t sense_size; /* of that room, when the request came */
	struct iovec iov[SCSI_SEGMENTS_MAX + 4];
};

struct scsi_queue {
	struct virtio_scsi *scsi;
	unsigned index; /* among the device's queues */

	struct pool requests; /* struct scsi_request: as many as chains can be in flight */

	bool stalled;		    /* all requests are in use: goes on when some are done */
	bool unfinished;	    /* run stopped before it saw the ring empty */
	uint64_t run_bytes;	    /* of the chains taken in the present run */
	uint64_t unsignalled_bytes; /* pushed, driver not yet interrupted; responses count */
};

/* A task management function on its way. */
struct scsi_control {
	struct scsi_task task;
	struct virtio_scsi *scsi;
	struct scsi_control *next_free;
	struct virtqueue_chain chain;
	struct iovec iov[SCSI_CONTROL_SLICES];
};

struct virtio_scsi {
	struct virtio_device device;
	struct virtio_type type; /* with this controller's queue size */
	struct loop *loop;	 /* borrowed */
	struct scsi_bus bus;
	struct virtio_scsi_config config; /* as after reset */
	/* What the driver made of them. */
	uint32_t sense_size, cdb_size;

	struct scsi_queue queues[SCSI_QUEUES_MAX];
	unsigned queue_count;
	struct loop_poller poller; /* armed while the queues may be touched */
	struct loop_task more;	   /* a queue was left with work, for the others' sake */

	struct scsi_control controls[SCSI_CONTROL_MAX];
	struct scsi_control *free_control;
	bool control_stalled;	  /* all are in use */
	bool control_unsignalled; /* pushed, driver not yet interrupted */

	bool event_missed; /* the driver has to be told that there were more */
	struct virtio_scsi_counters counters;
};

/* Whether a queue may be used. */
static inline bool scsi_is_live(const struct virtio_scsi *s, unsigned queue)
{
	return s->device.running && s->device.queue_ready[queue];
}

/* An address as virtio has it (virtio 1.2 §5.6.6.1): 1, the target, then a LUN. False: of another
 * form. */
bool scsi_address_decode(const uint8_t address[8], uint8_t *target, uint8_t lun[8]);

/* --- scsi_queue.c: request queues --- */

/* Allocates the requests; the other members are the caller's. -ENOMEM. */
int scsi_queue_init(struct scsi_queue *q, unsigned capacity);
void scsi_queue_finish(struct scsi_queue *q);
/* Takes waiting chains, one ring full and some megabytes at most, and starts them. Returns how
 * many. The driver rings for the next one only if scsi_queue_has_work is false afterwards. */
unsigned scsi_queue_run(struct scsi_queue *q);
/* The same whatever their bytes: what was there before a task management function. */
void scsi_queue_run_all(struct scsi_queue *q);
/* After completions outside of run: interrupts the driver if it wants that. */
void scsi_queue_signal(struct scsi_queue *q);
bool scsi_queue_has_work(const struct scsi_queue *q);

/* --- scsi_control.c --- */

void scsi_control_init(struct virtio_scsi *s);
void scsi_control_run(struct virtio_scsi *s);
/* After functions have ended. */
void scsi_control_signal(struct virtio_scsi *s);

/* --- scsi_event.c --- */

/* For the bus: tells the driver, or remembers that it could not. */
void scsi_event_send(void *scsi, uint8_t target, uint16_t lun, enum scsi_event kind,
		     uint32_t value);
/* The driver may have given buffers. */
void scsi_event_run(struct virtio_scsi *s);

#endif
