/* SPDX-License-Identifier: MIT */
#include "devices/virtio/virtqueue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/mem/guest_mem.h"

/* What a driver may put into one chain in total (virtio 1.2 §2.7.5). */
#define CHAIN_BYTES_MAX (UINT64_C(1) << 32)

_Static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2 §2.7.5");

/* --- fields that the driver writes at the same time ------------------------------------------ */

static uint16_t load_avail_index(const struct virtqueue *vq)
{
	return __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
}

static uint16_t load_used_event(const struct virtqueue *vq)
{
	return __atomic_load_n(&vq->avail->ring[vq->size], __ATOMIC_RELAXED);
}

static uint64_t used_ring_bytes(const struct virtqueue *vq)
{
	return 6 + (uint64_t)vq->size * sizeof(struct vring_used_elem);
}

static void store_avail_event(struct virtqueue *vq, uint16_t index)
{
	__atomic_store_n((uint16_t *)(void *)&vq->used->ring[vq->size], index, __ATOMIC_RELAXED);
	guest_mem_mark_dirty(vq->mem, vq->used_gpa, used_ring_bytes(vq));
}

/* The copy is what gets checked and used: the barrier keeps the compiler from reading again. */
static struct vring_desc copy_descriptor(const struct vring_desc *table, unsigned index)
{
	struct vring_desc copy;

	memcpy(&copy, (const char *)table + index * sizeof(copy), sizeof(copy));
	__asm__ __volatile__("" : "+m"(copy) : : "memory");
	return copy;
}

/* --- set-up ---------------------------------------------------------------------------------- */

int virtqueue_start(struct virtqueue *vq, struct guest_mem *mem)
{
	const uint64_t size = vq->size;

	if (size == 0 || size > VIRTQUEUE_MAX_SIZE || (size & (size - 1))) {
		return -EINVAL;
	}
	if (vq->desc_gpa % 16 || vq->avail_gpa % 2 || vq->used_gpa % 4) {
		return -EINVAL;
	}
	vq->mem = mem;
	vq->desc = guest_mem_slice(mem, vq->desc_gpa, size * sizeof(struct vring_desc));
	/* Flags, index, entries and the event field behind them. */
	vq->avail = guest_mem_slice(mem, vq->avail_gpa, 6 + size * 2);
	vq->used = guest_mem_slice(mem, vq->used_gpa, used_ring_bytes(vq));
	vq->broken = !vq->desc || !vq->avail || !vq->used;
	if (vq->broken) {
		return -EFAULT;
	}
	vq->next_avail = 0;
	vq->next_used = 0;
	vq->signalled = 0;
	vq->silenced = false;
	return 0;
}

/* --- taking chains --------------------------------------------------------------------------- */

static int add_slice(const struct virtqueue *vq, struct virtqueue_chain *chain,
		     const struct vring_desc *desc)
{
	unsigned count = chain->readable_count + chain->writable_count;
	void *slice;

	if (desc->len == 0) {
		return 0;
	}
	slice = guest_mem_slice(vq->mem, desc->addr, desc->len);
	if (UNLIKELY(!slice || count >= chain->iov_capacity)) {
		return -EPROTO;
	}
	chain->iov[count] = (struct iovec){ .iov_base = slice, .iov_len = desc->len };
	if (desc->flags & VRING_DESC_F_WRITE) {
		chain->writable_count++;
		chain->writable_bytes += desc->len;
	} else if (UNLIKELY(chain->writable_count)) {
		return -EPROTO; /* readable ones come first */
	} else {
		chain->readable_count++;
		chain->readable_bytes += desc->len;
	}
	return chain->readable_bytes + chain->writable_bytes > CHAIN_BYTES_MAX ? -EPROTO : 0;
}

/* Follows the chain from `index` on within a table; more steps than entries are a loop. On an
 * indirect descriptor, which ends the chain in its table, it stops and leaves it in `last`. */
