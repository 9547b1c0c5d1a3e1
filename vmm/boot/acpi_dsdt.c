/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/acpi_tables.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/boot_config.h"
#include "vmm/boot/layout.h"

/*
 * The code of the machine: processors, the PCI host bridge with its windows, interrupt routing and
 * _OSC, the devices on the LPC bridge, and power-off. What it says is what vmm/boot/layout.h fixes
 * and the config names; nothing is announced that is not there.
 */
#define PCI_SLOTS   32u
#define PCI_PINS    4u
#define PCI_GSIS    8u	      /* that INTx is spread over */
#define LPC_ADDRESS 0x1f0000u /* slot 31, function 0 */

/* _STA: present, enabled, working; and shown to users, for devices that have a face. */
#define STATUS_PRESENT 0x0bu
#define STATUS_SHOWN   0x0fu

/* _OSC of PCI host bridges (PCI Firmware 3.2 §4.5). */
#define OSC_UNKNOWN_REVISION 0x08u
#define OSC_UNKNOWN_UUID     0x04u
#define OSC_MASKED	     0x10u
/* Native hot plug, PME, AER and the capability structure; not SHPC, which no bridge here has. */
#define OSC_GRANTED 0x1du

static void write_processors(struct aml *aml, const struct boot_config *config)
{
	for (unsigned i = 0; i < config->cpu_count; i++) {
		char name[5];
		size_t device;

		(void)snprintf(name, sizeof(name), "C%03X", i & 0xfffu);
		device = aml_device(aml, name);
		aml_name(aml, "_HID");
		aml_string(aml, "ACPI0007");
		aml_name_integer(aml, "_UID", i);
		aml_end(aml, device);
	}
}

/* The chipset's ports and ECAM, which are no device's own: Linux uses ECAM only when it is claimed
 * here (PCI Firmware 3.2 §4.1.2). */
static void write_motherboard(struct aml *aml)
{
	size_t device = aml_device(aml, "MBRD");
	size_t resources;

	aml_name_eisa_id(aml, "_HID", "PNP0C02");
	aml_name_integer(aml, "_UID", 0);
	aml_name(aml, "_CRS");
	resources = aml_resources(aml);
	aml_memory_fixed(aml, LAYOUT_ECAM_GPA, LAYOUT_ECAM_SIZE);
	aml_io(aml, LAYOUT_ACPI_PM_PORT, LAYOUT_ACPI_PM_LENGTH);
	aml_end_resources(aml, resources);
	aml_end(aml, device);
}

static void write_pci_windows(struct aml *aml, const struct boot_config *config)
{
	size_t resources;

	aml_name(aml, "_CRS");
	resources = aml_resources(aml);
	aml_bus_window(aml, 0, config->pci_last_bus);
	aml_io(aml, LAYOUT_PCI_CONFIG_PORT, 8);
	/* The ISA devices below the LPC bridge, then the BARs. */
	aml_io_window(aml, 0, LAYOUT_PCI_CONFIG_PORT - 1);
	aml_io_window(aml, LAYOUT_PCI_PIO_START, LAYOUT_PCI_PIO_END - 1);
	aml_memory32_window(aml, LAYOUT_PCI_MMIO32_GPA, LAYOUT_PCI_MMIO32_END - 1);
	aml_memory64_window(aml, LAYOUT_PCI_MMIO64_GPA, LAYOUT_PCI_MMIO64_END - 1);
	aml_end_resources(aml, resources);
}

/* Pins go straight to the IOAPIC: {slot and any function, pin, no link device, GSI}. */
static void write_pci_routing(struct aml *aml)
{
	size_t table;

	aml_name(aml, "_PRT");
	table = aml_package(aml, PCI_SLOTS * PCI_PINS);
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
		for (unsigned pin = 0; pin < PCI_PINS; pin++) {
			size_t entry = aml_package(aml, 4);

			aml_integer(aml, slot << 16 | 0xffffu);
			aml_integer(aml, pin);
			aml_integer(aml, 0);
			aml_integer(aml, LAYOUT_PCI_INTX_IRQ + (slot + pin) % PCI_GSIS);
			aml_end(aml, entry);
		}
	}
	aml_end(aml, table);
}

/* CDW1 |= bits */
static void or_status(struct aml *aml, unsigned bits)
{
	aml_op(aml, AML_OR);
	aml_reference(aml, "CDW1");
	aml_integer(aml, bits);
	aml_reference(aml, "CDW1");
}

