/* SPDX-License-Identifier: MIT */
#include "tests/unit/vmm/boot/fake_kernel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PVH_NOTE 18

void fake_bzimage_init(struct fake_bzimage *image)
{
	memset(image, 0, sizeof(*image));
	memset(image->code, 0x90, sizeof(image->code));
	image->header = (struct setup_header){
		.setup_sects = FAKE_SETUP_BYTES / 512 - 1,
		.syssize = FAKE_CODE_BYTES / 16,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb, /* a short jump to the end of the header at 0x26c */
		.header = 0x53726448,
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.min_alignment = 21,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = 0x1000000,
		.init_size = 0x10000,
	};
}

/* Both classes of ELF have these fields, in types of their own. */
#define ELF_IMAGE(type, bits, machine) \
	{                              \
		.header = { \
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS##bits, \
				     ELFDATA2LSB, EV_CURRENT }, \
			.e_type = ET_EXEC, \
			.e_machine = (machine), \
			.e_version = EV_CURRENT, \
			.e_entry = FAKE_ELF_GPA + 0x80, \
			.e_phoff = offsetof(type, code_segment), \
			.e_ehsize = sizeof(Elf##bits##_Ehdr), \
			.e_phentsize = sizeof(Elf##bits##_Phdr), \
			.e_phnum = 2, \
		}, \
		.code_segment = { \
			.p_type = PT_LOAD, \
			.p_offset = offsetof(type, code), \
			.p_paddr = FAKE_ELF_GPA, \
			.p_filesz = sizeof(((type *)NULL)->code), \
			.p_memsz = sizeof(((type *)NULL)->code) + FAKE_ELF_BSS, \
		}, \
		.note_segment = { \
			.p_type = PT_NOTE, \
			.p_offset = offsetof(type, note), \
			.p_filesz = sizeof(((type *)NULL)->note), \
			.p_memsz = sizeof(((type *)NULL)->note), \
			.p_align = 4, \
		}, \
		.note = { \
			.head = { .n_namesz = 4, .n_descsz = 4, .n_type = PVH_NOTE }, \
			.name = "Xen", \
			.entry = FAKE_ELF_PVH_ENTRY, \
		},          \
	}

void fake_elf_init(struct fake_elf *image)
{
	*image = (struct fake_elf)ELF_IMAGE(struct fake_elf, 64, EM_X86_64);
	memset(image->code, 0x90, sizeof(image->code));
}

void fake_elf32_init(struct fake_elf32 *image)
{
	*image = (struct fake_elf32)ELF_IMAGE(struct fake_elf32, 32, EM_386);
	memset(image->code, 0x90, sizeof(image->code));
}

static int open_bytes(const char *name, const void *bytes, size_t length)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length) {
		abort();
	}
	return fd;
}

void fake_files_open(const void *kernel, size_t kernel_bytes, const void *initrd,
		     size_t initrd_bytes, struct boot_files *out)
{
	*out = (struct boot_files){
		.kernel_fd = open_bytes("kernel", kernel, kernel_bytes),
		.initrd_fd = initrd ? open_bytes("initrd", initrd, initrd_bytes) : -1,
		.kernel_path = strdup("test-kernel"),
		.initrd_path = initrd ? strdup("test-initrd") : NULL,
		.kernel_bytes = kernel_bytes,
		.initrd_bytes = initrd_bytes,
	};
}
