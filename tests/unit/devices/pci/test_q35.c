/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/kvm/ */
#include "devices/pci/q35.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "devices/pci/pci.h"
#include "vmm/boot/layout.h"

#define LPC_BDF	 (Q35_LPC_SLOT << 3)
#define PCIEXBAR 0x60u

static struct bus *pio, *mmio;
static struct irq_router *irqs;
static struct pci_bus *bus;
static struct q35 *q35;

static void set_up(void)
{
	struct pci_bus_config config;

	cr_assert(zero(int, bus_create(NULL, BUS_PIO, &pio)));
	cr_assert(zero(int, bus_create(NULL, BUS_MMIO, &mmio)));
	cr_assert(zero(int, irq_router_create(NULL, &irqs)));
	config = (struct pci_bus_config){ .pio = pio, .mmio = mmio, .irqs = irqs };
	cr_assert(zero(int, pci_bus_create(&config, &bus)));
	cr_assert(zero(int, q35_create(bus, &q35, NULL)));
}

static void tear_down(void)
{
	q35_destroy(q35);
	pci_bus_destroy(bus);
	irq_router_destroy(irqs);
	bus_destroy(mmio);
	bus_destroy(pio);
}

TestSuite(q35, .init = set_up, .fini = tear_down, .timeout = 10);

static uint64_t read_mmio(uint64_t gpa)
{
	uint64_t value = 0;

	(void)bus_read(mmio, gpa, 4, &value);
	return value;
}

Test(q35, chips_have_their_identities)
{
	cr_assert(eq(u32, pci_config_read(bus, 0, PCI_VENDOR_ID, 4), 0x29c08086));
	cr_assert(eq(u32, pci_config_read(bus, 0, PCI_CLASS_DEVICE, 2), 0x0600));
	cr_assert(eq(u32, pci_config_read(bus, LPC_BDF, PCI_VENDOR_ID, 4), 0x29188086));
	cr_assert(eq(u32, pci_config_read(bus, LPC_BDF, PCI_CLASS_DEVICE, 2), 0x0601));
	cr_assert(eq(u32, pci_config_read(bus, LPC_BDF, 0x40, 4), LAYOUT_ACPI_PM_PORT | 1));
	cr_assert(eq(u32, pci_config_read(bus, LPC_BDF, 0x44, 1), 0x80));
}

Test(q35, pciexbar_moves_ecam)
{
	cr_assert(eq(u32, pci_config_read(bus, 0, PCIEXBAR, 4), LAYOUT_ECAM_GPA | 1));
	/* As firmware does: off, upper half, then address and enable. */
	pci_config_write(bus, 0, PCIEXBAR, 4, 0);
	cr_assert(eq(u64, read_mmio(LAYOUT_ECAM_GPA), 0xffffffff));
	pci_config_write(bus, 0, PCIEXBAR + 4, 4, 0);
	pci_config_write(bus, 0, PCIEXBAR, 4, 0xb0000001);
	cr_assert(eq(u64, read_mmio(0xb0000000), 0x29c08086));
	q35_reset(q35);
	cr_assert(eq(u64, read_mmio(LAYOUT_ECAM_GPA), 0x29c08086));
	cr_assert(eq(u32, pci_config_read(bus, 0, PCIEXBAR, 4), LAYOUT_ECAM_GPA | 1));
}

Test(q35, create_fails_on_taken_slot)
{
	struct q35 *second;
	struct error err;

	cr_assert(eq(int, q35_create(bus, &second, &err), -EBUSY));
	cr_assert(zero(ptr, second));
}
