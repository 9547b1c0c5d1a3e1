/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_BOOT_H
#define THUNDERLAKE_VMM_BOOT_BOOT_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"
#include "vmm/boot/boot_config.h"
#include "vmm/cpu/cpus.h"

struct guest_mem;

/*
 * Puts a kernel, its initrd, its command line and the firmware tables where the boot protocols want
 * them. Everything here runs on the main thread with the processors paused, and can be run again
 * for each reset. Kernel and initrd files are hostile: every field is checked against the file's
 * size and guest memory.
 */
struct boot_files {
	int kernel_fd;	   /* owned; -1 when not given */
	int initrd_fd;	   /* owned; -1 when not given */
	char *kernel_path; /* owned; for error texts */
	char *initrd_path;
	uint64_t kernel_bytes; /* sizes at opening; a file that shrinks later is an error */
	uint64_t initrd_bytes;
};

/* Opens regular files for reading. `initrd_path` may be NULL. The text says what to do. */
int boot_files_open(const char *kernel_path, const char *initrd_path, struct boot_files *out,
		    struct error *err);
/* Harmless on a struct of -1 and NULL. */
void boot_files_close(struct boot_files *files);

/*
 * Loads everything and writes E820, page tables, GDT, ACPI and SMBIOS tables. The kernel's kind is
 * recognised by content: bzImage (64-bit entry, boot protocol 2.12 or later; PVH is not used for
 * it), ELF with a PVH note, ELF64 without one (64-bit Linux entry). -ENOEXEC: not a kernel this
 * machine can start (the text says what it is instead: a 32-bit ELF, another machine's, truncated
 * …), -E2BIG: does not fit (the text tells the sizes), -EIO: short read.
 */
int boot_load(const struct boot_config *config, struct guest_mem *mem, struct cpu_entry *out,
	      struct error *err);

#endif
