/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_ELF_FILE_H
#define THUNDERLAKE_VMM_BOOT_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct boot_files;

/* The headers of an ELF file of either class, checked and in one form. */
struct elf_segment {
	uint32_t type;
	uint64_t offset;
	uint64_t gpa;
	uint64_t file_size;
	uint64_t memory_size; /* at least file_size for PT_LOAD; gpa + memory_size does not wrap */
	uint64_t align;
};

#define ELF_SEGMENTS_MAX 64u

struct elf_file {
	uint16_t type;
	uint16_t machine;
	bool is_64bit;
	uint64_t entry;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	size_t count;
};

/* Reads the headers. All bytes that segments name are inside the file. -ENOEXEC with what is wrong:
 * class, byte order, machine, type, sizes, how many bytes a truncated file lacks; -EIO. */
int elf_file_read(const struct boot_files *files, struct elf_file *out, struct error *err);

/* The 32-bit entry of the note XEN_ELFNOTE_PHYS32_ENTRY: 1 found, 0 there is none, -errno. */
int elf_file_find_pvh(const struct boot_files *files, const struct elf_file *elf, uint64_t *entry);

#endif
