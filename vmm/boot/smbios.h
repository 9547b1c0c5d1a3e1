/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_SMBIOS_H
#define THUNDERLAKE_VMM_BOOT_SMBIOS_H

#include "vmm/boot/layout.h"

struct boot_config;
struct guest_mem;

#define SMBIOS_GPA 0xf0000u /* guests look for the entry point from here on */
#define SMBIOS_END LAYOUT_BIOS_TABLES_END

/* Writes an SMBIOS 3.2 entry point and what describes this machine: firmware, system, chassis,
 * processors (one for each socket), memory. -ENOSPC, -ENOMEM, -EFAULT. */
int smbios_write(const struct boot_config *config, struct guest_mem *mem);

#endif
