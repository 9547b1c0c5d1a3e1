/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BOOT_ACPI_TABLES_H
#define THUNDERLAKE_VMM_BOOT_ACPI_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/bytes.h"

struct aml;
struct boot_config;

/* Inside of vmm/boot: one function for each table that is more than a few lines. They append to a
 * buffer whose first byte will lie at ACPI_RSDP_GPA. */

struct acpi_header {
	uint8_t signature[4];
	le32 length;
	uint8_t revision;
	uint8_t checksum;
	uint8_t oem_id[6];
	uint8_t oem_table_id[8];
	le32 oem_revision;
	uint8_t creator_id[4];
	le32 creator_revision;
};
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4 §5.2.6");

/* Where a register is (ACPI 6.4 §5.2.3.2). */
struct acpi_address {
	uint8_t space;
	uint8_t bits;
	uint8_t bit_offset;
	uint8_t access_size; /* 1: byte, 2: word, 3: dword */
	le64 address;
};
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.4 §5.2.3.2");

/* All but length and checksum, which are filled in when the table is complete. */
struct acpi_header acpi_header_of(const char *signature, uint8_t revision);

void acpi_fadt_write(struct aml *out, uint32_t facs_gpa, uint32_t dsdt_gpa);
void acpi_madt_write(struct aml *out, const struct boot_config *config);
void acpi_dsdt_write(struct aml *out, const struct boot_config *config);

#endif