static int walk_table(const struct virtqueue *vq, const struct vring_desc *table, unsigned entries,
		      unsigned index, struct virtqueue_chain *chain, struct vring_desc *last)
{
	for (unsigned steps = 0; steps < entries; steps++) {
		if (UNLIKELY(index >= entries)) {
			return -EPROTO;
		}
		*last = copy_descriptor(table, index);
		if (last->flags & VRING_DESC_F_INDIRECT) {
			return last->flags & VRING_DESC_F_NEXT ? -EPROTO : 0;
		}
		if (UNLIKELY(add_slice(vq, chain, last) < 0)) {
			return -EPROTO;
		}
		if (!(last->flags & VRING_DESC_F_NEXT)) {
			return 0;
		}
		index = last->next;
	}
	return -EPROTO;
}

static int walk_indirect(const struct virtqueue *vq, const struct vring_desc *desc,
			 struct virtqueue_chain *chain)
{
	const unsigned entries = desc->len / sizeof(struct vring_desc);
	const struct vring_desc *table;
	struct vring_desc last;

	if (!vq->indirect || desc->len % sizeof(struct vring_desc) || entries == 0 ||
	    entries > VIRTQUEUE_MAX_SIZE) {
		return -EPROTO;
	}
	table = guest_mem_slice(vq->mem, desc->addr, desc->len);
	if (!table || walk_table(vq, table, entries, 0, chain, &last) < 0) {
		return -EPROTO;
	}
	return last.flags & VRING_DESC_F_INDIRECT ? -EPROTO : 0; /* no nesting */
}

static int take_chain(struct virtqueue *vq, struct virtqueue_chain *chain)
{
	const uint16_t slot = vq->next_avail & (vq->size - 1);
	struct vring_desc last;

	chain->head = __atomic_load_n(&vq->avail->ring[slot], __ATOMIC_RELAXED);
	chain->readable_count = 0;
	chain->writable_count = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	if (UNLIKELY(walk_table(vq, vq->desc, vq->size, chain->head, chain, &last) < 0)) {
		return -EPROTO;
	}
	if ((last.flags & VRING_DESC_F_INDIRECT) && walk_indirect(vq, &last, chain) < 0) {
		return -EPROTO;
	}
	vq->next_avail++;
	return 1;
}

/* Chains waiting in the ring. When there is none, the driver is asked to ring for the next one
 * before the last look, so that none is left behind. */
static uint16_t count_waiting(struct virtqueue *vq)
{
	uint16_t waiting = load_avail_index(vq) - vq->next_avail;

	if (waiting || vq->silenced || !vq->event_index) {
		return waiting;
	}
	store_avail_event(vq, vq->next_avail);
	/* Pairs with the driver's barrier between its index and its look at our event field. */
	atomic_thread_fence(memory_order_seq_cst);
	return load_avail_index(vq) - vq->next_avail;
}

int virtqueue_pop(struct virtqueue *vq, struct virtqueue_chain *chain)
{
	uint16_t waiting;

	if (UNLIKELY(vq->broken)) {
		return -EPROTO;
	}
	waiting = count_waiting(vq);
	if (waiting == 0) {
		return 0;
	}
	if (UNLIKELY(waiting > vq->size || take_chain(vq, chain) < 0)) {
		vq->broken = true;
		return -EPROTO;
	}
	return 1;
}

void virtqueue_unpop(struct virtqueue *vq, unsigned count)
{
	vq->next_avail = (uint16_t)(vq->next_avail - count);
}

bool virtqueue_has_work(const struct virtqueue *vq)
{
	return !vq->broken && load_avail_index(vq) != vq->next_avail;
}

bool virtqueue_want_doorbell(struct virtqueue *vq, bool want)
{
	vq->silenced = !want;
	if (vq->broken) {
		return false;
	}
	if (vq->event_index) {
		/* Silence is an event index that the driver has passed already. */
		store_avail_event(vq, want ? vq->next_avail : (uint16_t)(vq->next_avail - 1));
	} else {
		__atomic_store_n(&vq->used->flags, want ? 0 : VRING_USED_F_NO_NOTIFY,
				 __ATOMIC_RELAXED);
		guest_mem_mark_dirty(vq->mem, vq->used_gpa, used_ring_bytes(vq));
	}
	if (!want) {
		return false;
	}
	atomic_thread_fence(memory_order_seq_cst); /* as in count_waiting */
	return virtqueue_has_work(vq);
}

