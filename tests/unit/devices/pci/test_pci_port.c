/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/kvm/ */
#include "devices/pci/pci_port.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "devices/pci/pci.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"
#include "vmm/boot/layout.h"

#define PORTS	 2
#define PORT_BDF (PCI_PORTS_SLOT << 3)
#define BAR	 0
#define BAR_SIZE 0x4000u
#define ABSENT	 0xffffffffu
#define WINDOW	 0xc8000000u
#define IRQ	 (LAYOUT_PCI_INTX_IRQ + PCI_PORTS_SLOT % 8)

/* Slot Control as Linux sets it for an empty slot and for one in use. */
#define EVENTS_ON \
	(PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_DLLSCE)
#define SLOT_OFF (EVENTS_ON | PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF)
#define SLOT_ON	 (EVENTS_ON | PCI_EXP_SLTCTL_PWR_ON | PCI_EXP_SLTCTL_PWR_IND_ON)

static struct bus *pio, *mmio;
static struct irq_router *irqs;
static struct pci_bus *bus;
static struct pci_port *ports[PORTS];
static struct pci_device device;
static unsigned offs; /* calls of on_off */

static uint64_t read_offset(void *owner UNUSED, uint64_t offset, unsigned size UNUSED)
{
	return 0x40 + offset;
}

static void write_nothing(void *owner UNUSED, uint64_t offset UNUSED, unsigned size UNUSED,
			  uint64_t value UNUSED)
{
}

static const struct io_ops bar_ops = { .read = read_offset, .write = write_nothing };

static void count_off(void *arg)
{
	++*(unsigned *)arg;
}

static void set_up(void)
{
	struct pci_bus_config config;

	cr_assert(zero(int, bus_create(NULL, BUS_PIO, &pio)));
	cr_assert(zero(int, bus_create(NULL, BUS_MMIO, &mmio)));
	cr_assert(zero(int, irq_router_create(NULL, &irqs)));
	config = (struct pci_bus_config){ .pio = pio, .mmio = mmio, .irqs = irqs };
	cr_assert(zero(int, pci_bus_create(&config, &bus)));
	for (unsigned i = 0; i < PORTS; i++) {
		const struct pci_port_config port = { i, count_off, &offs };

		cr_assert(zero(int, pci_port_create(bus, &port, &ports[i], NULL)));
	}
	device = (struct pci_device){ .name = "test-device",
				      .has_intx = true,
				      .identity = { .vendor = 0x1af4, .device = 0x1044 } };
	device.bars[BAR] = (struct pci_bar){ .size = BAR_SIZE, .ops = &bar_ops };
}

static void tear_down(void)
{
	pci_device_unplug(&device);
	for (unsigned i = PORTS; i > 0; i--) {
		pci_port_destroy(ports[i - 1]);
	}
	pci_bus_destroy(bus);
	irq_router_destroy(irqs);
	bus_destroy(mmio);
	bus_destroy(pio);
}

TestSuite(pci_port, .init = set_up, .fini = tear_down, .timeout = 10);

static uint32_t read_port(unsigned offset, unsigned size)
{
	return pci_config_read(bus, PORT_BDF, offset, size);
}

static void write_port(unsigned offset, unsigned size, uint32_t value)
{
	pci_config_write(bus, PORT_BDF, offset, size, value);
}

/* Of the PCI Express capability, which is the first. */
static unsigned express(unsigned offset)
{
	return read_port(PCI_CAPABILITY_LIST, 1) + offset;
}

static unsigned slot_status(void)
{
	return read_port(express(PCI_EXP_SLTSTA), 2);
}

static bool slot_tells(unsigned bit)
{
	return slot_status() & bit;
}

static bool link_is_up(void)
{
	return read_port(express(PCI_EXP_LNKSTA), 2) & PCI_EXP_LNKSTA_DLLLA;
}

