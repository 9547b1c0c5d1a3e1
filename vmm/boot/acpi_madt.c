/* SPDX-License-Identifier: MIT */
#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/boot_config.h"
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
};

struct lapic {
	uint8_t type, length;
	uint8_t uid;
	uint8_t apic_id;
	le32 flags;
};
_Static_assert(sizeof(struct lapic) == 8, "ACPI 6.4 §5.2.12.2");
#define LAPIC_ENABLED 1u
/* Rounding cores and threads up to powers of two makes IDs less than four times as large, so none
 * needs the x2APIC form of this entry, which is for 255 and above only. */
_Static_assert(CPUS_MAX <= 64, "APIC IDs fit a byte");

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
	uint8_t uid; /* 0xff: all */
	le16 flags;
	uint8_t lint;
};
_Static_assert(sizeof(struct lapic_nmi) == 6, "ACPI 6.4 §5.2.12.7");

#define NMI_LINT 1u

static void write_processors(struct aml *out, const struct boot_config *config)
{
	for (unsigned i = 0; i < config->cpu_count; i++) {
		const struct lapic lapic = {
			.type = ENTRY_LAPIC,
			.length = sizeof(lapic),
			.uid = (uint8_t)i,
			.apic_id = (uint8_t)cpus_apic_id(i, config->cores, config->threads),
			.flags = le32_of(LAPIC_ENABLED),
		};

		aml_bytes(out, &lapic, sizeof(lapic));
	}
}

static void write_nmi(struct aml *out)
{
	const struct lapic_nmi nmi = {
		.type = ENTRY_LAPIC_NMI,
		.length = sizeof(nmi),
		.uid = UINT8_MAX,
		.lint = NMI_LINT,
	};

	aml_bytes(out, &nmi, sizeof(nmi));
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

	aml_bytes(out, &madt, sizeof(madt));
	write_processors(out, config);
	write_interrupts(out);
	write_nmi(out);
}
