/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/layout.h"
#include "vmm/cpu/cpus.h"

struct madt {
	struct acpi_header header;
	le32 lapic_gpa;
	le32 flags;
};
_Static_assert(sizeof(struct madt) == 44, "ACPI 6.4 §5.2.12");
#define MADT_REVISION	   5u
#define MADT_PC_COMPATIBLE 1u /* there are PICs as well */

enum entry_type {
	ENTRY_LAPIC = 0,
	ENTRY_IOAPIC = 1,
	ENTRY_OVERRIDE = 2,
	ENTRY_LAPIC_NMI = 4,
	ENTRY_X2APIC = 9,
	ENTRY_X2APIC_NMI = 10,
};

struct lapic {
	uint8_t type, length;
	uint8_t uid;
	uint8_t apic_id;
	le32 flags;
};
_Static_assert(sizeof(struct lapic) == 8, "ACPI 6.4 §5.2.12.2");
#define LAPIC_ENABLED 1u
#define LAPIC_ID_MAX  254u

struct x2apic {
	uint8_t type, length;
	uint8_t reserved[2];
	le32 apic_id;
	le32 flags;
	le32 uid;
};
_Static_assert(sizeof(struct x2apic) == 16, "ACPI 6.4 §5.2.12.12");

struct ioapic {
	uint8_t type, length;
	uint8_t id;
	uint8_t reserved;
	le32 gpa;
	le32 first_gsi;
};
_Static_assert(sizeof(struct ioapic) == 12, "ACPI 6.4 §5.2.12.3");

struct override {
	uint8_t type, length;
	uint8_t bus; /* 0: ISA */
	uint8_t irq;
	le32 gsi;
	le16 flags;
};
_Static_assert(sizeof(struct override) == 10, "ACPI 6.4 §5.2.12.5");
#define TIMER_GSI	0x02u /* where the PIT's IRQ 0 arrives on the IOAPIC */
#define ACTIVE_HIGH	0x01u
#define LEVEL_TRIGGERED 0x0cu

struct lapic_nmi {
	uint8_t type, length;
	uint8_t uid;
	le16 flags;
	uint8_t lint;
};
_Static_assert(sizeof(struct lapic_nmi) == 6, "ACPI 6.4 §5.2.12.7");

struct x2apic_nmi {
	uint8_t type, length;
	le16 flags;
	le32 uid;
	uint8_t lint;
	uint8_t reserved[3];
};
_Static_assert(sizeof(struct x2apic_nmi) == 12, "ACPI 6.4 §5.2.12.13");
#define NMI_LINT 1u

/* IDs beyond a byte need the longer form; below, guests expect the short one. */
static bool write_processor(struct aml *out, unsigned uid, uint32_t apic_id)
{
	const struct lapic lapic = {
		.type = ENTRY_LAPIC,
		.length = sizeof(lapic),
		.uid = (uint8_t)uid,
		.apic_id = (uint8_t)apic_id,
		.flags = le32_of(LAPIC_ENABLED),
	};
	const struct x2apic x2apic = {
		.type = ENTRY_X2APIC,
		.length = sizeof(x2apic),
		.apic_id = le32_of(apic_id),
		.flags = le32_of(LAPIC_ENABLED),
		.uid = le32_of(uid),
	};

	if (apic_id <= LAPIC_ID_MAX) {
		aml_bytes(out, &lapic, sizeof(lapic));
		return false;
	}
	aml_bytes(out, &x2apic, sizeof(x2apic));
	return true;
}

static void write_nmis(struct aml *out, bool with_x2apic)
{
	const struct lapic_nmi nmi = {
		.type = ENTRY_LAPIC_NMI,
		.length = sizeof(nmi),
		.uid = UINT8_MAX,
		.lint = NMI_LINT,
	};
	const struct x2apic_nmi x2apic_nmi = {
		.type = ENTRY_X2APIC_NMI,
		.length = sizeof(x2apic_nmi),
		.uid = le32_of(UINT32_MAX),
		.lint = NMI_LINT,
	};

	aml_bytes(out, &nmi, sizeof(nmi));
	if (with_x2apic) {
		aml_bytes(out, &x2apic_nmi, sizeof(x2apic_nmi));
	}
}

static void write_interrupts(struct aml *out)
{
	const struct ioapic ioapic = {
		.type = ENTRY_IOAPIC,
		.length = sizeof(ioapic),
		.gpa = le32_of(LAYOUT_IOAPIC_GPA),
	};
	const struct override timer = {
		.type = ENTRY_OVERRIDE,
		.length = sizeof(timer),
		.irq = 0,
		.gsi = le32_of(TIMER_GSI),
	};
	const struct override sci = {
		.type = ENTRY_OVERRIDE,
		.length = sizeof(sci),
		.irq = LAYOUT_SCI_IRQ,
		.gsi = le32_of(LAYOUT_SCI_IRQ),
		.flags = le16_of(ACTIVE_HIGH | LEVEL_TRIGGERED),
	};

	aml_bytes(out, &ioapic, sizeof(ioapic));
	aml_bytes(out, &timer, sizeof(timer));
	aml_bytes(out, &sci, sizeof(sci));
}

void acpi_madt_write(struct aml *out, const struct boot_config *config)
{
	const struct madt madt = {
		.header = acpi_header_of("APIC", MADT_REVISION),
		.lapic_gpa = le32_of(LAYOUT_LAPIC_GPA),
		.flags = le32_of(MADT_PC_COMPATIBLE),
	};
	bool with_x2apic = false;

	aml_bytes(out, &madt, sizeof(madt));
	for (unsigned i = 0; i < config->cpu_count; i++) {
		uint32_t id = cpus_apic_id(i, config->cores, config->threads);

		with_x2apic |= write_processor(out, i, id);
	}
	write_interrupts(out);
	write_nmis(out, with_x2apic);
}
