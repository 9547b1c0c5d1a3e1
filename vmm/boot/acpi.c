/* SPDX-License-Identifier: MIT */
#include "vmm/boot/acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/boot_config.h"
#include "vmm/mem/guest_mem.h"

#define SPACE_BYTES  (ACPI_TABLES_END - ACPI_RSDP_GPA)
#define TABLE_ALIGN  64u /* the FACS needs it */
#define OEM_ID	     "THLAKE"
#define OEM_TABLE_ID "THLAKEPC"
#define CREATOR_ID   "THLK"

struct rsdp {
	uint8_t signature[8];
	uint8_t checksum; /* of the first RSDP_V1_BYTES */
	uint8_t oem_id[6];
	uint8_t revision;
	le32 rsdt_gpa;
	le32 length;
	le64 xsdt_gpa;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};
_Static_assert(sizeof(struct rsdp) == 36, "ACPI 6.4 §5.2.5.3");
#define RSDP_V1_BYTES 20u
#define RSDP_REVISION 2u

struct xsdt {
	struct acpi_header header;
	le64 tables[3];
};
_Static_assert(sizeof(struct xsdt) == 60, "ACPI 6.4 §5.2.8");

struct facs {
	uint8_t signature[4];
	le32 length;
	le32 hardware_signature;
	le32 waking_vector;
	le32 global_lock;
	le32 flags;
	le64 x_waking_vector;
	uint8_t version;
	uint8_t reserved[3];
	le32 ospm_flags;
	uint8_t reserved_end[24];
};
_Static_assert(sizeof(struct facs) == 64, "ACPI 6.4 §5.2.10");

struct mcfg {
	struct acpi_header header;
	uint8_t reserved[8];
	le64 ecam_gpa;
	le16 segment;
	uint8_t first_bus, last_bus;
	uint8_t reserved_end[4];
};
_Static_assert(sizeof(struct mcfg) == 60, "PCI Firmware 3.2 §4.1.2");

static uint8_t checksum(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return (uint8_t)-sum;
}

struct acpi_header acpi_header_of(const char *signature, uint8_t revision)
{
	struct acpi_header header = {
		.revision = revision,
		.oem_revision = le32_of(1),
		.creator_revision = le32_of(1),
	};

	memcpy(header.signature, signature, sizeof(header.signature));
	memcpy(header.oem_id, OEM_ID, sizeof(header.oem_id));
	memcpy(header.oem_table_id, OEM_TABLE_ID, sizeof(header.oem_table_id));
	memcpy(header.creator_id, CREATOR_ID, sizeof(header.creator_id));
	return header;
}

/* Where the next table starts. */
static size_t begin_table(struct aml *out)
{
	static const uint8_t zeros[TABLE_ALIGN];

	aml_bytes(out, zeros, ALIGN_UP(out->used, TABLE_ALIGN) - out->used);
	return out->used;
}

/* Completes the table that was begun at `start`. Returns its gpa. */
static uint32_t end_table(struct aml *out, size_t start)
{
	if (!aml_overflowed(out)) {
		struct acpi_header *header = (void *)(out->data + start);

		header->length = le32_of((uint32_t)(out->used - start));
		header->checksum = checksum(out->data + start, out->used - start);
	}
	return ACPI_RSDP_GPA + (uint32_t)start;
}

static uint32_t write_facs(struct aml *out)
{
	const struct facs facs = {
		.signature = { 'F', 'A', 'C', 'S' },
		.length = le32_of(sizeof(facs)),
		.version = 2,
	};
	size_t start = begin_table(out);

	aml_bytes(out, &facs, sizeof(facs));
	return ACPI_RSDP_GPA + (uint32_t)start;
}

static uint32_t write_mcfg(struct aml *out, const struct boot_config *config)
{
	const struct mcfg mcfg = {
		.header = acpi_header_of("MCFG", 1),
		.ecam_gpa = le64_of(LAYOUT_ECAM_GPA),
		.last_bus = config->pci_last_bus,
	};
	size_t start = begin_table(out);

	aml_bytes(out, &mcfg, sizeof(mcfg));
	return end_table(out, start);
}

static uint32_t write_xsdt(struct aml *out, const struct boot_config *config)
{
	struct xsdt xsdt = { .header = acpi_header_of("XSDT", 1) };
	uint32_t facs_gpa = write_facs(out);
	uint32_t dsdt_gpa;
	size_t start = begin_table(out);

	acpi_dsdt_write(out, config);
	dsdt_gpa = end_table(out, start);
	/* The FADT must come first (ACPI 6.4 §5.2.8 leaves it open, old guests do not). */
	start = begin_table(out);
	acpi_fadt_write(out, facs_gpa, dsdt_gpa);
	xsdt.tables[0] = le64_of(end_table(out, start));
	start = begin_table(out);
	acpi_madt_write(out, config);
	xsdt.tables[1] = le64_of(end_table(out, start));
	xsdt.tables[2] = le64_of(write_mcfg(out, config));
	start = begin_table(out);
	aml_bytes(out, &xsdt, sizeof(xsdt));
	return end_table(out, start);
}

/* The guest finds all else from here, so it comes first in memory and is filled in last. */
static void fill_rsdp(uint8_t *at, uint32_t xsdt_gpa)
{
	struct rsdp rsdp = {
		.signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' },
		.revision = RSDP_REVISION,
		.length = le32_of(sizeof(rsdp)),
		.xsdt_gpa = le64_of(xsdt_gpa),
	};

	memcpy(rsdp.oem_id, OEM_ID, sizeof(rsdp.oem_id));
	rsdp.checksum = checksum((const uint8_t *)&rsdp, RSDP_V1_BYTES);
	rsdp.extended_checksum = checksum((const uint8_t *)&rsdp, sizeof(rsdp));
	memcpy(at, &rsdp, sizeof(rsdp));
}

int acpi_write(const struct boot_config *config, struct guest_mem *mem)
{
	AUTO_FREE uint8_t *space = calloc(1, SPACE_BYTES);
	struct aml out = { .data = space, .size = SPACE_BYTES, .used = sizeof(struct rsdp) };
	uint32_t xsdt_gpa;

	if (!space) {
		return -ENOMEM;
	}
	xsdt_gpa = write_xsdt(&out, config);
	if (aml_overflowed(&out)) {
		return -ENOSPC;
	}
	fill_rsdp(space, xsdt_gpa);
	return guest_mem_write(mem, ACPI_RSDP_GPA, space, out.used);
}
