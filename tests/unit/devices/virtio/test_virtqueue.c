/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/ */
/* LINK: tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/virtqueue.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/devices/virtio/fake_ring.h"
#include "vmm/base/compiler.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES    (16u << 20)
#define RINGS_GPA    0x10000u
#define TABLE_GPA    0x20000u /* indirect tables */
#define DATA_GPA     0x30000u
#define IOV_MAX_ROOM 16

static struct guest_mem *mem;
static struct fake_ring ring;
static struct virtqueue vq;
static struct iovec iov[IOV_MAX_ROOM];
static struct virtqueue_chain chain;

static void start(uint16_t size, bool event_index, bool indirect)
{
	fake_ring_init(&ring, mem, RINGS_GPA, size);
	vq = (struct virtqueue){ .size = size,
				 .desc_gpa = ring.desc_gpa,
				 .avail_gpa = ring.avail_gpa,
				 .used_gpa = ring.used_gpa,
				 .event_index = event_index,
				 .indirect = indirect };
	cr_assert(eq(int, virtqueue_start(&vq, mem), 0));
	chain = (struct virtqueue_chain){ .iov = iov, .iov_capacity = IOV_MAX_ROOM };
}

static void set_up(void)
{
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, NULL), 0));
	start(8, false, true);
}

static void tear_down(void)
{
	guest_mem_destroy(mem);
}

TestSuite(virtqueue, .init = set_up, .fini = tear_down, .timeout = 10);

/* --- set-up --- */

struct start_case {
	uint16_t size;
	uint64_t desc_gpa, avail_gpa, used_gpa;
	int code;
};

ParameterizedTestParameters(virtqueue, start_checks_rings)
{
	/* Each limit from both sides; the last rows end exactly at, and one byte behind, the end of
	 * RAM: 8 entries take 128, 22 and 70 bytes. */
	static struct start_case cases[] = {
		{ 1, 0x1000, 0x2000, 0x3000, 0 },
		{ 256, 0x1000, 0x2000, 0x3000, 0 },
		{ 1024, 0x1000, 0x8000, 0x9000, 0 },
		{ 0, 0x1000, 0x2000, 0x3000, -EINVAL },
		{ 2048, 0x1000, 0x2000, 0x3000, -EINVAL },
		{ 12, 0x1000, 0x2000, 0x3000, -EINVAL },
		{ 8, 0x1008, 0x2000, 0x3000, -EINVAL },
		{ 8, 0x1000, 0x2001, 0x3000, -EINVAL },
		{ 8, 0x1000, 0x2000, 0x3002, -EINVAL },
		{ 8, RAM_BYTES - 128, 0x2000, 0x3000, 0 },
		{ 8, RAM_BYTES - 112, 0x2000, 0x3000, -EFAULT },
		{ 8, 0x1000, RAM_BYTES - 22, 0x3000, 0 },
		{ 8, 0x1000, RAM_BYTES - 20, 0x3000, -EFAULT },
		{ 8, 0x1000, 0x2000, RAM_BYTES - 72, 0 },
		{ 8, 0x1000, 0x2000, RAM_BYTES - 68, -EFAULT },
		{ 8, UINT64_MAX - 15, 0x2000, 0x3000, -EFAULT },
	};

	return cr_make_param_array(struct start_case, cases, ARRAY_SIZE(cases));
}

ParameterizedTest(struct start_case *c, virtqueue, start_checks_rings)
{
	struct virtqueue queue = { .size = c->size,
				   .desc_gpa = c->desc_gpa,
				   .avail_gpa = c->avail_gpa,
				   .used_gpa = c->used_gpa };

	cr_assert(eq(int, virtqueue_start(&queue, mem), c->code));
}

/* --- honest drivers --- */

