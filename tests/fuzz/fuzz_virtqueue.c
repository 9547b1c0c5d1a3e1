/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/ */
/*
 * A queue over hostile guest memory. Input: one byte each for the size's exponent, the negotiated
 * features, the room for slices and the index jump between pops; the rest is guest memory from 0
 * on: descriptors, available ring and used ring one after the other, then whatever they point at.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/virtqueue.h"
#include "vmm/mem/guest_mem.h"

#define HEADER_BYTES 4
#define GUEST_BYTES  0x20000u /* what inputs can fill */
#define IOV_ROOM     64
#define POPS_MAX     64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads and writes the ends of each slice, so that the sanitizer sees a bad one. */
static void touch(const struct virtqueue_chain *chain)
{
	const unsigned count = chain->readable_count + chain->writable_count;
	uint8_t sum = 0;

	assert(count <= chain->iov_capacity);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *bytes = chain->iov[i].iov_base;

		sum ^= bytes[0] ^ bytes[chain->iov[i].iov_len - 1];
		if (i >= chain->readable_count) {
			bytes[chain->iov[i].iov_len - 1] = sum;
		}
	}
}

static void run(struct virtqueue *vq, uint8_t *index_low, unsigned room, uint8_t jump)
{
	struct iovec iov[IOV_ROOM];
	struct virtqueue_chain chain = { .iov = iov, .iov_capacity = room % IOV_ROOM + 1 };

	for (unsigned i = 0; i < POPS_MAX; i++) {
		int code = virtqueue_pop(vq, &chain);

		if (code == 1) {
			touch(&chain);
			virtqueue_push(vq, chain.head, (uint32_t)chain.writable_bytes);
		}
		(void)virtqueue_needs_signal(vq);
		(void)virtqueue_want_doorbell(vq, i & 1);
		(void)virtqueue_has_work(vq);
		*index_low = (uint8_t)(*index_low + jump);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest_mem *mem;
	struct virtqueue vq = { 0 };
	uint8_t *ram;

	/* With the dirty log on, pushing walks the rings, too. */
	if (!mem && (guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
		     guest_mem_log_dirty(mem, true) < 0)) {
		abort();
	}
	if (size < HEADER_BYTES || size - HEADER_BYTES > GUEST_BYTES) {
		return -1;
	}
	ram = guest_mem_slice(mem, 0, GUEST_BYTES);
	memset(ram, 0, GUEST_BYTES);
	memcpy(ram, data + HEADER_BYTES, size - HEADER_BYTES);
	vq.size = (uint16_t)(1u << data[0] % 12);
	vq.event_index = data[1] & 1;
	vq.indirect = data[1] & 2;
	vq.avail_gpa = vq.size * 16u;
	vq.used_gpa = (vq.avail_gpa + 6 + vq.size * 2u + 3) & ~3u;
	if (virtqueue_start(&vq, mem) == 0) {
		run(&vq, ram + vq.avail_gpa + 2, data[2], data[3]);
	}
	return 0;
}
