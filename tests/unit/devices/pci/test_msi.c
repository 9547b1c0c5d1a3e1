/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/bus.c vmm/kvm/ */
#include "devices/pci/msi.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "devices/pci/pci.h"

#define SLOT	  3
#define BDF	  (SLOT << 3)
#define CAP	  0x40u
#define MESSAGE	  UINT64_C(0x1fee01000)
#define DATA	  0x4041u
#define CAP_SPACE (0x100u - 0x40u)

/* --- a router that remembers what it was told ------------------------------------------------ */

static struct msi_vector *made;
static int init_result;
static unsigned signals;
static bool is_pending, line_level;

int msi_vector_init(struct msi_vector *vector, struct irq_router *router)
{
	vector->router = router;
	made = init_result == 0 ? vector : NULL;
	return init_result;
}

void msi_vector_finish(struct msi_vector *vector)
{
	cr_assert(eq(ptr, vector, made));
	made = NULL;
}

int msi_vector_set(struct msi_vector *vector, uint64_t address, uint32_t data)
{
	vector->address = address;
	vector->data = data;
	return 0;
}

int msi_vector_enable(struct msi_vector *vector, bool enabled)
{
	vector->enabled = enabled;
	return 0;
}

void msi_vector_signal(struct msi_vector *vector)
{
	signals += vector->enabled;
	is_pending = !vector->enabled;
}

bool msi_vector_is_pending(struct msi_vector *vector)
{
	(void)vector;
	return is_pending;
}

void msi_vector_clear_pending(struct msi_vector *vector)
{
	(void)vector;
	is_pending = false;
}

void irq_line_init(struct irq_line *line, struct irq_router *router, uint32_t gsi)
{
	line->router = router;
	line->gsi = gsi;
}

void irq_line_set(struct irq_line *line, bool level)
{
	line->level = level;
	line_level = level;
}

/* --- the device ------------------------------------------------------------------------------ */

static struct bus *pio, *mmio;
static struct pci_bus *bus;
static struct pci_device device;
static struct msi *msi;

static void set_up(void)
{
	struct pci_bus_config config;

	cr_assert(zero(int, bus_create(NULL, BUS_PIO, &pio)));
	cr_assert(zero(int, bus_create(NULL, BUS_MMIO, &mmio)));
	config = (struct pci_bus_config){ .pio = pio, .mmio = mmio };
	cr_assert(zero(int, pci_bus_create(&config, &bus)));
	device.name = "test-device";
	device.has_intx = true;
	cr_assert(zero(int, msi_create(&device, NULL, &msi)));
	cr_assert(zero(int, pci_device_plug(bus, &device, SLOT, 0, NULL)));
}

static void tear_down(void)
{
	pci_device_unplug(&device);
	msi_destroy(msi);
	cr_assert(zero(ptr, made));
	pci_bus_destroy(bus);
	bus_destroy(mmio);
	bus_destroy(pio);
}

TestSuite(msi, .init = set_up, .fini = tear_down, .timeout = 10);
TestSuite(msi_create, .timeout = 10);

static uint32_t read_config(unsigned offset, unsigned size)
{
	return pci_config_read(bus, BDF, offset, size);
}

static void write_config(unsigned offset, unsigned size, uint32_t value)
{
	pci_config_write(bus, BDF, offset, size, value);
}

static void turn_on(void)
{
	write_config(CAP + PCI_MSI_ADDRESS_LO, 4, (uint32_t)MESSAGE);
	write_config(CAP + PCI_MSI_ADDRESS_HI, 4, (uint32_t)(MESSAGE >> 32));
	write_config(CAP + PCI_MSI_DATA_64, 2, DATA);
	write_config(CAP + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
}

Test(msi, capability_tells_the_layout)
{
	cr_assert(eq(u32, read_config(CAP, 1), PCI_CAP_ID_MSI));
	cr_assert(eq(u32, read_config(CAP + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_64BIT));
	write_config(CAP + PCI_MSI_FLAGS, 2, 0xffff);
	cr_assert(eq(u32, read_config(CAP + PCI_MSI_FLAGS, 2),
		     PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE));
	write_config(CAP + PCI_MSI_ADDRESS_LO, 4, UINT32_MAX);
	cr_assert(eq(u32, read_config(CAP + PCI_MSI_ADDRESS_LO, 4), ~3u));
}

Test(msi, message_goes_out_while_it_is_on)
{
	msi_signal(msi);
	cr_assert(zero(uint, signals));
	cr_assert(not(is_pending), "an interrupt of INTA's is not repeated as a message");
	turn_on();
	cr_assert(msi_is_enabled(msi));
	cr_assert(eq(u64, made->address, MESSAGE));
	cr_assert(eq(u32, made->data, DATA));
	msi_signal(msi);
	cr_assert(eq(uint, signals, 1));
	write_config(CAP + PCI_MSI_FLAGS, 2, 0);
	cr_assert(not(made->enabled));
	msi_signal(msi);
	cr_assert(eq(uint, signals, 1));
}

Test(msi, message_can_change_while_it_is_on)
{
	turn_on();
	write_config(CAP + PCI_MSI_DATA_64, 2, DATA + 1);
	cr_assert(eq(u32, made->data, DATA + 1));
	cr_assert(made->enabled);
}

Test(msi, silences_the_line)
{
	pci_intx_set(&device, true);
	cr_assert(line_level);
	turn_on();
	cr_assert(not(line_level));
	write_config(CAP + PCI_MSI_FLAGS, 2, 0);
	cr_assert(line_level);
}

Test(msi, reset_turns_it_off)
{
	turn_on();
	pci_device_reset(&device);
	cr_assert(not(msi_is_enabled(msi)));
	cr_assert(not(made->enabled));
	cr_assert(zero(u32, read_config(CAP + PCI_MSI_ADDRESS_LO, 4)));
}

Test(msi_create, tells_what_failed)
{
	init_result = -ENOSPC;
	cr_assert(eq(int, msi_create(&device, NULL, &msi), -ENOSPC));
	cr_assert(zero(ptr, device.msi));
	init_result = 0;
	cr_assert(gt(int, pci_add_capability(&device, PCI_CAP_ID_VNDR, CAP_SPACE - 4), 0));
	cr_assert(eq(int, msi_create(&device, NULL, &msi), -ENOSPC));
	cr_assert(zero(ptr, device.msi));
	cr_assert(zero(ptr, made));
	msi_destroy(NULL);
}
