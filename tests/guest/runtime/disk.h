/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_RUNTIME_DISK_H
#define THUNDERLAKE_TESTS_GUEST_RUNTIME_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/guest/runtime/virtio.h" /* the queue, for the floor */

/*
 * The smallest driver of a virtio disk that can keep several requests in flight: one queue, no
 * interrupts. It drives any modern virtio-blk on PCI, the queue of tests/bench/floor.c, and as a
 * disk the optical drive of a virtio-scsi controller.
 */
#define DISK_SLOTS	  64u /* requests in flight at most */
#define DISK_SECTOR_BYTES 512u

/* What the floor serves instead of PCI. */
#define DISK_FLOOR_PORT	    0x700u     /* write: the queue's address; read: size in sectors */
#define DISK_FLOOR_DOORBELL 0xd0000000 /* 16 bits wide */

/* On PCI bus 0, also where no firmware has set it up. */
bool disk_find(void);
void disk_use_floor(void);
/* Unit 0 of target 0, with a disc of 2048-byte blocks in it: all that is read is whole ones. */
bool disk_find_optical(void);

uint64_t disk_sectors(void);

/* Makes slot `slot` a read of `bytes` to `gpa`, and puts it into the queue. */
void disk_read(unsigned slot, uint64_t sector, uint64_t gpa, uint32_t bytes);

/* Tells the device of what was put into the queue, if it wants to know. */
void disk_ring(void);

/* The slot of a finished request, or -1; -2 when it failed. */
int disk_reap(void);

#endif
