/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_BLK_QUEUE_H
#define THUNDERLAKE_DEVICES_VIRTIO_BLK_QUEUE_H

#include <linux/virtio_blk.h>

#include "devices/block/block.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/pool.h"

/*
 * One queue of requests of a virtio disk: from the chain to the back end and back. All on the
 * device's loop.
 */
#define BLK_SEGMENTS_MAX 254u /* data slices of one request; header and status come on top */
#define BLK_RANGES_MAX	 32u  /* ranges of one discard or write zeroes */
/* A range's sectors. Zeroes may have to be written, so they are fewer. */
#define BLK_DISCARD_SECTORS_MAX (1u << 22)
#define BLK_ZEROES_SECTORS_MAX	(1u << 19)

struct blk_request {
	struct block_request block;
	struct blk_queue *queue;
	struct virtqueue_chain chain;
	uint32_t type;	  /* VIRTIO_BLK_T_*, our copy */
	uint64_t sector;  /* our copy */
	uint8_t *status;  /* the chain's last writable byte, in guest memory */
	uint32_t written; /* data bytes for the guest */
	unsigned range;	  /* of a discard or write zeroes: the one at work */
	struct iovec iov[BLK_SEGMENTS_MAX + 2];
};

struct blk_queue {
	struct virtio_device *device; /* borrowed, as the disk */
	struct block_backend *disk;
	unsigned index;
	const char *serial; /* VIRTIO_BLK_ID_BYTES, padded with zeros */
	bool write_through; /* each write is flushed before it completes */

	struct pool requests; /* struct blk_request: as many as chains can be in flight */

	bool stalled;		    /* all requests are in use: goes on when some are done */
	bool unfinished;	    /* run stopped before it saw the ring empty */
	uint64_t run_bytes;	    /* of the chains taken in the present run */
	uint64_t unsignalled_bytes; /* pushed, driver not yet interrupted; status bytes count */
};

/* Allocates the requests; the other members are the caller's. -ENOMEM. */
int blk_queue_init(struct blk_queue *q, unsigned capacity);
void blk_queue_finish(struct blk_queue *q);

/* Takes waiting chains, one ring full and some megabytes at most, and starts them. Returns how
 * many. The driver rings for the next one only if blk_queue_has_work is false afterwards. */
unsigned blk_queue_run(struct blk_queue *q);

/* After completions outside of run: interrupts the driver if it wants that. */
void blk_queue_signal(struct blk_queue *q);

/* Whether run is to be called, for what it can take or to see that there is nothing. */
bool blk_queue_has_work(const struct blk_queue *q);

#endif
