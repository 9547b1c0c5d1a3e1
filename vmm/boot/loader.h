/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_LOADER_H
#define THUNDERLAKE_VMM_BOOT_LOADER_H

#include <asm/bootparam.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct boot_config;
struct boot_files;
struct boot_framebuffer;
struct cpu_entry;
struct e820;
struct guest_mem;

/* Inside of vmm/boot: what the loaders of kernels, initrds and parameters tell each other. */

enum kernel_kind {
	KERNEL_BZIMAGE,
	KERNEL_ELF,
};

/* A kernel in guest memory. */
struct boot_kernel {
	enum {
		BOOT_LINUX64, /* boot_params, 64-bit entry */
		BOOT_PVH,     /* start_info, 32-bit entry */
	} protocol;
	uint64_t entry_gpa;
	uint64_t end_gpa;	    /* below 4 GiB, nothing behind it is the kernel's */
	uint64_t initrd_end_gpa;    /* an initrd must end here at most */
	uint64_t command_line_max;  /* bytes without the NUL */
	struct setup_header header; /* BOOT_LINUX64: the file's own, or one made up for an ELF */
};

struct boot_initrd {
	uint64_t gpa;
	uint64_t size; /* 0: none */
};

/* What both parameter writers need. */
struct boot_parameters {
	const struct e820 *map;
	const struct boot_kernel *kernel;
	struct boot_initrd initrd;
	uint64_t rsdp_gpa;
	const uint64_t *rng_seed;		    /* 4 words */
	const struct boot_framebuffer *framebuffer; /* NULL: none */
};

/* All of `length` bytes at `offset` of the file. -EIO when it ends before, or -errno of pread. */
int boot_read_file(int fd, uint64_t offset, void *buffer, uint64_t length);

/* Tells kernels by their first bytes. -ENOEXEC with a text of what the file is instead. */
int kernel_recognise(const struct boot_files *files, enum kernel_kind *out, struct error *err);
/* "an ELF file for 64-bit ARM (EM_AARCH64)": what machine value `machine` means. */
int kernel_refuse_machine(uint16_t machine, struct error *err);

/* Each fills `out` and puts the kernel into memory. Errors as boot_load. */
int bzimage_load(const struct boot_files *files, struct guest_mem *mem, const struct e820 *map,
		 struct boot_kernel *out, struct error *err);
int elf_load(const struct boot_files *files, struct guest_mem *mem, struct boot_kernel *out,
	     struct error *err);

/* As high as the kernel allows, so that the kernel can grow. -E2BIG. */
int initrd_load(const struct boot_files *files, struct guest_mem *mem, const struct e820 *map,
		const struct boot_kernel *kernel, struct boot_initrd *out, struct error *err);

/* Linux's boot_params with its setup_data, or PVH's start_info, at LAYOUT_BOOT_PARAMS_GPA. The
 * command line is in place. -EFAULT: no RAM there. */
int linux_params_write(const struct boot_parameters *parameters, struct guest_mem *mem);
int pvh_params_write(const struct boot_parameters *parameters, struct guest_mem *mem);

/* Identity map of the first 4 GiB, and the GDT of layout.h. -EFAULT. */
int paging_write(struct guest_mem *mem);

#endif
