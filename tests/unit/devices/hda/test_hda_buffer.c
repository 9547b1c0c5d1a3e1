/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/hda_buffer.c vmm/mem/ vmm/kvm/ */
#include "devices/hda/hda_buffer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "vmm/base/bytes.h"
#include "vmm/mem/guest_mem.h"

#define LIST_GPA 0x1000u

static struct guest_mem *mem;
static struct hda_buffer buffer;

static void set_up(void)
{
	cr_assert(zero(int, guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL)));
}

static void tear_down(void)
{
	guest_mem_destroy(mem);
}

TestSuite(hda_buffer, .init = set_up, .fini = tear_down, .timeout = 10);

static void describe(unsigned index, uint64_t gpa, uint32_t length, bool interrupts)
{
	uint8_t *entry =
		guest_mem_slice(mem, LIST_GPA + index * HDA_BDL_ENTRY_BYTES, HDA_BDL_ENTRY_BYTES);

	store_le64(entry, gpa);
	store_le32(entry + 8, length);
	store_le32(entry + 12, interrupts);
}

static void load(unsigned count)
{
	cr_assert(zero(int, hda_buffer_load(&buffer, mem, LIST_GPA, count)));
}

static void expect_run(size_t length, uint64_t expected_gpa, uint32_t expected_length)
{
	uint64_t gpa;

	cr_assert(eq(u32, hda_buffer_run(&buffer, length, &gpa), expected_length));
	cr_assert(eq(u64, gpa, expected_gpa));
}

/* As Linux does it: a frame, then the periods, the last one shorter by it. */
Test(hda_buffer, walks_pieces_of_odd_lengths)
{
	describe(0, 0x10000, 4, true);
	describe(1, 0x10004, 4093, false);
	describe(2, 0x20001, 3, true);
	load(3);
	expect_run(1000, 0x10000, 4);
	cr_assert(hda_buffer_advance(&buffer, 4));
	expect_run(1000, 0x10004, 1000);
	cr_assert(not(hda_buffer_advance(&buffer, 1000)));
	expect_run(10000, 0x10004 + 1000, 3093);
	cr_assert(not(hda_buffer_advance(&buffer, 3093)), "it does not interrupt");
	expect_run(10000, 0x20001, 3);
	cr_assert(hda_buffer_advance(&buffer, 3));
	expect_run(1, 0x10000, 1);
}

Test(hda_buffer, tells_the_way_to_the_next_interrupt)
{
	describe(0, 0x10000, 100, false);
	describe(1, 0x20000, 200, true);
	describe(2, 0x30000, 50, false);
	load(3);
	cr_assert(eq(u64, hda_buffer_to_interrupt(&buffer), 300));
	(void)hda_buffer_advance(&buffer, 99);
	cr_assert(eq(u64, hda_buffer_to_interrupt(&buffer), 201));
	(void)hda_buffer_advance(&buffer, 1);
	(void)hda_buffer_advance(&buffer, 200);
	cr_assert(eq(u64, hda_buffer_to_interrupt(&buffer), 350), "around the end");
	cr_assert(eq(u64, hda_buffer_period(&buffer), 350));
}

Test(hda_buffer, may_never_interrupt)
{
	describe(0, 0x10000, 100, false);
	describe(1, 0x20000, 200, false);
	load(2);
	cr_assert(zero(u64, hda_buffer_to_interrupt(&buffer)));
	cr_assert(zero(u64, hda_buffer_period(&buffer)));
	load(1);
	cr_assert(zero(u64, hda_buffer_to_interrupt(&buffer)));
}

Test(hda_buffer, passes_over_pieces_without_bytes)
{
	describe(0, 0x10000, 0, false);
	describe(1, 0x20000, 8, false);
	describe(2, 0x30000, 0, true);
	describe(3, 0x40000, 0, false);
	load(4);
	expect_run(100, 0x20000, 8);
	cr_assert(eq(u64, hda_buffer_to_interrupt(&buffer), 8));
	cr_assert(hda_buffer_advance(&buffer, 8), "the empty one behind it does");
	expect_run(100, 0x20000, 8);
}

Test(hda_buffer, goes_on_anywhere)
{
	describe(0, 0x10000, 100, false);
	describe(1, 0x20000, 200, true);
	load(2);
	hda_buffer_seek(&buffer, 300 * 7 + 100);
	expect_run(1000, 0x20000, 200);
	hda_buffer_seek(&buffer, 99);
	expect_run(1000, 0x10063, 1);
	hda_buffer_seek(&buffer, 299);
	expect_run(1000, 0x200c7, 1);
}

Test(hda_buffer, refuses_what_is_no_list)
{
	describe(0, 0x10000, 0, true);
	cr_assert(eq(int, hda_buffer_load(&buffer, mem, LIST_GPA, 1), -EINVAL));
	cr_assert(eq(int, hda_buffer_load(&buffer, mem, GUEST_MEM_MIN_BYTES - 8, 1), -EFAULT));
	cr_assert(eq(int, hda_buffer_load(&buffer, mem, UINT64_MAX - 63, 256), -EFAULT));
}

Test(hda_buffer, counts_beyond_32_bits)
{
	for (unsigned i = 0; i < HDA_BDL_ENTRIES_MAX; i++) {
		describe(i, 0x10000, UINT32_MAX, i == HDA_BDL_ENTRIES_MAX - 1);
	}
	load(HDA_BDL_ENTRIES_MAX);
	cr_assert(eq(u64, buffer.bytes, UINT64_C(256) * UINT32_MAX));
	cr_assert(eq(u64, hda_buffer_to_interrupt(&buffer), buffer.bytes));
	hda_buffer_seek(&buffer, buffer.bytes - 1);
	expect_run(SIZE_MAX, 0x10000 + UINT64_C(0xfffffffe), 1);
}
