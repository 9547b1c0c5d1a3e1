/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_RUNTIME_VIRTIO_H
#define THUNDERLAKE_TESTS_GUEST_RUNTIME_VIRTIO_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What drivers of virtio devices on PCI share: finding one on bus 0, also where no firmware has set
 * it up, and split virtqueues without interrupts. Virtio 1.2, §2.7, §3.1.1 and §4.1.
 */

/* A queue as it lies in memory, and how many of its entries are in use: the fields for event
 * indices are where they are here only if all are. */
#define VIRTIO_QUEUE_SIZE 256u
struct virtio_queue {
	_Alignas(16) struct vring_desc desc[VIRTIO_QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[VIRTIO_QUEUE_SIZE], used_event;
	} avail;
	struct {
		_Alignas(4) uint16_t flags;
		uint16_t index;
		struct vring_used_elem ring[VIRTIO_QUEUE_SIZE];
		uint16_t avail_event;
	} used;
	uint16_t size;
};

struct virtio_device {
	uint64_t common_gpa, notify_gpa, config_gpa;
	uint32_t notify_multiplier;
	uint32_t features; /* bits 0 to 31 that were negotiated, besides version 1 */
};

/* The first device with one of two PCI device ids, reset and with those of the wanted features that
 * it has; false: none. Its queues are started next. */
bool virtio_find(uint16_t modern, uint16_t transitional, uint32_t wanted,
		 struct virtio_device *device);

/* Queue `index`, empty, as large as the device allows; returns the address of its doorbell. */
uint64_t virtio_start_queue(const struct virtio_device *device, uint16_t index,
			    struct virtio_queue *queue);

/* The queues are there: the device goes to work. */
void virtio_start(const struct virtio_device *device);

/* Memory of the guest, for a device that reads or writes it. */
struct virtio_piece {
	const volatile void *data;
	uint32_t bytes;
};

/* Fills descriptors from `first` on with a chain of `readable` pieces for reading and as many as
 * are left of `count` for writing, and makes it available. */
void virtio_put(struct virtio_queue *queue, uint16_t first, const struct virtio_piece *pieces,
		unsigned readable, unsigned count);

#endif