/* Grants what the guest asks for, less what is not there. */
static void write_osc(struct aml *aml)
{
	/* 33DB4D5B-1FF7-401C-9657-7441C03DD766, as ToUUID lays it out. */
	static const uint8_t uuid[] = { 0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40,
					0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66 };
	size_t method = aml_method(aml, "_OSC", 4);
	size_t branch, inner;

	aml_dword_field(aml, AML_ARG3, 0, "CDW1");
	branch = aml_if(aml);
	aml_op(aml, AML_EQUAL);
	aml_op(aml, AML_ARG0);
	aml_buffer(aml, uuid, sizeof(uuid));
	aml_dword_field(aml, AML_ARG3, 8, "CDW3");
	/* Local0 = CDW3 & granted */
	aml_op(aml, AML_AND);
	aml_reference(aml, "CDW3");
	aml_integer(aml, OSC_GRANTED);
	aml_op(aml, AML_LOCAL0);
	inner = aml_if(aml);
	aml_op(aml, AML_NOT);
	aml_op(aml, AML_EQUAL);
	aml_op(aml, AML_ARG1);
	aml_integer(aml, 1);
	or_status(aml, OSC_UNKNOWN_REVISION);
	aml_end(aml, inner);
	inner = aml_if(aml);
	aml_op(aml, AML_NOT);
	aml_op(aml, AML_EQUAL);
	aml_reference(aml, "CDW3");
	aml_op(aml, AML_LOCAL0);
	or_status(aml, OSC_MASKED);
	aml_end(aml, inner);
	aml_op(aml, AML_STORE);
	aml_op(aml, AML_LOCAL0);
	aml_reference(aml, "CDW3");
	aml_end(aml, branch);
	branch = aml_else(aml);
	or_status(aml, OSC_UNKNOWN_UUID);
	aml_end(aml, branch);
	aml_op(aml, AML_RETURN);
	aml_op(aml, AML_ARG3);
	aml_end(aml, method);
}

/* A device of the LPC bridge with fixed ports and at most one interrupt. */
struct isa_device {
	const char *name;
	const char *hid; /* an EISA id, or a string when it is none */
	uint16_t port, length;
	uint16_t second_port; /* one byte; 0: none */
	int irq;	      /* -1: none */
	bool has_string_hid;
};

static void write_isa_device(struct aml *aml, const struct isa_device *device, unsigned uid)
{
	size_t mark = aml_device(aml, device->name);
	size_t resources;

	aml_name(aml, "_HID");
	if (device->has_string_hid) {
		aml_string(aml, device->hid);
	} else {
		aml_eisa_id(aml, device->hid);
	}
	aml_name_integer(aml, "_UID", uid);
	aml_name_integer(aml, "_STA", device->has_string_hid ? STATUS_PRESENT : STATUS_SHOWN);
	aml_name(aml, "_CRS");
	resources = aml_resources(aml);
	if (device->length > 0) {
		aml_io(aml, device->port, (uint8_t)device->length);
	}
	if (device->second_port != 0) {
		aml_io(aml, device->second_port, 1);
	}
	if (device->irq >= 0) {
		aml_irq(aml, (unsigned)device->irq);
	}
	aml_end_resources(aml, resources);
	aml_end(aml, mark);
}

static void write_lpc_devices(struct aml *aml, const struct boot_config *config)
{
	static const struct isa_device fixed[] = {
		{ "RTC", "PNP0B00", LAYOUT_RTC_PORT, 2, 0, LAYOUT_RTC_IRQ, false },
		{ "KBD", "PNP0303", LAYOUT_I8042_PORT, 1, LAYOUT_I8042_PORT + 4,
		  LAYOUT_KEYBOARD_IRQ, false },
		{ "MOU", "PNP0F13", 0, 0, 0, LAYOUT_MOUSE_IRQ, false },
		{ "FWCF", "QEMU0002", LAYOUT_FW_CFG_PORT, 12, 0, -1, true },
		{ "PVPN", "QEMU0001", LAYOUT_PVPANIC_PORT, 1, 0, -1, true },
	};
	static const char *const serial_names[] = { "COM1", "COM2", "COM3", "COM4" };
	size_t bridge = aml_device(aml, "LPC");

	aml_name_integer(aml, "_ADR", LPC_ADDRESS);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		write_isa_device(aml, &fixed[i], 0);
	}
	for (size_t i = 0; i < MIN(config->serial_count, ARRAY_SIZE(serial_names)); i++) {
		const struct isa_device serial = {
			.name = serial_names[i],
			.hid = "PNP0501",
			.port = config->serials[i].port,
			.length = 8,
			.irq = config->serials[i].irq,
		};

		write_isa_device(aml, &serial, (unsigned)i + 1);
	}
	aml_end(aml, bridge);
}

static void write_pci_bridge(struct aml *aml, const struct boot_config *config)
{
	size_t device = aml_device(aml, "PCI0");

	aml_name_eisa_id(aml, "_HID", "PNP0A08");
	aml_name_eisa_id(aml, "_CID", "PNP0A03");
	aml_name_integer(aml, "_UID", 0);
	aml_name_integer(aml, "_SEG", 0);
	aml_name_integer(aml, "_BBN", 0);
	write_pci_windows(aml, config);
	write_pci_routing(aml);
	write_osc(aml);
	write_lpc_devices(aml, config);
	aml_end(aml, device);
}

static void write_power_off(struct aml *aml)
{
	size_t package;

	aml_name(aml, "_S5");
	package = aml_package(aml, 4);
	aml_integer(aml, LAYOUT_ACPI_S5_SLEEP_TYPE);
	aml_integer(aml, LAYOUT_ACPI_S5_SLEEP_TYPE);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_end(aml, package);
}

void acpi_dsdt_write(struct aml *out, const struct boot_config *config)
{
	/* Revision 2: integers have 64 bits. */
	const struct acpi_header header = acpi_header_of("DSDT", 2);
	size_t scope;

	aml_bytes(out, &header, sizeof(header));
	scope = aml_scope(out, "\\_SB");
	write_processors(out, config);
	write_motherboard(out);
	write_pci_bridge(out, config);
	aml_end(out, scope);
	write_power_off(out);
}
