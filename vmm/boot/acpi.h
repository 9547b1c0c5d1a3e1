/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_ACPI_H
#define THUNDERLAKE_VMM_BOOT_ACPI_H

#include "vmm/boot/layout.h"

struct boot_config;
struct guest_mem;

/* ACPI tables come first, SMBIOS takes the last 64 KiB, where guests look for it. */
#define ACPI_RSDP_GPA	LAYOUT_BIOS_TABLES_GPA
#define ACPI_TABLES_END 0xf0000u

/* Writes RSDP, XSDT, FADT, FACS, DSDT, MADT and MCFG. -ENOSPC: they do not fit (those of 64
 * processors do); -ENOMEM, -EFAULT. */
int acpi_write(const struct boot_config *config, struct guest_mem *mem);

#endif
