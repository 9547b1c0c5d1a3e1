/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/elf_file.h"
#include "vmm/boot/layout.h"
#include "vmm/boot/loader.h"
#include "vmm/mem/guest_mem.h"

/* What a kernel without a header of its own is told. */
#define BOOT_FLAG	 0xaa55u
#define HEADER_MAGIC	 0x53726448u /* "HdrS" */
#define HEADER_VERSION	 0x20fu
#define HEADER_ALIGN	 0x1000000u
#define INITRD_LINUX_END 0x80000000u /* boot.rst: the limit that old kernels have */

/* What the machine itself writes into low memory before the guest starts. */
static const struct span {
	uint64_t start, end;
} taken[] = {
	{ 0, LAYOUT_SETUP_DATA_GPA + GUEST_MEM_PAGE_BYTES },
	{ LAYOUT_BIOS_TABLES_GPA, LAYOUT_BIOS_TABLES_END },
};

static bool overlaps(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	return start < other_end && other_start < end;
}

static int check_place(const struct elf_file *elf, size_t index, const struct guest_mem *mem,
		       struct error *err)
{
	const struct elf_segment *segment = &elf->segments[index];
	unsigned long long start = segment->gpa;
	unsigned long long end = start + segment->memory_size;

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		if (overlaps(start, end, taken[i].start, taken[i].end)) {
			return error_set(err, -ENOEXEC,
					 "its segment at 0x%llx lies where the machine puts its "
					 "tables; link it at 1 MiB or above",
					 start);
		}
	}
	for (size_t i = 0; i < index; i++) {
		const struct elf_segment *other = &elf->segments[i];

		if (other->type == PT_LOAD &&
		    overlaps(start, end, other->gpa, other->gpa + other->memory_size)) {
			return error_set(err, -ENOEXEC, "damaged: two segments overlap at 0x%llx",
					 start);
		}
	}
	if (!guest_mem_slice(mem, start, segment->memory_size)) {
		return error_set(err, -E2BIG,
				 "its segment from 0x%llx to 0x%llx is not inside the guest's "
				 "%llu MiB of memory; give it more (--memory)",
				 start, end, (unsigned long long)guest_mem_size(mem) >> 20);
	}
	return 0;
}

static int load_segments(const struct boot_files *files, const struct elf_file *elf,
			 struct guest_mem *mem, struct boot_kernel *out, struct error *err)
{
	out->end_gpa = LAYOUT_BIOS_TABLES_END;
	for (size_t i = 0; i < elf->count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t end = segment->gpa + segment->memory_size;
		uint8_t *target;
		int rc;

		if (segment->type != PT_LOAD || segment->memory_size == 0) {
			continue;
		}
		rc = check_place(elf, i, mem, err);
		if (rc != 0) {
			return rc;
		}
		target = guest_mem_slice(mem, segment->gpa, segment->memory_size);
		rc = boot_read_file(files->kernel_fd, segment->offset, target, segment->file_size);
		if (rc != 0) {
			return error_set_errno(err, rc, "cannot read it into memory");
		}
		memset(target + segment->file_size, 0, segment->memory_size - segment->file_size);
		if (end <= LAYOUT_PCI_HOLE_START) {
			out->end_gpa = MAX(out->end_gpa, end);
		}
	}
	return 0;
}

static int check_entry(const struct elf_file *elf, uint64_t entry, struct error *err)
{
	if (entry >= LAYOUT_HIGH_RAM_GPA) {
		return error_set(err, -ENOEXEC, "its entry 0x%llx is not below 4 GiB",
				 (unsigned long long)entry);
	}
	for (size_t i = 0; i < elf->count; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && entry >= segment->gpa &&
		    entry - segment->gpa < segment->memory_size) {
			return 0;
		}
	}
	return error_set(err, -ENOEXEC, "damaged: its entry 0x%llx is in none of its segments",
			 (unsigned long long)entry);
}

/* Decides the protocol. `entry` is PVH's when there is one. */
static int choose_protocol(const struct boot_files *files, const struct elf_file *elf,
			   struct boot_kernel *out, struct error *err)
{
	uint64_t entry = 0;
	int rc = elf_file_find_pvh(files, elf, &entry);

	if (rc < 0) {
		return error_set_errno(err, rc, "cannot read its notes");
	}
	if (rc == 1) {
		out->protocol = BOOT_PVH;
		out->entry_gpa = entry;
		out->initrd_end_gpa = LAYOUT_PCI_HOLE_START;
		out->command_line_max = LAYOUT_COMMAND_LINE_MAX - 1;
		return 0;
	}
	for (size_t i = 0; i < elf->count; i++) {
		if (elf->segments[i].type == PT_INTERP) {
			return error_set(err, -ENOEXEC, "a program for Linux, not a kernel");
		}
	}
	if (!elf->is_64bit) {
		return error_set(err, -ENOEXEC,
				 "a 32-bit ELF file without a PVH note; a kernel needs one, or "
				 "must be 64-bit");
	}
	out->protocol = BOOT_LINUX64;
	out->entry_gpa = elf->entry;
	out->initrd_end_gpa = INITRD_LINUX_END;
	out->command_line_max = LAYOUT_COMMAND_LINE_MAX - 1;
	out->header = (struct setup_header){
		.boot_flag = BOOT_FLAG,
		.header = HEADER_MAGIC,
		.version = HEADER_VERSION,
		.loadflags = LOADED_HIGH,
		.kernel_alignment = HEADER_ALIGN,
		.xloadflags = XLF_KERNEL_64,
		.initrd_addr_max = INITRD_LINUX_END - 1,
	};
	return 0;
}

int elf_load(const struct boot_files *files, struct guest_mem *mem, struct boot_kernel *out,
	     struct error *err)
{
	struct elf_file elf;
	int rc;

	*out = (struct boot_kernel){ .entry_gpa = 0 };
	rc = elf_file_read(files, &elf, err);
	if (rc == 0) {
		rc = choose_protocol(files, &elf, out, err);
	}
	if (rc == 0) {
		rc = check_entry(&elf, out->entry_gpa, err);
	}
	return rc ? rc : load_segments(files, &elf, mem, out, err);
}
