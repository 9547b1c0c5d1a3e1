/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_E820_H
#define THUNDERLAKE_VMM_BOOT_E820_H

#include <stddef.h>
#include <stdint.h>

struct guest_mem;

/* The one memory map of the machine, in the BIOS's numbers (ACPI 6.4 §15); PVH uses the same. */
enum e820_type {
	E820_RAM = 1,
	E820_RESERVED = 2,
};

struct e820_entry {
	uint64_t gpa;
	uint64_t size;
	enum e820_type type;
};

#define E820_ENTRIES_MAX 8u

struct e820 {
	struct e820_entry entries[E820_ENTRIES_MAX]; /* by rising gpa, without overlap */
	size_t count;
};

void e820_build(const struct guest_mem *mem, struct e820 *out);

/* End of the RAM that begins at 1 MiB: where kernels and initrds go. */
uint64_t e820_low_end(const struct e820 *map);

#endif
