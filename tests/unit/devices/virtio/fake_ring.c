/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_ring.h"

#include <assert.h>
#include <string.h>

#include "vmm/mem/guest_mem.h"

void fake_ring_init(struct fake_ring *ring, struct guest_mem *mem, uint64_t gpa, uint16_t size)
{
	void *all = guest_mem_slice(mem, gpa, FAKE_RING_BYTES);

	assert(all);
	memset(all, 0, FAKE_RING_BYTES);
	*ring = (struct fake_ring){ .mem = mem, .size = size };
	ring->desc_gpa = gpa;
	ring->avail_gpa = gpa + 16u * size;
	ring->used_gpa = (ring->avail_gpa + 6 + 2u * size + 3) & ~UINT64_C(3);
	ring->desc = guest_mem_slice(mem, ring->desc_gpa, 16u * size);
	ring->avail = guest_mem_slice(mem, ring->avail_gpa, 6 + 2u * size);
	ring->used = guest_mem_slice(mem, ring->used_gpa, 6 + 8u * size);
}

void fake_ring_set_desc(struct fake_ring *ring, uint16_t index, uint64_t gpa, uint32_t length,
			uint16_t flags, uint16_t next)
{
	ring->desc[index] =
		(struct vring_desc){ .addr = gpa, .len = length, .flags = flags, .next = next };
}

void fake_ring_offer(struct fake_ring *ring, uint16_t head)
{
	uint16_t index = ring->avail->idx;

	ring->avail->ring[index % ring->size] = head;
	__atomic_store_n(&ring->avail->idx, (uint16_t)(index + 1), __ATOMIC_SEQ_CST);
}

static uint16_t flags_of(const struct fake_buffer *buffer, bool last)
{
	return (buffer->writable ? VRING_DESC_F_WRITE : 0) | (last ? 0 : VRING_DESC_F_NEXT);
}

uint16_t fake_ring_add(struct fake_ring *ring, const struct fake_buffer *buffers, unsigned count)
{
	uint16_t head = ring->next_desc;

	for (unsigned i = 0; i < count; i++) {
		uint16_t next = (ring->next_desc + 1) % ring->size;

		fake_ring_set_desc(ring, ring->next_desc, buffers[i].gpa, buffers[i].length,
				   flags_of(&buffers[i], i + 1 == count), next);
		ring->next_desc = next;
	}
	fake_ring_offer(ring, head);
	return head;
}

uint16_t fake_ring_add_indirect(struct fake_ring *ring, uint64_t table_gpa,
				const struct fake_buffer *buffers, unsigned count)
{
	struct vring_desc *table = guest_mem_slice(ring->mem, table_gpa, count * sizeof(*table));
	uint16_t head = ring->next_desc;

	assert(table);
	for (unsigned i = 0; i < count; i++) {
		table[i] = (struct vring_desc){ .addr = buffers[i].gpa,
						.len = buffers[i].length,
						.flags = flags_of(&buffers[i], i + 1 == count),
						.next = (uint16_t)(i + 1) };
	}
	fake_ring_set_desc(ring, head, table_gpa, count * sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	ring->next_desc = (head + 1) % ring->size;
	fake_ring_offer(ring, head);
	return head;
}

bool fake_ring_take(struct fake_ring *ring, uint32_t *head, uint32_t *written)
{
	const struct vring_used_elem *element = &ring->used->ring[ring->last_used % ring->size];

	if (__atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE) == ring->last_used) {
		return false;
	}
	*head = element->id;
	*written = element->len;
	ring->last_used++;
	return true;
}

uint16_t *fake_ring_used_event(struct fake_ring *ring)
{
	return &ring->avail->ring[ring->size];
}

uint16_t *fake_ring_avail_event(struct fake_ring *ring)
{
	return (uint16_t *)(void *)&ring->used->ring[ring->size];
}
