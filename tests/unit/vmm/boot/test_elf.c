/* SPDX-License-Identifier: MIT */
/* LINK: vmm/boot/ vmm/mem/ vmm/kvm/ tests/unit/vmm/boot/fake_kernel.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/vmm/boot/fake_kernel.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES (16u << 20)
#define IN(field) offsetof(struct fake_elf, field)

static struct fake_elf image;
static struct guest_mem *mem;
static struct boot_kernel kernel;
static struct error err;

static void setup(void)
{
	fake_elf_init(&image);
	cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &mem, &err), 0));
}

static void teardown(void)
{
	guest_mem_destroy(mem);
}

static int load(const void *bytes, size_t length)
{
	struct boot_files files;
	int rc;

	fake_files_open(bytes, length, NULL, 0, &files);
	rc = elf_load(&files, mem, &kernel, &err);
	boot_files_close(&files);
	return rc;
}

TestSuite(elf, .init = setup, .fini = teardown, .timeout = 20);

Test(elf, note_selects_pvh)
{
	cr_assert(eq(int, load(&image, sizeof(image)), 0), "%s", err.text);
	cr_assert(eq(int, (int)kernel.protocol, BOOT_PVH));
	cr_assert(eq(u64, kernel.entry_gpa, FAKE_ELF_PVH_ENTRY));
	cr_assert(eq(u64, kernel.end_gpa, FAKE_ELF_GPA + sizeof(image.code) + FAKE_ELF_BSS));
}

Test(elf, loads_code_and_zeroes_bss)
{
	uint8_t *ram = guest_mem_slice(mem, FAKE_ELF_GPA, 0x10000);

	memset(ram, 0xee, 0x10000); /* what an earlier boot left */
	cr_assert(eq(int, load(&image, sizeof(image)), 0));
	cr_assert(zero(int, memcmp(ram, image.code, sizeof(image.code))));
	cr_assert(eq(u8, ram[sizeof(image.code)], 0));
	cr_assert(eq(u8, ram[sizeof(image.code) + FAKE_ELF_BSS - 1], 0));
	cr_assert(eq(u8, ram[sizeof(image.code) + FAKE_ELF_BSS], 0xee));
}

Test(elf, without_note_selects_linux_entry)
{
	image.note.head.n_type = 17;
	cr_assert(eq(int, load(&image, sizeof(image)), 0), "%s", err.text);
	cr_assert(eq(int, (int)kernel.protocol, BOOT_LINUX64));
	cr_assert(eq(u64, kernel.entry_gpa, image.header.e_entry));
	cr_assert(eq(u16, kernel.header.boot_flag, 0xaa55));
}

Test(elf, note_of_another_vendor_is_not_ours)
{
	memcpy(image.note.name, "GNU", 4);
	cr_assert(eq(int, load(&image, sizeof(image)), 0));
	cr_assert(eq(int, (int)kernel.protocol, BOOT_LINUX64));
}

Test(elf, note_after_another_is_found)
{
	/* Two notes in the code's bytes: the first has an odd name length, which is padded. */
	static const uint32_t notes[] = { 5, 3, 1,  0x44434241, 0x00000045,	   0x00636261,
					  4, 4, 18, 0x006e6558, FAKE_ELF_PVH_ENTRY };

	memcpy(image.code + 64, notes, sizeof(notes));
	image.note_segment.p_offset = offsetof(struct fake_elf, code) + 64;
	image.note_segment.p_filesz = sizeof(notes);
	cr_assert(eq(int, load(&image, sizeof(image)), 0), "%s", err.text);
	cr_assert(eq(int, (int)kernel.protocol, BOOT_PVH));
}

Test(elf, note_longer_than_its_segment_is_ignored)
{
	image.note.head.n_descsz = UINT32_MAX;
	cr_assert(eq(int, load(&image, sizeof(image)), 0));
	cr_assert(eq(int, (int)kernel.protocol, BOOT_LINUX64));
}

Test(elf, elf32_with_note_is_pvh)
{
	struct fake_elf32 small;

	fake_elf32_init(&small);
	cr_assert(eq(int, load(&small, sizeof(small)), 0), "%s", err.text);
	cr_assert(eq(int, (int)kernel.protocol, BOOT_PVH));
	cr_assert(eq(u64, kernel.entry_gpa, FAKE_ELF_PVH_ENTRY));
}

Test(elf, elf32_without_note_is_refused)
{
	struct fake_elf32 small;

	fake_elf32_init(&small);
	small.note.head.n_type = 17;
	cr_assert(eq(int, load(&small, sizeof(small)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "32-bit ELF file without a PVH note"), NULL), "%s",
		  err.text);
}

