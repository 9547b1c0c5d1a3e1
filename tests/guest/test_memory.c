/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/guest/mini.h"
#include "vmm/base/bytes.h"
#include "vmm/mem/mem_window.h"

TestSuite(memory, .timeout = 60);

static struct mini mini;

static uint64_t load_at(uint64_t gpa)
{
	const void *at = guest_mem_slice(mini.mem, gpa, 8);

	cr_assert(at != NULL);
	return load_le64(at);
}

static void touch_ends(const char *command_line)
{
	mini_make(&mini, &(struct mini_config){ .memory_mib = TEST_MEMORY_MIB });
	mini_boot(&mini, "memory", command_line);
	mini_expect_finish(&mini, 0);
	cr_assert(eq(u64, load_at(TEST_LOW_LAST), TEST_PATTERN));
	cr_assert(eq(u64, load_at(TEST_HIGH_FIRST), TEST_PATTERN + 1));
	cr_assert(eq(u64, load_at(TEST_HIGH_LAST), TEST_PATTERN + 2));
	mini_finish(&mini);
}

Test(memory, both_ends_of_both_regions_are_ram)
{
	touch_ends("ends");
}

Test(memory, both_ends_of_both_regions_are_ram_in_ring_3)
{
	touch_ends("user ends");
}

static bool is_dirty(const uint64_t *bitmap, uint64_t gpa)
{
	uint64_t page = gpa / GUEST_MEM_PAGE_BYTES;

	return bitmap[page / 64] >> (page % 64) & 1;
}

Test(memory, dirty_log_has_the_pages_written)
{
	/* One bit for each page of the memory. */
	static uint64_t bitmap[TEST_SMALL_MIB * 256 / 64];
	unsigned dirty = 0;

	mini_make(&mini, &(struct mini_config){ .memory_mib = TEST_SMALL_MIB });
	cr_assert(eq(int, guest_mem_log_dirty(mini.mem, true), 0));
	mini_boot(&mini, "memory", "user dirty");
	mini_expect_finish(&mini, 0);
	cr_assert(eq(int, guest_mem_dirty_pages(mini.mem, 0, bitmap), 0));
	for (uint64_t page = 0; page < TEST_DIRTY_PAGES; page++) {
		dirty += is_dirty(bitmap, TEST_DIRTY_GPA + page * 4096);
	}
	cr_assert(eq(uint, dirty, (TEST_DIRTY_PAGES + TEST_DIRTY_STRIDE - 1) / TEST_DIRTY_STRIDE));
	cr_assert(is_dirty(bitmap, TEST_DIRTY_GPA));
	cr_assert(not(is_dirty(bitmap, TEST_DIRTY_GPA + 4096)));
	/* Taken once, it starts anew; what devices write is in it too. */
	cr_assert(eq(int, guest_mem_write(mini.mem, 0x1fff, "ab", 2), 0));
	cr_assert(eq(int, guest_mem_dirty_pages(mini.mem, 0, bitmap), 0));
	cr_assert(not(is_dirty(bitmap, TEST_DIRTY_GPA)));
	cr_assert(is_dirty(bitmap, 0x1000));
	cr_assert(is_dirty(bitmap, 0x2000));
	cr_assert(eq(int, guest_mem_log_dirty(mini.mem, false), 0));
	mini_finish(&mini);
}

Test(memory, clear_forgets_everything)
{
	mini_run(&mini, "memory", "dirty");
	cr_assert(eq(u64, load_at(TEST_DIRTY_GPA + 3 * 4096), 3));
	cr_assert(eq(int, guest_mem_clear(mini.mem), 0));
	cr_assert(eq(u64, load_at(TEST_DIRTY_GPA + 3 * 4096), 0));
	/* And the guest sees that as well: it runs again from freshly loaded memory. */
	mini_boot(&mini, "memory", "dirty");
	mini_expect_finish(&mini, 0);
	cr_assert(eq(u64, load_at(TEST_DIRTY_GPA + 3 * 4096), 3));
	mini_finish(&mini);
}

Test(memory, window_is_memory_where_it_is_mapped)
{
	uint64_t bitmap[TEST_WINDOW_PAGES / 64];
	struct mem_window *window;
	uint8_t *base;

	mini_make(&mini, &(struct mini_config){ .memory_mib = TEST_SMALL_MIB });
	cr_assert(zero(int, mem_window_create(mini.mem, TEST_WINDOW_PAGES * 4096, &window)));
	base = mem_window_at(window);
	store_le64(base + 3 * 4096, TEST_PATTERN + 1);
	store_le64(base + 4 * 4096, TEST_PATTERN + 1); /* the guest does not look at that one */
	cr_assert(zero(int, mem_window_map(window, TEST_WINDOW_GPA)));
	mini_boot(&mini, "memory", "window");
	mini_expect_finish(&mini, 0);
	cr_assert(eq(u64, load_le64(base + 2 * 4096), TEST_PATTERN));
	cr_assert(zero(int, mem_window_dirty_pages(window, bitmap)));
	/* A KVM may give write access to what is first read, and logs that page as well. */
	cr_assert(eq(u64, bitmap[0] & ~(UINT64_C(1) << 3), 1 << 2),
		  "what we write ourselves is not logged");
	mem_window_unmap(window);
	mini_boot(&mini, "memory", "no-window");
	mini_expect_finish(&mini, 0);
	/* It keeps what it has until it is cleared. */
	cr_assert(eq(u64, load_le64(base + 2 * 4096), TEST_PATTERN));
	cr_assert(zero(int, mem_window_clear(window)));
	cr_assert(zero(u64, load_le64(base + 2 * 4096)));
	mem_window_destroy(window);
	mini_finish(&mini);
}
