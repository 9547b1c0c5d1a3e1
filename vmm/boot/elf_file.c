/* SPDX-License-Identifier: MIT */
#include "vmm/boot/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/loader.h"

/* Notes of real kernels take a few hundred bytes. */
#define NOTES_MAX 65536u

/* Xen's public header elfnote.h. */
#define XEN_NOTE_NAME	      "Xen"
#define XEN_NOTE_PHYS32_ENTRY 18u

union header {
	unsigned char ident[EI_NIDENT];
	Elf32_Ehdr h32;
	Elf64_Ehdr h64;
};

/* Where the program headers are. */
struct table {
	uint64_t offset;
	uint16_t entry_size;
	uint16_t count;
};

static int read_part(const struct boot_files *files, uint64_t offset, void *buffer, size_t length,
		     struct error *err)
{
	uint64_t end;
	int rc;

	if (__builtin_add_overflow(offset, length, &end)) {
		return error_set(err, -ENOEXEC, "damaged: its ELF header points outside");
	}
	if (end > files->kernel_bytes) {
		return error_set(
			err, -ENOEXEC, "truncated: %llu of %llu bytes are missing; copy it again",
			(unsigned long long)(end - files->kernel_bytes), (unsigned long long)end);
	}
	rc = boot_read_file(files->kernel_fd, offset, buffer, length);
	return rc ? error_set_errno(err, rc, "cannot read it") : 0;
}

static int check_kind(const struct elf_file *elf, struct error *err)
{
	if (elf->machine != EM_X86_64 && (elf->is_64bit || elf->machine != EM_386)) {
		return kernel_refuse_machine(elf->machine, err);
	}
	switch (elf->type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		return error_set(err, -ENOEXEC, "an object file (ET_REL), not a linked kernel");
	case ET_CORE:
		return error_set(err, -ENOEXEC, "a core dump (ET_CORE), not a kernel");
	default:
		return error_set(err, -ENOEXEC, "damaged: ELF type %u is unknown", elf->type);
	}
}

static int read_header(const struct boot_files *files, struct elf_file *out, struct table *table,
		       struct error *err)
{
	union header h = { .h64 = { .e_type = ET_NONE } };
	int rc = read_part(files, 0, h.ident, sizeof(h.ident), err);

	if (rc != 0) {
		return rc;
	}
	if (h.ident[EI_DATA] != ELFDATA2LSB) {
		return error_set(err, -ENOEXEC,
				 "a big-endian ELF file, for another machine than x86-64");
	}
	if (h.ident[EI_CLASS] != ELFCLASS32 && h.ident[EI_CLASS] != ELFCLASS64) {
		return error_set(err, -ENOEXEC, "damaged: ELF class %u is unknown",
				 h.ident[EI_CLASS]);
	}
	out->is_64bit = h.ident[EI_CLASS] == ELFCLASS64;
	rc = read_part(files, 0, &h, out->is_64bit ? sizeof(h.h64) : sizeof(h.h32), err);
	if (rc != 0) {
		return rc;
	}
	if (out->is_64bit) {
		out->entry = h.h64.e_entry;
		*table = (struct table){ h.h64.e_phoff, h.h64.e_phentsize, h.h64.e_phnum };
	} else {
		out->entry = h.h32.e_entry;
		*table = (struct table){ h.h32.e_phoff, h.h32.e_phentsize, h.h32.e_phnum };
	}
	/* These two have the same place in both classes. */
	out->type = h.h64.e_type;
	out->machine = h.h64.e_machine;
	return check_kind(out, err);
}

static void normalise(const void *raw, bool is_64bit, struct elf_segment *out)
{
	if (is_64bit) {
		const Elf64_Phdr *p = raw;

		*out = (struct elf_segment){ p->p_type,	  p->p_offset, p->p_paddr,
					     p->p_filesz, p->p_memsz,  p->p_align };
	} else {
		const Elf32_Phdr *p = raw;

		*out = (struct elf_segment){ p->p_type,	  p->p_offset, p->p_paddr,
					     p->p_filesz, p->p_memsz,  p->p_align };
	}
}

