/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ tests/unit/vmm/boot/fake_kernel.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/vmm/boot/fake_kernel.h"
#include "vmm/boot/e820.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES (64u << 20)

static struct fake_bzimage image;
static struct guest_mem *mem;
static struct e820 map;
static struct boot_kernel kernel;
static struct error err;

static void setup(void)
{
	fake_bzimage_init(&image);
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, &err), 0));
	e820_build(mem, &map);
}

static void teardown(void)
{
	guest_mem_destroy(mem);
}

static int load(size_t file_bytes)
{
	struct boot_files files;
	int rc;

	fake_files_open(&image, file_bytes, NULL, 0, &files);
	rc = bzimage_load(&files, mem, &map, &kernel, &err);
	boot_files_close(&files);
	return rc;
}

TestSuite(bzimage, .init = setup, .fini = teardown, .timeout = 20);

Test(bzimage, loads_code_at_preferred_address)
{
	const uint8_t *code;

	cr_assert(eq(int, load(sizeof(image)), 0), "%s", err.text);
	cr_assert(eq(u64, kernel.entry_gpa, image.header.pref_address + 0x200));
	cr_assert(eq(u64, kernel.end_gpa, image.header.pref_address + image.header.init_size));
	cr_assert(eq(u64, kernel.initrd_end_gpa, 0x80000000));
	code = guest_mem_slice(mem, image.header.pref_address, FAKE_CODE_BYTES + 1);
	cr_assert(zero(int, memcmp(code, image.code, FAKE_CODE_BYTES)));
	cr_assert(eq(u8, code[FAKE_CODE_BYTES], 0), "nothing is written behind the code");
}

Test(bzimage, without_preferred_address_goes_to_the_default)
{
	image.header.pref_address = 0;
	cr_assert(eq(int, load(sizeof(image)), 0));
	cr_assert(eq(u64, kernel.entry_gpa, LAYOUT_KERNEL_GPA + 0x200));
}

Test(bzimage, relocatable_kernel_is_aligned_up)
{
	image.header.pref_address = 0x1100000; /* not a multiple of its 2 MiB */
	cr_assert(eq(int, load(sizeof(image)), 0));
	cr_assert(eq(u64, kernel.entry_gpa, 0x1200000 + 0x200));
}

Test(bzimage, setup_sects_zero_means_four)
{
	/* 5 sectors of 512 bytes come first then; the rest of the file is code. */
	image.header.setup_sects = 0;
	image.header.syssize = (sizeof(image) - 5 * 512) / 16;
	cr_assert(eq(int, load(sizeof(image)), 0), "%s", err.text);
}

Test(bzimage, bytes_behind_the_header_are_not_taken)
{
	image.header.jump = 0x60eb; /* ends at 0x262, inside init_size */
	image.header.handover_offset = 0x1234;
	cr_assert(eq(int, load(sizeof(image)), 0));
	cr_assert(eq(u32, kernel.header.handover_offset, 0));
}

Test(bzimage, last_unit_of_code_may_be_short)
{
	/* Newer kernels count whole units of 16 bytes but end with the last byte of code. */
	cr_assert(eq(int, load(sizeof(image) - 15), 0));
	cr_assert(eq(int, load(sizeof(image) - 16), -ENOEXEC));
}

Test(bzimage, truncated_file_tells_missing_bytes)
{
	cr_assert(eq(int, load(sizeof(image) - 1000), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "1000 of 5120 bytes are missing"), NULL), "%s",
		  err.text);
}

Test(bzimage, truncated_header_tells_missing_bytes)
{
	cr_assert(eq(int, load(0x210), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "lacks 92 bytes"), NULL), "%s", err.text);
}

Test(bzimage, needs_memory_for_init_size)
{
	/* 16 MiB preferred address and 48 MiB more end exactly at the guest's 64 MiB. */
	image.header.init_size = 48 << 20;
	cr_assert(eq(int, load(sizeof(image)), 0));
	image.header.init_size++;
	cr_assert(eq(int, load(sizeof(image)), -E2BIG));
	cr_assert(ne(ptr, strstr(err.text, "up to 65 MiB, the guest's ends at 64 MiB"), NULL), "%s",
		  err.text);
}

Test(bzimage, shrunk_file_is_short_read)
{
	struct boot_files files;

	fake_files_open(&image, sizeof(image), NULL, 0, &files);
	cr_assert(eq(int, ftruncate(files.kernel_fd, 2000), 0));
	cr_assert(eq(int, bzimage_load(&files, mem, &map, &kernel, &err), -EIO));
	boot_files_close(&files);
}

struct damage {
	size_t offset;
	uint32_t value;
	size_t size;
	char text[48]; /* no pointer: rows are copied to another process */
};

/* One wrong field each, and a word of what the user is told. */
ParameterizedTestParameters(bzimage, refuses)
{
	static struct damage rows[] = {
		{ offsetof(struct setup_header, boot_flag), 0, 2, "boot flag" },
		{ offsetof(struct setup_header, version), 0x20b, 2, "2.11 is too old" },
		{ offsetof(struct setup_header, loadflags), 0, 1, "zImage" },
		{ offsetof(struct setup_header, xloadflags), 0, 2, "32-bit Linux" },
		{ offsetof(struct setup_header, kernel_alignment), 3, 4, "no power of two" },
		{ offsetof(struct setup_header, kernel_alignment), 0, 4, "no power of two" },
		{ offsetof(struct setup_header, syssize), 0, 4, "no code" },
		{ offsetof(struct setup_header, syssize), UINT32_MAX, 4, "missing" },
		{ offsetof(struct setup_header, pref_address), 0x1000, 4, "loaded at 0x1000" },
		{ offsetof(struct setup_header, pref_address) + 4, UINT32_MAX, 4, "loaded at" },
	};

	return cr_make_param_array(struct damage, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct damage *row, bzimage, refuses)
{
	memcpy((uint8_t *)&image.header + row->offset, &row->value, row->size);
	cr_assert(eq(int, load(sizeof(image)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, row->text), NULL), "%s", err.text);
}
