/* SPDX-License-Identifier: MIT */
/* LINK: vmm/mem/ vmm/kvm/ */
#include "vmm/mem/guest_mem.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "vmm/boot/layout.h"

/* Two headers have these numbers, since neither may include the other. */
_Static_assert(GUEST_MEM_LOW_END == LAYOUT_PCI_HOLE_START, "end of low memory");
_Static_assert(GUEST_MEM_HIGH_GPA == LAYOUT_HIGH_RAM_GPA, "start of high memory");
_Static_assert(GUEST_MEM_HIGH_END == LAYOUT_HIGH_RAM_END, "end of high memory");

#define MIB	   ((uint64_t)1 << 20)
#define SMALL	   (17 * MIB) /* no multiple of a huge page */
#define HIGH_BYTES (32 * MIB)
#define LARGE	   (GUEST_MEM_LOW_END + HIGH_BYTES) /* costs address space only */

TestSuite(guest_mem, .timeout = 20);

static struct guest_mem *make(uint64_t size)
{
	struct guest_mem *mem;
	struct error err = { "" };

	cr_assert(eq(int, guest_mem_create(NULL, size, &mem, &err), 0), "%s", err.text);
	return mem;
}

Test(guest_mem, destroy_accepts_null)
{
	guest_mem_destroy(NULL);
}

Test(guest_mem, create_rejects_odd_sizes)
{
	static const uint64_t SIZES[] = { 0,
					  MIB,
					  16 * MIB - 4096,
					  17 * MIB + 1,
					  GUEST_MEM_MAX_BYTES + MIB,
					  1ull << 63,
					  UINT64_MAX,
					  UINT64_MAX - MIB + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(SIZES); i++) {
		struct guest_mem *mem;
		struct error err = { "" };

		cr_assert(eq(int, guest_mem_create(NULL, SIZES[i], &mem, &err), -EINVAL));
		cr_assert(eq(ptr, mem, NULL));
		cr_assert(ne(ptr, strstr(err.text, "at least 16 MiB"), NULL));
	}
}

/* Pages of address space in use; the sanitizer has reserved a lot of it. */
static uint64_t address_space_pages(void)
{
	char text[64] = "";
	int fd AUTO_CLOSE = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	cr_assert(ge(int, fd, 0));
	cr_assert(gt(i64, read(fd, text, sizeof(text) - 1), 0));
	return strtoul(text, NULL, 10); /* the first number is the size */
}

Test(guest_mem, create_says_when_the_host_has_no_room)
{
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };
	struct guest_mem *mem;
	struct error err = { "" };

	limit.rlim_cur = address_space_pages() * 4096 + GUEST_MEM_MAX_BYTES / 2;
	cr_assert(zero(int, setrlimit(RLIMIT_AS, &limit)));
	cr_assert(eq(int, guest_mem_create(NULL, GUEST_MEM_MAX_BYTES, &mem, &err), -ENOMEM));
	cr_assert(eq(ptr, mem, NULL));
	cr_assert(ne(ptr, strstr(err.text, "261120 MiB"), NULL), "%s", err.text);
}

Test(guest_mem, small_memory_is_one_region)
{
	struct guest_mem *mem = make(SMALL);
	size_t count;
	const struct guest_mem_region *regions = guest_mem_regions(mem, &count);

	cr_assert(eq(sz, count, 1));
	cr_assert(eq(u64, regions[0].gpa, 0));
	cr_assert(eq(u64, regions[0].size, SMALL));
	cr_assert(eq(u64, (uintptr_t)regions[0].hva % (2 * MIB), 0));
	cr_assert(eq(u64, guest_mem_size(mem), SMALL));
	guest_mem_destroy(mem);
}

Test(guest_mem, large_memory_goes_on_at_4_gib)
{
	struct guest_mem *mem = make(LARGE);
	size_t count;
	const struct guest_mem_region *regions = guest_mem_regions(mem, &count);

	cr_assert(eq(sz, count, 2));
	cr_assert(eq(u64, regions[0].size, GUEST_MEM_LOW_END));
	cr_assert(eq(u64, regions[1].gpa, GUEST_MEM_HIGH_GPA));
	cr_assert(eq(u64, regions[1].size, HIGH_BYTES));
	cr_assert(eq(u64, (uintptr_t)regions[1].hva % (2 * MIB), 0));
	guest_mem_destroy(mem);
}