static void control_slot(unsigned value)
{
	write_port(express(PCI_EXP_SLTCTL), 2, value);
}

/* What a guest reads where the vendor of a function on `number` would be. */
static uint32_t vendor_on(unsigned number, unsigned devfn)
{
	return pci_config_read(bus, number << 8 | devfn, PCI_VENDOR_ID, 2);
}

static void plug(void)
{
	cr_assert(zero(int, pci_port_plug(ports[0], &device, NULL)));
}

/* Plugged, powered on, its BAR in the port's window. */
static void set_device_up(void)
{
	plug();
	control_slot(SLOT_ON);
	write_port(express(PCI_EXP_SLTSTA), 2, 0xffff);
	write_port(PCI_MEMORY_BASE, 4, WINDOW | WINDOW >> 16);
	pci_config_write(bus, 1 << 8, PCI_BASE_ADDRESS_0, 4, WINDOW);
	pci_config_write(bus, 1 << 8, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

static bool answers(uint64_t address)
{
	uint64_t value;

	return bus_read(mmio, address, 4, &value);
}

Test(pci_port, is_a_bridge_with_a_slot)
{
	cr_assert(eq(u32, read_port(PCI_CLASS_DEVICE, 2), 0x0604));
	cr_assert(eq(u32, read_port(PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_BRIDGE | 0x80));
	cr_assert(eq(u32, read_port(express(PCI_EXP_FLAGS), 2),
		     PCI_EXP_FLAGS_SLOT | PCI_EXP_TYPE_ROOT_PORT << 4 | 2));
	cr_assert(eq(u32, read_port(express(PCI_EXP_SLTCAP), 4) >> 19, 1));
	cr_assert(eq(u32, read_port(PCI_SECONDARY_BUS, 1), 1));
	cr_assert(eq(u32, slot_status(), 0));
	cr_assert(pci_port_is_free(ports[0]));
}

Test(pci_port, has_no_window_for_ports)
{
	write_port(PCI_IO_BASE, 2, 0xffff);
	cr_assert(eq(u32, read_port(PCI_IO_BASE, 2), 0));
}

Test(pci_port, second_port_has_its_own_slot_number_and_bus)
{
	const unsigned bdf = PORT_BDF + 1;
	const unsigned at = pci_config_read(bus, bdf, PCI_CAPABILITY_LIST, 1);

	cr_assert(eq(u32, pci_config_read(bus, bdf, at + PCI_EXP_SLTCAP, 4) >> 19, 2));
	cr_assert(eq(u32, pci_config_read(bus, bdf, PCI_SECONDARY_BUS, 1), 2));
}

Test(pci_port, tells_of_a_device_that_comes)
{
	control_slot(SLOT_OFF);
	plug();
	cr_assert(eq(u32, slot_status(),
		     PCI_EXP_SLTSTA_PDS | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_ABP));
	cr_assert(irq_router_level(irqs, IRQ));
	write_port(express(PCI_EXP_SLTSTA), 2, PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_ABP);
	cr_assert(eq(u32, slot_status(), PCI_EXP_SLTSTA_PDS));
	cr_assert(not(irq_router_level(irqs, IRQ)));
	cr_assert(not(pci_port_is_free(ports[0])));
}

Test(pci_port, is_silent_while_the_guest_does_not_listen)
{
	control_slot(SLOT_OFF & ~PCI_EXP_SLTCTL_HPIE);
	plug();
	cr_assert(not(irq_router_level(irqs, IRQ)));
	control_slot(SLOT_OFF);
	cr_assert(irq_router_level(irqs, IRQ));
}

Test(pci_port, slot_without_power_is_empty_to_the_guest)
{
	plug();
	cr_assert(eq(u32, vendor_on(1, 0), 0xffff));
	control_slot(SLOT_ON);
	cr_assert(eq(u32, vendor_on(1, 0), 0x1af4));
	cr_assert(link_is_up());
	cr_assert(eq(u32, slot_status(),
		     PCI_EXP_SLTSTA_PDS | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_ABP |
			     PCI_EXP_SLTSTA_DLLSC));
}

Test(pci_port, disabled_link_is_down)
{
	plug();
	control_slot(SLOT_ON);
	write_port(express(PCI_EXP_LNKCTL), 2, PCI_EXP_LNKCTL_LD);
	cr_assert(eq(u32, vendor_on(1, 0), 0xffff));
	cr_assert(not(link_is_up()));
	write_port(express(PCI_EXP_LNKCTL), 2, 0);
	cr_assert(eq(u32, vendor_on(1, 0), 0x1af4));
}

Test(pci_port, only_one_function_is_behind)
{
	set_device_up();
	cr_assert(eq(u32, vendor_on(1, 1), 0xffff));
	cr_assert(eq(u32, vendor_on(1, 1 << 3), 0xffff));
	cr_assert(eq(u32, vendor_on(2, 0), 0xffff));
	cr_assert(eq(u32, vendor_on(255, 0), 0xffff));
}

Test(pci_port, bus_number_is_what_the_guest_says)
{
	set_device_up();
	write_port(PCI_SECONDARY_BUS, 1, 77);
	cr_assert(eq(u32, vendor_on(1, 0), 0xffff));
	cr_assert(eq(u32, vendor_on(77, 0), 0x1af4));
	/* Bus 0 is taken: the device is nowhere. */
	write_port(PCI_SECONDARY_BUS, 1, 0);
	cr_assert(eq(u32, vendor_on(0, 0), 0xffff));
}

Test(pci_port, first_of_two_ports_with_one_number_answers)
{
	set_device_up();
	pci_config_write(bus, PORT_BDF + 1, PCI_SECONDARY_BUS, 1, 1);
	cr_assert(eq(u32, vendor_on(1, 0), 0x1af4));
}

Test(pci_port, device_has_no_address_until_the_guest_gives_one)
{
	plug();
	control_slot(SLOT_ON);
	cr_assert(eq(u32, pci_config_read(bus, 1 << 8, PCI_BASE_ADDRESS_0, 4), 0));
	cr_assert(eq(u32, pci_config_read(bus, 1 << 8, PCI_COMMAND, 2), 0));
	pci_config_write(bus, 1 << 8, PCI_BASE_ADDRESS_0, 4, ABSENT);
	cr_assert(eq(u32, pci_config_read(bus, 1 << 8, PCI_BASE_ADDRESS_0, 4), ~(BAR_SIZE - 1)));
}

Test(pci_port, bar_answers_inside_the_window_alone)
{
	set_device_up();
	cr_assert(answers(WINDOW));
	pci_config_write(bus, 1 << 8, PCI_BASE_ADDRESS_0, 4, WINDOW + 0x100000);
	cr_assert(not(answers(WINDOW)));
	cr_assert(not(answers(WINDOW + 0x100000)));
}

Test(pci_port, bar_follows_the_window)
{
	set_device_up();
	write_port(PCI_MEMORY_BASE, 4, 0xfff0);
	cr_assert(not(answers(WINDOW)));
	write_port(PCI_MEMORY_BASE, 4, WINDOW | WINDOW >> 16);
	cr_assert(answers(WINDOW));
	write_port(PCI_COMMAND, 2, 0);
	cr_assert(not(answers(WINDOW)));
}

Test(pci_port, bar_answers_in_the_prefetchable_window)
{
	set_device_up();
	write_port(PCI_MEMORY_BASE, 4, 0xfff0);
	write_port(PCI_PREF_MEMORY_BASE, 4, WINDOW | WINDOW >> 16);
	write_port(PCI_PREF_BASE_UPPER32, 4, 0);
	write_port(PCI_PREF_LIMIT_UPPER32, 4, 0);
	cr_assert(answers(WINDOW));
	write_port(PCI_PREF_BASE_UPPER32, 4, 1);
	cr_assert(not(answers(WINDOW)));
}

Test(pci_port, window_to_the_end_of_everything_is_harmless)
{
	set_device_up();
	write_port(PCI_PREF_MEMORY_BASE, 4, 0xfff00000);
	write_port(PCI_PREF_LIMIT_UPPER32, 4, ABSENT);
	cr_assert(answers(WINDOW));
}

Test(pci_port, button_asks_a_guest_that_has_the_device)
{
	set_device_up();
	cr_assert(zero(int, pci_port_press(ports[0])));
	cr_assert(slot_tells(PCI_EXP_SLTSTA_ABP));
	cr_assert(irq_router_level(irqs, IRQ));
	cr_assert(not(pci_port_is_leaving(ports[0])));
	cr_assert(eq(uint, offs, 0));
	cr_assert(answers(WINDOW));
}

Test(pci_port, button_is_refused_while_the_guest_works)
{
	set_device_up();
	control_slot(EVENTS_ON | PCI_EXP_SLTCTL_PWR_IND_BLINK);
	cr_assert(eq(int, pci_port_press(ports[0]), -EBUSY));
}

Test(pci_port, device_is_gone_with_the_power)
{
	set_device_up();
	control_slot(EVENTS_ON | PCI_EXP_SLTCTL_PWR_IND_BLINK | PCI_EXP_SLTCTL_PWR_OFF);
	cr_assert(eq(uint, offs, 1));
	cr_assert(pci_port_is_leaving(ports[0]));
	cr_assert(not(answers(WINDOW)));
	cr_assert(eq(u32, vendor_on(1, 0), 0xffff));
	cr_assert(eq(u32, slot_status(), PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC));
	/* Power alone does not bring it back. */
	control_slot(SLOT_ON);
	cr_assert(eq(u32, vendor_on(1, 0), 0xffff));
	cr_assert(eq(int, pci_port_press(ports[0]), -EALREADY));
	pci_device_unplug(&device);
	cr_assert(not(pci_port_is_leaving(ports[0])));
	cr_assert(zero(ptr, pci_port_device(ports[0])));
}

Test(pci_port, slot_is_free_when_its_light_is_out)
{
	set_device_up();
	control_slot(EVENTS_ON | PCI_EXP_SLTCTL_PWR_IND_BLINK | PCI_EXP_SLTCTL_PWR_OFF);
	pci_device_unplug(&device);
	cr_assert(not(pci_port_is_free(ports[0])));
	control_slot(SLOT_OFF);
	cr_assert(pci_port_is_free(ports[0]));
	plug();
	cr_assert(slot_tells(PCI_EXP_SLTSTA_PDS));
}

Test(pci_port, device_without_power_leaves_at_once)
{
	plug();
	cr_assert(zero(int, pci_port_press(ports[0])));
	cr_assert(eq(uint, offs, 1));
	cr_assert(pci_port_is_leaving(ports[0]));
}

Test(pci_port, device_is_there_from_the_start_after_a_reset)
{
	set_device_up();
	pci_device_reset(&device);
	pci_port_reset(ports[0]);
	cr_assert(eq(u32, slot_status(), PCI_EXP_SLTSTA_PDS));
	cr_assert(eq(u32, vendor_on(1, 0), 0x1af4));
	cr_assert(not(answers(WINDOW)));
	cr_assert(not(irq_router_level(irqs, IRQ)));
	cr_assert(eq(uint, offs, 0));
}

Test(pci_port, empty_slot_is_off_after_a_reset)
{
	control_slot(SLOT_ON);
	write_port(PCI_SECONDARY_BUS, 1, 9);
	pci_port_reset(ports[0]);
	cr_assert(eq(u32, read_port(express(PCI_EXP_SLTCTL), 2),
		     PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF));
	cr_assert(eq(u32, read_port(PCI_SECONDARY_BUS, 1), 1));
}
