/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ tests/unit/vmm/boot/fake_kernel.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/vmm/boot/fake_kernel.h"
#include "vmm/boot/loader.h"

TestSuite(recognise, .timeout = 20);

static struct error err;

static int recognise(const void *bytes, size_t length, enum kernel_kind *kind)
{
	struct boot_files files;
	int rc;

	fake_files_open(bytes, length, NULL, 0, &files);
	rc = kernel_recognise(&files, kind, &err);
	boot_files_close(&files);
	return rc;
}

Test(recognise, knows_both_kinds)
{
	struct fake_bzimage bzimage;
	struct fake_elf elf;
	enum kernel_kind kind;

	fake_bzimage_init(&bzimage);
	memcpy(bzimage.bytes, "MZ", 2); /* as the EFI stub makes it */
	cr_assert(eq(int, recognise(&bzimage, sizeof(bzimage), &kind), 0));
	cr_assert(eq(int, (int)kind, KERNEL_BZIMAGE));
	fake_elf_init(&elf);
	cr_assert(eq(int, recognise(&elf, sizeof(elf), &kind), 0));
	cr_assert(eq(int, (int)kind, KERNEL_ELF));
}

struct other {
	size_t offset;
	char bytes[8];
	size_t length;
	char text[48]; /* no pointer: rows are copied to another process */
};

ParameterizedTestParameters(recognise, says_what_else_it_is)
{
	static struct other rows[] = {
		{ 0, "070701", 6, "initrd (a cpio archive)" },
		{ 0, "\x1f\x8b\x08", 3, "gzip" },
		{ 0, "\xfd\x37zXZ\0", 6, "xz" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ 0x38, "ARM\x64", 4, "64-bit ARM" },
		{ 0, "QFI\xfb", 4, "qcow2" },
		{ 0, "MZ", 2, "EFI program" },
		{ 510, "\x55\xaa", 2, "disk image with a boot sector" },
		{ 0, "\x01\x02", 2, "no known kind of file" },
	};

	return cr_make_param_array(struct other, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct other *row, recognise, says_what_else_it_is)
{
	uint8_t bytes[600] = { 0 };
	enum kernel_kind kind;

	memcpy(bytes + row->offset, row->bytes, row->length);
	cr_assert(eq(int, recognise(bytes, sizeof(bytes), &kind), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, row->text), NULL), "%s", err.text);
}

Test(recognise, says_text_and_script)
{
	enum kernel_kind kind;

	cr_assert(eq(int, recognise("hello\n", 6, &kind), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "a text file"), NULL), "%s", err.text);
	cr_assert(eq(int, recognise("#!/bin/sh\n", 10, &kind), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "a script"), NULL), "%s", err.text);
	cr_assert(eq(int, recognise("\x1f", 1, &kind), -ENOEXEC), "shorter than any sign");
}