Test(guest_mem, slice_is_whole_or_null)
{
	struct guest_mem *mem = make(LARGE);
	const uint64_t high_end = GUEST_MEM_HIGH_GPA + HIGH_BYTES;

	cr_assert(guest_mem_slice(mem, 0, GUEST_MEM_LOW_END) != NULL);
	cr_assert(guest_mem_slice(mem, GUEST_MEM_LOW_END - 1, 1) != NULL);
	cr_assert(guest_mem_slice(mem, GUEST_MEM_LOW_END - 1, 2) == NULL);
	cr_assert(guest_mem_slice(mem, GUEST_MEM_LOW_END, 1) == NULL);
	cr_assert(guest_mem_slice(mem, GUEST_MEM_HIGH_GPA - 1, 2) == NULL);
	cr_assert(guest_mem_slice(mem, high_end - 8, 8) != NULL);
	cr_assert(guest_mem_slice(mem, high_end - 8, 9) == NULL);
	cr_assert(guest_mem_slice(mem, high_end, 1) == NULL);
	cr_assert(guest_mem_slice(mem, 0, 0) == NULL);
	cr_assert(guest_mem_slice(mem, 1, UINT64_MAX) == NULL);
	cr_assert(guest_mem_slice(mem, UINT64_MAX, UINT64_MAX) == NULL);
	guest_mem_destroy(mem);
}

Test(guest_mem, copies_are_whole_or_refused)
{
	struct guest_mem *mem = make(SMALL);
	char back[4] = "";

	cr_assert(eq(int, guest_mem_write(mem, SMALL - 3, "abc", 3), 0));
	cr_assert(eq(int, guest_mem_read(mem, SMALL - 3, back, 3), 0));
	cr_assert(eq(str, back, "abc"));
	cr_assert(eq(int, guest_mem_write(mem, SMALL - 3, "wxyz", 4), -EFAULT));
	cr_assert(eq(int, guest_mem_read(mem, SMALL - 3, back, 4), -EFAULT));
	cr_assert(eq(int, guest_mem_read(mem, SMALL - 3, back, 3), 0));
	cr_assert(eq(str, back, "abc"));
	cr_assert(eq(int, guest_mem_read(mem, UINT64_MAX, back, 0), 0));
	guest_mem_destroy(mem);
}

Test(guest_mem, discarded_pages_read_as_zeros)
{
	struct guest_mem *mem = make(SMALL);
	uint8_t *page = guest_mem_slice(mem, 4096, 3 * 4096);

	memset(page, 0x55, 3ul * 4096);
	cr_assert(eq(int, guest_mem_discard(mem, 2ul * 4096, 4096), 0));
	cr_assert(eq(u8, page[4095], 0x55));
	cr_assert(eq(u8, page[4096], 0));
	cr_assert(eq(u8, page[2 * 4096 - 1], 0));
	cr_assert(eq(u8, page[2 * 4096], 0x55));
	cr_assert(eq(int, guest_mem_clear(mem), 0));
	cr_assert(eq(u8, page[0], 0));
	guest_mem_destroy(mem);
}

Test(guest_mem, discard_rejects_parts_of_pages_and_holes)
{
	struct guest_mem *mem = make(SMALL);

	cr_assert(eq(int, guest_mem_discard(mem, 1, 4096), -EINVAL));
	cr_assert(eq(int, guest_mem_discard(mem, 4096, 1), -EINVAL));
	cr_assert(eq(int, guest_mem_discard(mem, SMALL, 4096), -EFAULT));
	cr_assert(eq(int, guest_mem_discard(mem, SMALL - 4096, 8192), -EFAULT));
	guest_mem_destroy(mem);
}

Test(guest_mem, dirty_log_has_what_devices_wrote)
{
	static uint64_t bitmap[SMALL / 4096 / 64];
	struct guest_mem *mem = make(SMALL);

	cr_assert(eq(int, guest_mem_dirty_pages(mem, 0, bitmap), -EINVAL));
	cr_assert(eq(int, guest_mem_write(mem, 0, "x", 1), 0));
	cr_assert(eq(int, guest_mem_log_dirty(mem, true), 0));
	cr_assert(eq(int, guest_mem_log_dirty(mem, true), 0));
	cr_assert(eq(int, guest_mem_write(mem, 63 * 4096 + 4095, "xy", 2), 0));
	guest_mem_mark_dirty(mem, SMALL - 1, 1);
	guest_mem_mark_dirty(mem, SMALL, 1);
	guest_mem_mark_dirty(mem, 0, 0);
	cr_assert(eq(int, guest_mem_dirty_pages(mem, 0, bitmap), 0));
	cr_assert(eq(u64, bitmap[0], 1ull << 63));
	cr_assert(eq(u64, bitmap[1], 1));
	/* 4352 pages are 68 words: the last page is the last bit. */
	cr_assert(eq(u64, bitmap[67], 1ull << 63));
	cr_assert(eq(int, guest_mem_dirty_pages(mem, 0, bitmap), 0));
	cr_assert(eq(u64, bitmap[0], 0));
	cr_assert(eq(int, guest_mem_dirty_pages(mem, 1, bitmap), -EINVAL));
	cr_assert(eq(int, guest_mem_log_dirty(mem, false), 0));
	guest_mem_destroy(mem);
}
