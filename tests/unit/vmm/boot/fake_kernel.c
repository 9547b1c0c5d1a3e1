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

void fake_elf_init(struct fake_elf *image)
{
	*image = (struct fake_elf){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = FAKE_ELF_GPA + 0x80,
			.e_phoff = offsetof(struct fake_elf, code_segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.code_segment = {
			.p_type = PT_LOAD,
			.p_offset = offsetof(struct fake_elf, code),
			.p_paddr = FAKE_ELF_GPA,
			.p_filesz = sizeof(image->code),
			.p_memsz = sizeof(image->code) + FAKE_ELF_BSS,
		},
		.note_segment = {
			.p_type = PT_NOTE,
			.p_offset = offsetof(struct fake_elf, note),
			.p_filesz = sizeof(image->note),
			.p_memsz = sizeof(image->note),
			.p_align = 4,
		},
		.note = {
			.head = { .n_namesz = 4, .n_descsz = 4, .n_type = PVH_NOTE },
			.name = "Xen",
			.entry = FAKE_ELF_PVH_ENTRY,
		},
	};
	memset(image->code, 0x90, sizeof(image->code));
}

void fake_elf32_init(struct fake_elf32 *image)
{
	*image = (struct fake_elf32){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = FAKE_ELF_GPA + 0x80,
			.e_phoff = offsetof(struct fake_elf32, code_segment),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 2,
		},
		.code_segment = {
			.p_type = PT_LOAD,
			.p_offset = offsetof(struct fake_elf32, code),
			.p_paddr = FAKE_ELF_GPA,
			.p_filesz = sizeof(image->code),
			.p_memsz = sizeof(image->code) + FAKE_ELF_BSS,
		},
		.note_segment = {
			.p_type = PT_NOTE,
			.p_offset = offsetof(struct fake_elf32, note),
			.p_filesz = sizeof(image->note),
			.p_memsz = sizeof(image->note),
			.p_align = 4,
		},
		.note = {
			.head = { .n_namesz = 4, .n_descsz = 4, .n_type = PVH_NOTE },
			.name = "Xen",
			.entry = FAKE_ELF_PVH_ENTRY,
		},
	};
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