Test(elf, truncated_file_tells_missing_bytes)
{
	cr_assert(eq(int, load(&image, IN(code) + sizeof(image.code) - 100), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "100 of"), NULL), "%s", err.text);
	cr_assert(eq(int, load(&image, 20), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "44 of 64 bytes"), NULL), "%s", err.text);
	cr_assert(eq(int, load(&image, sizeof(image.header) + 10), -ENOEXEC));
}

Test(elf, program_with_interpreter_is_no_kernel)
{
	image.note_segment.p_type = PT_INTERP;
	cr_assert(eq(int, load(&image, sizeof(image)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "a program for Linux"), NULL), "%s", err.text);
}

Test(elf, overlapping_segments_are_refused)
{
	image.note_segment = image.code_segment;
	image.note_segment.p_paddr += image.code_segment.p_memsz - 1;
	cr_assert(eq(int, load(&image, sizeof(image)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "overlap"), NULL), "%s", err.text);
}

Test(elf, segment_may_end_with_memory_but_not_behind)
{
	image.code_segment.p_memsz = RAM_BYTES - FAKE_ELF_GPA;
	cr_assert(eq(int, load(&image, sizeof(image)), 0), "%s", err.text);
	image.code_segment.p_memsz++;
	cr_assert(eq(int, load(&image, sizeof(image)), -E2BIG));
	cr_assert(ne(ptr, strstr(err.text, "guest's 16 MiB"), NULL), "%s", err.text);
}

struct damage {
	size_t offset;
	uint64_t value;
	size_t size;
	char text[48]; /* no pointer: rows are copied to another process */
};

#define IDENT(index) (offsetof(struct fake_elf, header.e_ident) + (index))

ParameterizedTestParameters(elf, refuses)
{
	static struct damage rows[] = {
		{ IDENT(EI_DATA), ELFDATA2MSB, 1, "big-endian" },
		{ IDENT(EI_CLASS), 9, 1, "class 9" },
		{ IN(header.e_machine), EM_AARCH64, 2, "64-bit ARM (EM_AARCH64)" },
		{ IN(header.e_machine), EM_386, 2, "32-bit x86 (EM_386)" },
		{ IN(header.e_machine), 0x4242, 2, "machine number 16962" },
		{ IN(header.e_type), ET_REL, 2, "object file" },
		{ IN(header.e_type), ET_CORE, 2, "core dump" },
		{ IN(header.e_type), 77, 2, "type 77" },
		{ IN(header.e_phnum), 0, 2, "0 ELF program headers" },
		{ IN(header.e_phnum), 65535, 2, "65535 ELF program headers" },
		{ IN(header.e_phentsize), 8, 2, "of 8 bytes" },
		{ IN(header.e_phoff), UINT64_MAX - 8, 8, "points outside" },
		{ IN(header.e_phoff), UINT32_MAX, 8, "missing" },
		{ IN(code_segment.p_offset), UINT64_MAX - 8, 8, "sizes of ELF segment 0" },
		{ IN(code_segment.p_paddr), UINT64_MAX - 8, 8, "sizes of ELF segment 0" },
		{ IN(code_segment.p_memsz), 1, 8, "sizes of ELF segment 0" },
		{ IN(code_segment.p_filesz), UINT64_MAX, 8, "sizes of ELF segment 0" },
		{ IN(note_segment.p_filesz), 1 << 20, 8, "missing" },
		{ IN(code_segment.p_paddr), LAYOUT_PAGE_TABLES_GPA, 8, "none of its segments" },
		{ IN(note.entry), FAKE_ELF_GPA - 1, 4, "none of its segments" },
		{ IN(note.entry), UINT32_MAX, 4, "none of its segments" },
	};

	return cr_make_param_array(struct damage, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct damage *row, elf, refuses)
{
	memcpy((uint8_t *)&image + row->offset, &row->value, row->size);
	cr_assert(eq(int, load(&image, sizeof(image)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, row->text), NULL), "%s", err.text);
}

Test(elf, segment_over_the_tables_is_refused)
{
	image.code_segment.p_paddr = LAYOUT_PAGE_TABLES_GPA;
	image.note.entry = LAYOUT_PAGE_TABLES_GPA;
	cr_assert(eq(int, load(&image, sizeof(image)), -ENOEXEC));
	cr_assert(ne(ptr, strstr(err.text, "link it at 1 MiB"), NULL), "%s", err.text);
	image.code_segment.p_paddr = LAYOUT_BIOS_TABLES_END - 1;
	image.note.entry = LAYOUT_BIOS_TABLES_END;
	cr_assert(eq(int, load(&image, sizeof(image)), -ENOEXEC));
}
