/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/virtqueue.c vmm/mem/ vmm/kvm/ */
/* LINK: tests/unit/devices/virtio/fake_ring.c */
/* What virtqueues mark in the dirty log of guest memory. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/virtio/virtqueue.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES (16u << 20)
#define RINGS_GPA 0x10000u
#define TABLE_GPA 0x20000u /* an indirect table */
#define DATA_GPA  0x30000u

static struct guest_mem *mem;
static struct fake_ring ring;
static struct virtqueue vq;
static struct iovec iov[4];
static struct virtqueue_chain chain = { .iov = iov, .iov_capacity = 4 };

static void set_up(void)
{
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, NULL), 0));
	fake_ring_init(&ring, mem, RINGS_GPA, 8);
	vq = (struct virtqueue){ .size = 8,
				 .desc_gpa = ring.desc_gpa,
				 .avail_gpa = ring.avail_gpa,
				 .used_gpa = ring.used_gpa,
				 .indirect = true };
	cr_assert(eq(int, virtqueue_start(&vq, mem), 0));
}

static void tear_down(void)
{
	guest_mem_destroy(mem);
}

TestSuite(virtqueue_dirty, .init = set_up, .fini = tear_down, .timeout = 10);

static uint64_t bitmap[RAM_BYTES / GUEST_MEM_PAGE_BYTES / 64];

static bool is_dirty(uint64_t gpa)
{
	uint64_t page = gpa / GUEST_MEM_PAGE_BYTES;

	return bitmap[page / 64] >> page % 64 & 1;
}

static void read_dirty_log(void)
{
	cr_assert(eq(int, guest_mem_dirty_pages(mem, 0, bitmap), 0));
}

/* A page that is read, two that are written at once, one that the status goes to. */
static const struct fake_buffer request[] = {
	{ DATA_GPA, 16, false },
	{ DATA_GPA + 0x2000, 0x2000, true },
	{ DATA_GPA + 0x6000, 1, true },
};

Test(virtqueue_dirty, push_marks_what_was_written)
{
	for (int indirect = 0; indirect < 2; indirect++) {
		if (indirect) {
			fake_ring_add_indirect(&ring, TABLE_GPA, request, 3);
		} else {
			fake_ring_add(&ring, request, 3);
		}
		cr_assert(eq(int, guest_mem_log_dirty(mem, true), 0));
		cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
		read_dirty_log();
		virtqueue_push(&vq, chain.head, 0x2001);
		read_dirty_log();
		cr_assert(is_dirty(ring.used_gpa));
		cr_assert(not(is_dirty(DATA_GPA)));
		cr_assert(not(is_dirty(DATA_GPA + 0x1000)));
		cr_assert(is_dirty(DATA_GPA + 0x2000));
		cr_assert(is_dirty(DATA_GPA + 0x3000));
		cr_assert(not(is_dirty(DATA_GPA + 0x4000)));
		cr_assert(is_dirty(DATA_GPA + 0x6000));
	}
}

Test(virtqueue_dirty, push_marks_no_buffer_when_nothing_was_written)
{
	fake_ring_add(&ring, request, 3);
	cr_assert(eq(int, guest_mem_log_dirty(mem, true), 0));
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	virtqueue_push(&vq, chain.head, 0);
	read_dirty_log();
	cr_assert(is_dirty(ring.used_gpa));
	cr_assert(not(is_dirty(DATA_GPA + 0x2000)));
}

/* After the pop, the driver points the chain at a table that is its own first entry. */
Test(virtqueue_dirty, push_does_not_follow_a_chain_for_ever)
{
	fake_ring_add(&ring, request, 3);
	cr_assert(eq(int, guest_mem_log_dirty(mem, true), 0));
	cr_assert(eq(int, virtqueue_pop(&vq, &chain), 1));
	fake_ring_set_desc(&ring, chain.head,
			   ring.desc_gpa + chain.head * sizeof(struct vring_desc),
			   sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
	virtqueue_push(&vq, chain.head, 1);
	read_dirty_log();
	cr_assert(is_dirty(ring.used_gpa));
}
