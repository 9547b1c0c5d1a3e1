/* SPDX-License-Identifier: MIT */
#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/layout.h"

/* ACPI 6.4 §5.2.9. The 32-bit block fields and their 64-bit successors say the same. */
struct fadt {
	struct acpi_header header;
	le32 facs_gpa;
	le32 dsdt_gpa;
	uint8_t reserved;
	uint8_t preferred_profile;
	le16 sci_irq;
	le32 smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios_request, pstate_control;
	le32 pm1a_event, pm1b_event;
	le32 pm1a_control, pm1b_control;
	le32 pm2_control;
	le32 pm_timer;
	le32 gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	uint8_t gpe0_length, gpe1_length, gpe1_base;
	uint8_t cstate_control;
	le16 c2_latency, c3_latency;
	le16 flush_size, flush_stride;
	uint8_t duty_offset, duty_width;
	uint8_t day_alarm, month_alarm, century;
	le16 boot_architecture;
	uint8_t reserved_flags;
	le32 flags;
	struct acpi_address reset;
	uint8_t reset_value;
	le16 arm_boot_architecture;
	uint8_t minor_version;
	le64 x_facs_gpa;
	le64 x_dsdt_gpa;
	struct acpi_address x_pm1a_event, x_pm1b_event;
	struct acpi_address x_pm1a_control, x_pm1b_control;
	struct acpi_address x_pm2_control;
	struct acpi_address x_pm_timer;
	struct acpi_address x_gpe0, x_gpe1;
	struct acpi_address sleep_control, sleep_status;
	le64 hypervisor;
};
_Static_assert(sizeof(struct fadt) == 276, "ACPI 6.4 table 5.9");

#define FADT_REVISION	    6u
#define FADT_MINOR_VERSION  4u
#define PROFILE_DESKTOP	    1u
#define SPACE_IO	    1u
#define ACCESS_BYTE	    1u
#define ACCESS_WORD	    2u
#define ACCESS_DWORD	    3u
#define LATENCY_UNSUPPORTED 0xffffu /* above 100 µs for C2 and 1000 µs for C3 */

#define BOOT_LEGACY_DEVICES 0x01u
#define BOOT_HAS_8042	    0x02u
#define BOOT_NO_VGA	    0x04u

/* Bits 4 and 5 stay clear: power and sleep button are fixed hardware. */
#define FLAG_WBINVD	 (1u << 0)
#define FLAG_C1		 (1u << 2)
#define FLAG_NO_RTC_WAKE (1u << 6)
#define FLAG_RESET	 (1u << 10)

#define PM_PORT(offset) (LAYOUT_ACPI_PM_PORT + (offset))

static struct acpi_address io_register(uint16_t port, unsigned length, uint8_t access_size)
{
	return (struct acpi_address){
		.space = SPACE_IO,
		.bits = (uint8_t)(length * 8),
		.access_size = access_size,
		.address = le64_of(port),
	};
}

/* Power management registers: ports of the ICH9, ACPI mode from the start. */
static void fill_registers(struct fadt *fadt)
{
	fadt->pm1a_event = le32_of(PM_PORT(LAYOUT_ACPI_PM1_EVENT));
	fadt->pm1_event_length = LAYOUT_ACPI_PM1_EVENT_LENGTH;
	fadt->x_pm1a_event = io_register(PM_PORT(LAYOUT_ACPI_PM1_EVENT),
					 LAYOUT_ACPI_PM1_EVENT_LENGTH, ACCESS_WORD);
	fadt->pm1a_control = le32_of(PM_PORT(LAYOUT_ACPI_PM1_CONTROL));
	fadt->pm1_control_length = LAYOUT_ACPI_PM1_CONTROL_LENGTH;
	fadt->x_pm1a_control = io_register(PM_PORT(LAYOUT_ACPI_PM1_CONTROL),
					   LAYOUT_ACPI_PM1_CONTROL_LENGTH, ACCESS_WORD);
	fadt->pm_timer = le32_of(PM_PORT(LAYOUT_ACPI_PM_TIMER));
	fadt->pm_timer_length = LAYOUT_ACPI_PM_TIMER_LENGTH;
	fadt->x_pm_timer = io_register(PM_PORT(LAYOUT_ACPI_PM_TIMER), LAYOUT_ACPI_PM_TIMER_LENGTH,
				       ACCESS_DWORD);
	fadt->gpe0 = le32_of(PM_PORT(LAYOUT_ACPI_GPE0));
	fadt->gpe0_length = LAYOUT_ACPI_GPE0_LENGTH;
	fadt->x_gpe0 = io_register(PM_PORT(LAYOUT_ACPI_GPE0), LAYOUT_ACPI_GPE0_LENGTH, ACCESS_BYTE);
}

void acpi_fadt_write(struct aml *out, uint32_t facs_gpa, uint32_t dsdt_gpa)
{
	struct fadt fadt = {
		.header = acpi_header_of("FACP", FADT_REVISION),
		.minor_version = FADT_MINOR_VERSION,
		.facs_gpa = le32_of(facs_gpa),
		.dsdt_gpa = le32_of(dsdt_gpa),
		.x_dsdt_gpa = le64_of(dsdt_gpa),
		.preferred_profile = PROFILE_DESKTOP,
		.sci_irq = le16_of(LAYOUT_SCI_IRQ),
		.c2_latency = le16_of(LATENCY_UNSUPPORTED),
		.c3_latency = le16_of(LATENCY_UNSUPPORTED),
		.century = LAYOUT_RTC_CENTURY,
		.boot_architecture = le16_of(BOOT_LEGACY_DEVICES | BOOT_HAS_8042 | BOOT_NO_VGA),
		.flags = le32_of(FLAG_WBINVD | FLAG_C1 | FLAG_NO_RTC_WAKE | FLAG_RESET),
		.reset = io_register(LAYOUT_RESET_PORT, 1, ACCESS_BYTE),
		.reset_value = LAYOUT_RESET_VALUE,
	};

	fill_registers(&fadt);
	aml_bytes(out, &fadt, sizeof(fadt));
}
