/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_VMM_BOOT_FAKE_KERNEL_H
#define THUNDERLAKE_TESTS_UNIT_VMM_BOOT_FAKE_KERNEL_H

#include <asm/bootparam.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/boot/boot.h"

/* Kernel files made of a few bytes, in memory. Tests change fields before they open them. */

/* A bzImage: boot sector and one setup sector, then FAKE_CODE_BYTES of 0x90. */
#define FAKE_SETUP_BYTES 1024u
#define FAKE_CODE_BYTES	 4096u
struct fake_bzimage {
	union {
		uint8_t bytes[FAKE_SETUP_BYTES];
		struct __attribute__((packed)) {
			uint8_t boot_sector[0x1f1];
			struct setup_header header;
		};
	};
	uint8_t code[FAKE_CODE_BYTES];
};
void fake_bzimage_init(struct fake_bzimage *image);

/* An ELF64 for x86-64 with a code segment at FAKE_ELF_GPA and a PVH note. */
#define FAKE_ELF_GPA	   0x100000u
#define FAKE_ELF_PVH_ENTRY (FAKE_ELF_GPA + 0x40)
#define FAKE_ELF_BSS	   4096u
struct fake_elf {
	Elf64_Ehdr header;
	Elf64_Phdr code_segment;
	Elf64_Phdr note_segment;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t code[512];
};
void fake_elf_init(struct fake_elf *image);

/* The same for 32 bits (EM_386). */
struct fake_elf32 {
	Elf32_Ehdr header;
	Elf32_Phdr code_segment;
	Elf32_Phdr note_segment;
	struct {
		Elf32_Nhdr head;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t code[512];
};
void fake_elf32_init(struct fake_elf32 *image);

/* Files of these bytes; `initrd` may be NULL. Ends with boot_files_close. */
void fake_files_open(const void *kernel, size_t kernel_bytes, const void *initrd,
		     size_t initrd_bytes, struct boot_files *out);

#endif
