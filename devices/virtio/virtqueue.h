/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VIRTQUEUE_H
#define THUNDERLAKE_DEVICES_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/base/iov.h"

struct guest_mem;

/*
 * The device's side of one split virtqueue (virtio 1.2 §2.7) with indirect descriptors and event
 * index. The guest is hostile: each descriptor is copied once, checked, then used; loops, lengths
 * and addresses are bounded. Devices see host slices, never a descriptor. One thread at a time: the
 * loop of the device.
 */
#define VIRTQUEUE_MAX_SIZE 1024u

struct virtqueue {
	/* Set by the transport before virtqueue_start. */
	uint16_t size; /* power of two, 1 to VIRTQUEUE_MAX_SIZE; as the driver set it */
	uint64_t desc_gpa, avail_gpa, used_gpa;
	bool event_index; /* VIRTIO_F_EVENT_IDX negotiated */
	bool indirect;	  /* VIRTIO_F_INDIRECT_DESC negotiated */

	/* Kept by virtqueue.c. */
	struct guest_mem *mem;
	const struct vring_desc *desc; /* host addresses of the three rings */
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail; /* next entry of the available ring to take */
	uint16_t next_used;  /* next entry of the used ring to fill */
	uint16_t signalled;  /* next_used when virtqueue_needs_signal was last asked */
	bool broken;	     /* a corrupt ring was met: nothing works until restart */
	bool silenced;	     /* virtqueue_want_doorbell(false) */
};

/* One descriptor chain as validated host slices. The caller gives the iovec array. */
struct virtqueue_chain {
	struct iovec *iov;     /* caller's array: readable slices first, then writable ones */
	unsigned iov_capacity; /* set by the caller; a longer chain is corrupt */
	unsigned readable_count;
	unsigned writable_count; /* at iov + readable_count */
	size_t readable_bytes;
	size_t writable_bytes;
	uint16_t head; /* names the chain in virtqueue_push */
};

/* Checks alignment and that the rings lie in RAM; the positions start at 0. -EINVAL, -EFAULT. */
int virtqueue_start(struct virtqueue *vq, struct guest_mem *mem);

/* Takes the next chain: 1 with `chain` filled, 0 when the ring is empty, -EPROTO when it is corrupt
 * (from then on always). After 0 the driver rings for the next chain, unless silenced. Descriptors
 * of length 0 are left out; a chain may have as many as its table (the queue's or an indirect one,
 * then VIRTQUEUE_MAX_SIZE at most) has entries. */
int virtqueue_pop(struct virtqueue *vq, struct virtqueue_chain *chain);

/* Puts the `count` chains popped last back, none of them pushed: pop finds them again. For a device
 * that has no use for them yet, so that nothing is in flight between two callbacks. */
void virtqueue_unpop(struct virtqueue *vq, unsigned count);

/* Whether pop would find something; cheap, for polling. */
bool virtqueue_has_work(const struct virtqueue *vq);

/* Returns a chain with `written` bytes put into its writable part. Chains may be returned in any
 * order. Visible to the driver after the call (release). Marks what was written in the dirty log of
 * guest memory, so that devices need not. */
void virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t written);

/* Returns several chains, which the driver sees all at once: a frame in merged buffers. */
struct virtqueue_used {
	uint16_t head;
	uint32_t written;
};
void virtqueue_push_many(struct virtqueue *vq, const struct virtqueue_used *used, unsigned count);

/* Whether the driver wants an interrupt for what was pushed since the last call (virtio 1.2
 * §2.7.7.2, §2.7.10). Call once after a batch of pushes. */
bool virtqueue_needs_signal(struct virtqueue *vq);

/* How many of the chains pushed the driver has not taken yet, as far as its event field tells
 * (virtio 1.2 §2.7.7); 0 where it tells nothing. */
uint16_t virtqueue_unseen(const struct virtqueue *vq);

/* Asks the driver to ring, or not, for new chains. After asking to ring, look at the ring once
 * more: returns true when work slipped in. Silencing always returns false. */
bool virtqueue_want_doorbell(struct virtqueue *vq, bool want);

#endif