Test(virtqueue, pop_gives_readable_then_writable_slices)
{
	const struct fake_buffer buffers[] = {
		{ DATA_GPA, 16, false },
		{ DATA_GPA + 0x1000, 512, false },
		{ DATA_GPA + 0x2000, 1, true },
	};
	uint16_t head = fake_ring_add(&ring, buffers, 3);

	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(u16, chain.head, head));
	cr_assert(eq(uint, chain.readable_count, 2));
	cr_assert(eq(uint, chain.writable_count, 1));
	cr_assert(eq(sz, chain.readable_bytes, 528));
	cr_assert(eq(sz, chain.writable_bytes, 1));
	cr_assert(eq(ptr, iov[1].iov_base, guest_mem_slice(mem, DATA_GPA + 0x1000, 512)));
	cr_assert(eq(sz, iov[2].iov_len, 1));
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 0));
}

Test(virtqueue, pop_leaves_out_empty_descriptors)
{
	/* The empty one lies outside RAM: it must not be looked at. */
	const struct fake_buffer buffers[] = {
		{ UINT64_MAX, 0, false },
		{ DATA_GPA, 8, true },
		{ DATA_GPA, 0, false },
	};

	(void)fake_ring_add(&ring, buffers, 3);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(uint, chain.readable_count, 0));
	cr_assert(eq(uint, chain.writable_count, 1));
}

Test(virtqueue, pop_follows_indirect_table_after_plain_descriptor)
{
	const struct fake_buffer buffers[] = { { DATA_GPA, 4, false }, { DATA_GPA + 8, 4, true } };

	(void)fake_ring_add_indirect(&ring, TABLE_GPA, buffers, 2); /* descriptor 0 */
	ring.avail->ring[0] = 5;
	fake_ring_set_desc(&ring, 5, DATA_GPA + 16, 2, VRING_DESC_F_NEXT, 0);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(u16, chain.head, 5));
	cr_assert(eq(sz, chain.readable_bytes, 6));
	cr_assert(eq(sz, chain.writable_bytes, 4));
}

Test(virtqueue, pop_takes_indirect_table_longer_than_queue)
{
	struct fake_buffer buffers[12];

	for (unsigned i = 0; i < 12; i++) {
		buffers[i] = (struct fake_buffer){ DATA_GPA + i * 16, 16, i > 5 };
	}
	start(1, false, true);
	(void)fake_ring_add_indirect(&ring, TABLE_GPA, buffers, 12);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(uint, chain.readable_count, 6));
	cr_assert(eq(uint, chain.writable_count, 6));
}

Test(virtqueue, push_fills_used_ring)
{
	const struct fake_buffer buffer = { DATA_GPA, 8, true };
	uint32_t head = 0;
	uint32_t written = 0;

	(void)fake_ring_add(&ring, &buffer, 1);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(not(fake_ring_take(&ring, &head, &written)));
	virtqueue_push(&vq, chain.head, 7);
	cr_assert(fake_ring_take(&ring, &head, &written));
	cr_assert(eq(u32, head, chain.head));
	cr_assert(eq(u32, written, 7));
}

/* Runs `rounds` chains through the queue, one at a time. */
static void run_rounds(unsigned rounds)
{
	const struct fake_buffer buffer = { DATA_GPA, 8, true };

	for (unsigned i = 0; i < rounds; i++) {
		uint16_t head = fake_ring_add(&ring, &buffer, 1);
		uint32_t used_head = UINT32_MAX;
		uint32_t written = 0;

		cr_assert(virtqueue_has_work(&vq));
		cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
		virtqueue_push(&vq, chain.head, i);
		cr_assert(fake_ring_take(&ring, &used_head, &written));
		cr_assert(eq(u32, used_head, head));
		cr_assert(eq(u32, written, i));
		cr_assert(not(virtqueue_has_work(&vq)));
	}
}

/* The indices have 16 bits: go over their end, also with the smallest queue. */
Test(virtqueue, indices_wrap)
{
	run_rounds(65536 + 20);
	start(1, true, false);
	run_rounds(65536 + 20);
}

Test(virtqueue, full_queue_is_popped_whole)
{
	const struct fake_buffer buffer = { DATA_GPA, 8, true };

	for (unsigned i = 0; i < 8; i++) {
		(void)fake_ring_add(&ring, &buffer, 1);
	}
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
		cr_assert(eq(u16, chain.head, i));
	}
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 0));
}