/* --- returning chains ------------------------------------------------------------------------ */

/* Follows the chain once more and marks all that a device may have written into, for a status byte
 * comes behind data that was not. The driver leaves a chain alone until it is back; one that does
 * not spoils its own snapshot only. As in popping, steps and bytes are bounded. */
static void mark_chain(struct virtqueue *vq, uint16_t head)
{
	const struct vring_desc *table = vq->desc;
	unsigned entries = vq->size;
	unsigned index = head;
	uint64_t left = CHAIN_BYTES_MAX;

	for (unsigned steps = 0; steps < 2 * VIRTQUEUE_MAX_SIZE && index < entries; steps++) {
		const struct vring_desc desc = copy_descriptor(table, index);
		const uint64_t length = MIN(left, (uint64_t)desc.len);

		index = desc.next;
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			table = guest_mem_slice(vq->mem, desc.addr, desc.len);
			entries = table ? desc.len / sizeof(*table) : 0;
			index = 0;
			continue;
		}
		if (desc.flags & VRING_DESC_F_WRITE) {
			guest_mem_mark_dirty(vq->mem, desc.addr, length);
			left -= length;
		}
		if (!(desc.flags & VRING_DESC_F_NEXT)) {
			return;
		}
	}
}

static void mark_pushed(struct virtqueue *vq, const struct virtqueue_used *used, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (used[i].written) {
			mark_chain(vq, used[i].head);
		}
	}
}

static void fill_used(struct virtqueue *vq, uint16_t head, uint32_t written)
{
	struct vring_used_elem *element = &vq->used->ring[vq->next_used & (vq->size - 1)];

	element->id = head;
	element->len = written;
	vq->next_used++;
	/* A device that never asks for signals must not make "65536 pushed" look like "none". */
	if (UNLIKELY(vq->next_used == vq->signalled)) {
		vq->signalled++;
	}
}

void virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t written)
{
	const struct virtqueue_used used = { .head = head, .written = written };

	virtqueue_push_many(vq, &used, 1);
}

void virtqueue_push_many(struct virtqueue *vq, const struct virtqueue_used *used, unsigned count)
{
	const bool logs = guest_mem_is_logging(vq->mem);

	if (vq->broken) {
		return;
	}
	if (UNLIKELY(logs)) {
		/* While the chains are still ours. */
		mark_pushed(vq, used, count);
	}
	for (unsigned i = 0; i < count; i++) {
		fill_used(vq, used[i].head, used[i].written);
	}
	__atomic_store_n(&vq->used->idx, vq->next_used, __ATOMIC_RELEASE);
	if (UNLIKELY(logs)) {
		guest_mem_mark_dirty(vq->mem, vq->used_gpa, used_ring_bytes(vq));
	}
}

bool virtqueue_needs_signal(struct virtqueue *vq)
{
	const uint16_t pushed = vq->next_used - vq->signalled;

	if (pushed == 0 || vq->broken) {
		return false;
	}
	vq->signalled = vq->next_used;
	/* Our index must be out before we look at what the driver wants: it sets its event field,
	 * then looks at our index. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!vq->event_index) {
		return !(__atomic_load_n(&vq->avail->flags, __ATOMIC_RELAXED) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	}
	return (uint16_t)(vq->next_used - load_used_event(vq) - 1) < pushed;
}

uint16_t virtqueue_unseen(const struct virtqueue *vq)
{
	uint16_t unseen;

	if (!vq->event_index || vq->broken) {
		return 0;
	}
	unseen = vq->next_used - load_used_event(vq);
	/* Others want a signal for a chain that is still to come, or never. */
	return unseen <= vq->size ? unseen : 0;
}