static int check_segment(const struct boot_files *files, const struct elf_segment *segment,
			 unsigned index, struct error *err)
{
	uint64_t file_end, memory_end;

	if (segment->type != PT_LOAD && segment->type != PT_NOTE) {
		return 0;
	}
	if (__builtin_add_overflow(segment->offset, segment->file_size, &file_end) ||
	    __builtin_add_overflow(segment->gpa, segment->memory_size, &memory_end) ||
	    (segment->type == PT_LOAD && segment->file_size > segment->memory_size)) {
		return error_set(err, -ENOEXEC, "damaged: the sizes of ELF segment %u are wrong",
				 index);
	}
	if (file_end > files->kernel_bytes) {
		return error_set(err, -ENOEXEC,
				 "truncated: %llu of %llu bytes are missing; copy it again",
				 (unsigned long long)(file_end - files->kernel_bytes),
				 (unsigned long long)file_end);
	}
	return 0;
}

int elf_file_read(const struct boot_files *files, struct elf_file *out, struct error *err)
{
	union {
		Elf64_Phdr p64[ELF_SEGMENTS_MAX];
		Elf32_Phdr p32[ELF_SEGMENTS_MAX];
		uint8_t bytes[1];
	} raw;
	struct table table = { .count = 0 };
	size_t entry_size;
	int rc;

	*out = (struct elf_file){ .count = 0 };
	rc = read_header(files, out, &table, err);
	if (rc != 0) {
		return rc;
	}
	entry_size = out->is_64bit ? sizeof(raw.p64[0]) : sizeof(raw.p32[0]);
	if (table.count == 0 || table.count > ELF_SEGMENTS_MAX || table.entry_size != entry_size) {
		return error_set(err, -ENOEXEC, "damaged: %u ELF program headers of %u bytes",
				 table.count, table.entry_size);
	}
	rc = read_part(files, table.offset, &raw, entry_size * table.count, err);
	for (unsigned i = 0; rc == 0 && i < table.count; i++) {
		normalise(raw.bytes + i * entry_size, out->is_64bit, &out->segments[i]);
		rc = check_segment(files, &out->segments[i], i, err);
	}
	out->count = table.count;
	return rc;
}

/* Looks through one note segment. Fields are 4 bytes; name and value are padded to `align`. */
static bool find_entry(const uint8_t *notes, size_t length, size_t align, uint64_t *entry)
{
	size_t at = 0;

	while (length - at >= sizeof(Elf64_Nhdr)) {
		size_t name_size = load_le32(notes + at);
		size_t value_size = load_le32(notes + at + 4);
		uint32_t type = load_le32(notes + at + 8);
		size_t name = at + sizeof(Elf64_Nhdr);
		size_t value, next;

		/* 64-bit sums of 32-bit numbers cannot wrap. */
		value = ALIGN_UP(name + name_size, align);
		next = ALIGN_UP(value + value_size, align);
		if (value > length || value_size > length - value) {
			return false;
		}
		if (type == XEN_NOTE_PHYS32_ENTRY && name_size == sizeof(XEN_NOTE_NAME) &&
		    memcmp(notes + name, XEN_NOTE_NAME, sizeof(XEN_NOTE_NAME)) == 0 &&
		    (value_size == 4 || value_size == 8)) {
			*entry = load_le(notes + value, (unsigned)value_size);
			return true;
		}
		at = MIN(next, length);
	}
	return false;
}

int elf_file_find_pvh(const struct boot_files *files, const struct elf_file *elf, uint64_t *entry)
{
	for (size_t i = 0; i < elf->count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		AUTO_FREE uint8_t *notes = NULL;
		int rc;

		if (segment->type != PT_NOTE || segment->file_size == 0 ||
		    segment->file_size > NOTES_MAX) {
			continue;
		}
		notes = malloc(segment->file_size);
		if (!notes) {
			return -ENOMEM;
		}
		rc = boot_read_file(files->kernel_fd, segment->offset, notes, segment->file_size);
		if (rc != 0) {
			return rc;
		}
		if (find_entry(notes, segment->file_size, segment->align == 8 ? 8 : 4, entry)) {
			return 1;
		}
	}
	return 0;
}