/* --- hostile drivers --- */

static void break_by_loop(void)
{
	fake_ring_set_desc(&ring, 0, DATA_GPA, 1, VRING_DESC_F_NEXT, 1);
	fake_ring_set_desc(&ring, 1, DATA_GPA, 1, VRING_DESC_F_NEXT, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_loop_of_empty(void)
{
	fake_ring_set_desc(&ring, 0, DATA_GPA, 0, VRING_DESC_F_NEXT, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_head(void)
{
	fake_ring_offer(&ring, 8);
}

static void break_by_next(void)
{
	fake_ring_set_desc(&ring, 0, DATA_GPA, 1, VRING_DESC_F_NEXT, 8);
	fake_ring_offer(&ring, 0);
}

static void break_by_index_jump(void)
{
	ring.avail->idx = 9; /* one more than the queue holds */
}

static void break_by_index_back(void)
{
	ring.avail->idx = UINT16_MAX;
}

static void break_by_address_outside(void)
{
	fake_ring_set_desc(&ring, 0, RAM_BYTES, 1, 0, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_address_at_end(void)
{
	fake_ring_set_desc(&ring, 0, RAM_BYTES - 15, 16, 0, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_address_wrap(void)
{
	fake_ring_set_desc(&ring, 0, UINT64_MAX - 3, 16, 0, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_writable_first(void)
{
	const struct fake_buffer buffers[] = { { DATA_GPA, 4, true }, { DATA_GPA, 4, false } };

	(void)fake_ring_add(&ring, buffers, 2);
}

static void break_by_too_many_slices(void)
{
	struct fake_buffer buffers[IOV_MAX_ROOM + 1];

	for (unsigned i = 0; i < ARRAY_SIZE(buffers); i++) {
		buffers[i] = (struct fake_buffer){ DATA_GPA, 1, false };
	}
	(void)fake_ring_add_indirect(&ring, TABLE_GPA, buffers, ARRAY_SIZE(buffers));
}

static void offer_indirect(uint64_t gpa, uint32_t length, uint16_t flags)
{
	fake_ring_set_desc(&ring, 0, gpa, length, VRING_DESC_F_INDIRECT | flags, 1);
	fake_ring_set_desc(&ring, 1, DATA_GPA, 4, 0, 0);
	fake_ring_offer(&ring, 0);
}

static void break_by_indirect_length(void)
{
	offer_indirect(TABLE_GPA, 24, 0);
}

static void break_by_indirect_empty(void)
{
	offer_indirect(TABLE_GPA, 0, 0);
}

static void break_by_indirect_and_next(void)
{
	offer_indirect(TABLE_GPA, 16, VRING_DESC_F_NEXT);
}

static void break_by_indirect_outside(void)
{
	offer_indirect(RAM_BYTES - 16, 32, 0);
}

static void break_by_indirect_huge(void)
{
	offer_indirect(TABLE_GPA, (VIRTQUEUE_MAX_SIZE + 1) * 16, 0);
}

static void break_by_indirect_in_indirect(void)
{
	struct vring_desc *table = guest_mem_slice(mem, TABLE_GPA, sizeof(*table));

	table->addr = TABLE_GPA;
	table->len = 16;
	table->flags = VRING_DESC_F_INDIRECT;
	offer_indirect(TABLE_GPA, 16, 0);
}

static void break_by_indirect_loop(void)
{
	struct vring_desc *table = guest_mem_slice(mem, TABLE_GPA, 2 * sizeof(*table));

	table[0] = (struct vring_desc){ .addr = DATA_GPA, .len = 1, .flags = VRING_DESC_F_NEXT };
	offer_indirect(TABLE_GPA, 32, 0);
}

static void break_by_indirect_next(void)
{
	struct vring_desc *table = guest_mem_slice(mem, TABLE_GPA, 2 * sizeof(*table));

	table[0] = (struct vring_desc){
		.addr = DATA_GPA, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 2
	};
	offer_indirect(TABLE_GPA, 32, 0);
}

static void break_by_indirect_not_negotiated(void)
{
	vq.indirect = false;
	offer_indirect(TABLE_GPA, 16, 0);
}

static void (*const breakers[])(void) = {
	break_by_loop,
	break_by_loop_of_empty,
	break_by_head,
	break_by_next,
	break_by_index_jump,
	break_by_index_back,
	break_by_address_outside,
	break_by_address_at_end,
	break_by_address_wrap,
	break_by_writable_first,
	break_by_too_many_slices,
	break_by_indirect_length,
	break_by_indirect_empty,
	break_by_indirect_and_next,
	break_by_indirect_outside,
	break_by_indirect_huge,
	break_by_indirect_in_indirect,
	break_by_indirect_loop,
	break_by_indirect_next,
	break_by_indirect_not_negotiated,
};

ParameterizedTestParameters(virtqueue, pop_rejects_corrupt_ring)
{
	static unsigned indices[ARRAY_SIZE(breakers)];

	for (unsigned i = 0; i < ARRAY_SIZE(breakers); i++) {
		indices[i] = i;
	}
	return cr_make_param_array(unsigned, indices, ARRAY_SIZE(indices));
}

ParameterizedTest(unsigned *index, virtqueue, pop_rejects_corrupt_ring)
{
	breakers[*index]();
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), -EPROTO), "breaker %u", *index);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), -EPROTO), "breaker %u, again", *index);
	cr_assert(not(virtqueue_has_work(&vq)));
}

Test(virtqueue, pop_takes_buffer_that_ends_with_ram)
{
	const struct fake_buffer buffer = { RAM_BYTES - 16, 16, true };

	(void)fake_ring_add(&ring, &buffer, 1);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
}

Test(virtqueue, broken_queue_is_silent)
{
	virtqueue_push(&vq, 0, 0);
	fake_ring_offer(&ring, 8);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), -EPROTO));
	virtqueue_push(&vq, 1, 0);
	cr_assert(eq(u16, ring.used->idx, 1));
	cr_assert(not(virtqueue_needs_signal(&vq)));
	cr_assert(not(virtqueue_want_doorbell(&vq, true)));
}

/* --- notifications --- */

Test(virtqueue, signal_follows_driver_flag)
{
	cr_assert(not(virtqueue_needs_signal(&vq)), "nothing was pushed");
	virtqueue_push(&vq, 0, 0);
	cr_assert(virtqueue_needs_signal(&vq));
	cr_assert(not(virtqueue_needs_signal(&vq)), "asked already");
	ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	virtqueue_push(&vq, 1, 0);
	cr_assert(not(virtqueue_needs_signal(&vq)));
}

struct event_case {
	uint16_t before; /* pushes up to the last signal */
	uint16_t pushes;
	uint16_t event; /* where the driver wants its interrupt */
	bool signal;
};

ParameterizedTestParameters(virtqueue, signal_follows_event_index)
{
	/* An interrupt is due when the entry numbered `event` is among the new ones: both ends of
	 * the range and one beyond each, then the same over the end of 16 bits. */
	static struct event_case cases[] = {
		{ 10, 1, 10, true },	   { 10, 1, 9, false },	       { 10, 1, 11, false },
		{ 10, 4, 13, true },	   { 10, 4, 14, false },       { 10, 4, 9, false },
		{ 65534, 4, 65535, true }, { 65534, 4, 0, true },      { 65534, 4, 1, true },
		{ 65534, 4, 2, false },	   { 65534, 4, 65533, false },
	};

	return cr_make_param_array(struct event_case, cases, ARRAY_SIZE(cases));
}

static void push_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		virtqueue_push(&vq, 0, 0);
	}
}

