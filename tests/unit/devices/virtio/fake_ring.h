/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_RING_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_RING_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

struct guest_mem;

/*
 * The driver's side of a split ring, for tests: three rings one after the other in guest memory.
 * Honest drivers use fake_ring_add; hostile ones write descriptors and indices themselves.
 */
struct fake_ring {
	struct guest_mem *mem;
	uint16_t size;
	uint64_t desc_gpa, avail_gpa, used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_desc; /* descriptors are taken in turn and never tracked */
	uint16_t last_used;
};

struct fake_buffer {
	uint64_t gpa;
	uint32_t length;
	bool writable;
};

/* Zeroes the rings at `gpa` (16-byte aligned). They take FAKE_RING_BYTES at most. */
#define FAKE_RING_BYTES 0x8000u
void fake_ring_init(struct fake_ring *ring, struct guest_mem *mem, uint64_t gpa, uint16_t size);

void fake_ring_set_desc(struct fake_ring *ring, uint16_t index, uint64_t gpa, uint32_t length,
			uint16_t flags, uint16_t next);
/* Puts `head` into the available ring and moves its index. */
void fake_ring_offer(struct fake_ring *ring, uint16_t head);
/* Builds a chain of the buffers, offers it and returns its head. */
uint16_t fake_ring_add(struct fake_ring *ring, const struct fake_buffer *buffers, unsigned count);
/* The same with the descriptors in an indirect table at `table_gpa`. */
uint16_t fake_ring_add_indirect(struct fake_ring *ring, uint64_t table_gpa,
				const struct fake_buffer *buffers, unsigned count);
/* Takes the next used element; false when there is none. */
bool fake_ring_take(struct fake_ring *ring, uint32_t *head, uint32_t *written);

/* The event index fields behind the rings. */
uint16_t *fake_ring_used_event(struct fake_ring *ring);
uint16_t *fake_ring_avail_event(struct fake_ring *ring);

#endif