ParameterizedTest(struct event_case *c, virtqueue, signal_follows_event_index)
{
	start(8, true, false);
	push_many(c->before);
	(void)virtqueue_needs_signal(&vq);
	*fake_ring_used_event(&ring) = c->event;
	push_many(c->pushes);
	cr_assert(eq(int, virtqueue_needs_signal(&vq), c->signal), "%u + %u, event %u", c->before,
		  c->pushes, c->event);
}

/* Exactly one turn of the index without a signal must not look like nothing pushed. */
Test(virtqueue, signal_survives_a_whole_turn)
{
	start(8, true, false);
	*fake_ring_used_event(&ring) = 5;
	push_many(65536);
	cr_assert(virtqueue_needs_signal(&vq));
}

/* The driver rings when it passes the event field: after an empty pop that is the next entry. */
Test(virtqueue, empty_pop_asks_for_doorbell)
{
	const struct fake_buffer buffer = { DATA_GPA, 8, true };

	start(8, true, false);
	for (unsigned i = 0; i < 3; i++) {
		(void)fake_ring_add(&ring, &buffer, 1);
		cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
		cr_assert(eq(u16, *fake_ring_avail_event(&ring), i), "silent while busy");
		cr_assert(eq(int, virtqueue_pop(&vq, &chain), 0));
		cr_assert(eq(u16, *fake_ring_avail_event(&ring), i + 1));
	}
}

Test(virtqueue, doorbell_by_flag)
{
	cr_assert(not(virtqueue_want_doorbell(&vq, false)));
	cr_assert(eq(u16, ring.used->flags, VRING_USED_F_NO_NOTIFY));
	fake_ring_offer(&ring, 0);
	cr_assert(virtqueue_want_doorbell(&vq, true), "work slipped in");
	cr_assert(eq(u16, ring.used->flags, 0));
}

Test(virtqueue, doorbell_by_event_index)
{
	start(8, true, false);
	cr_assert(not(virtqueue_want_doorbell(&vq, false)));
	cr_assert(eq(u16, *fake_ring_avail_event(&ring), UINT16_MAX), "passed already");
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 0));
	cr_assert(eq(u16, *fake_ring_avail_event(&ring), UINT16_MAX), "still silenced");
	cr_assert(not(virtqueue_want_doorbell(&vq, true)));
	cr_assert(eq(u16, *fake_ring_avail_event(&ring), 0));
}

/* --- slices --- */

Test(virtqueue, iov_copies_over_slice_borders)
{
	char first[] = "abc";
	char second[] = "defgh";
	char buffer[8] = "";
	const struct iovec slices[] = { { first, 3 }, { second, 5 } };

	cr_assert(eq(sz, iov_read(slices, 2, 2, buffer, 4), 4));
	cr_assert(zero(memcmp(buffer, "cdef", 4)));
	cr_assert(eq(sz, iov_read(slices, 2, 6, buffer, 8), 2), "cut at the end");
	cr_assert(eq(sz, iov_read(slices, 2, 8, buffer, 1), 0));
	cr_assert(eq(sz, iov_write(slices, 2, 1, "WXYZ", 4), 4));
	cr_assert(zero(memcmp(first, "aWX", 3)));
	cr_assert(zero(memcmp(second, "YZfgh", 5)));
}

/* --- chains put back, chains returned together --- */

Test(virtqueue, chains_put_back_are_found_again)
{
	const struct fake_buffer buffer = { DATA_GPA, 64, true };
	uint16_t first = fake_ring_add(&ring, &buffer, 1);

	(void)fake_ring_add(&ring, &buffer, 1);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	virtqueue_unpop(&vq, 2);
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	cr_assert(eq(u16, chain.head, first));
}

Test(virtqueue, chains_returned_together_are_all_there)
{
	const struct virtqueue_used used[] = { { 3, 100 }, { 1, 50 } };
	uint32_t head;
	uint32_t written;

	virtqueue_push_many(&vq, used, 2);
	cr_assert(eq(u16, ring.used->idx, 2));
	cr_assert(fake_ring_take(&ring, &head, &written));
	cr_assert(eq(u32, head, 3));
	cr_assert(fake_ring_take(&ring, &head, &written));
	cr_assert(eq(u32, written, 50));
}
