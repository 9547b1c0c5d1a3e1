/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/bus.c vmm/kvm/ */
#include "devices/pci/msix.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "devices/pci/pci.h"

#define SLOT	       3
#define BDF	       (SLOT << 3)
#define MSIX_BAR       1
#define VECTORS	       4
#define MSIX_CAP       0x40u
#define PENDING_OFFSET 0x800u

/* --- a router that remembers what it was told ------------------------------------------------ */

static struct msi_vector *vectors[VECTORS];
static unsigned vector_count;
static unsigned vectors_allowed;
static unsigned set_calls;
static bool pending[VECTORS];

static unsigned index_of(const struct msi_vector *vector)
{
	return vector->gsi;
}

int msi_vector_init(struct msi_vector *vector, struct irq_router *router)
{
	if (vector_count == vectors_allowed) {
		return -ENOSPC;
	}
	vector->router = router;
	vector->gsi = vector_count;
	vectors[vector_count++] = vector;
	return 0;
}

void msi_vector_finish(struct msi_vector *vector)
{
	cr_assert(eq(ptr, vectors[vector->gsi], vector));
	vector_count--;
}

int msi_vector_set(struct msi_vector *vector, uint64_t address, uint32_t data)
{
	vector->address = address;
	vector->data = data;
	set_calls++;
	return 0;
}

int msi_vector_enable(struct msi_vector *vector, bool enabled)
{
	vector->enabled = enabled;
	return 0;
}

void msi_vector_signal(struct msi_vector *vector)
{
	pending[index_of(vector)] = true;
}

bool msi_vector_is_pending(struct msi_vector *vector)
{
	return pending[index_of(vector)];
}

void msi_vector_clear_pending(struct msi_vector *vector)
{
	pending[index_of(vector)] = false;
}

void irq_line_init(struct irq_line *line, struct irq_router *router, uint32_t gsi)
{
	line->router = router;
	line->gsi = gsi;
}

void irq_line_set(struct irq_line *line, bool level)
{
	line->level = level;
}

/* --- the device ------------------------------------------------------------------------------ */

static struct bus *pio, *mmio;
static struct pci_bus *bus;
static struct pci_device device;
static struct msix *msix;

static void set_up(void)
{
	struct pci_bus_config config;

	vectors_allowed = VECTORS;
	cr_assert(zero(int, bus_create(NULL, BUS_PIO, &pio)));
	cr_assert(zero(int, bus_create(NULL, BUS_MMIO, &mmio)));
	config = (struct pci_bus_config){ .pio = pio, .mmio = mmio };
	cr_assert(zero(int, pci_bus_create(&config, &bus)));
	device.name = "test-device";
	cr_assert(zero(int, msix_create(&device, NULL, VECTORS, MSIX_BAR, &msix)));
	cr_assert(zero(int, pci_device_plug(bus, &device, SLOT, 0, NULL)));
}

static void tear_down(void)
{
	pci_device_unplug(&device);
	msix_destroy(msix);
	cr_assert(zero(uint, vector_count));
	pci_bus_destroy(bus);
	bus_destroy(mmio);
	bus_destroy(pio);
}

TestSuite(msix, .init = set_up, .fini = tear_down, .timeout = 10);

static uint32_t read_config(unsigned offset, unsigned size)
{
	return pci_config_read(bus, BDF, offset, size);
}

static void set_flags(uint16_t flags)
{
	pci_config_write(bus, BDF, MSIX_CAP + PCI_MSIX_FLAGS, 2, flags);
}

static uint64_t gpa_of(unsigned offset)
{
	return read_config(PCI_BASE_ADDRESS_0 + MSIX_BAR * 4, 4) + offset;
}

static uint64_t read_table(unsigned offset, unsigned size)
{
	uint64_t value = 0;

	(void)bus_read(mmio, gpa_of(offset), size, &value);
	return value;
}

static void write_table(unsigned offset, unsigned size, uint64_t value)
{
	(void)bus_write(mmio, gpa_of(offset), size, value);
}

static void set_mask(unsigned vector, bool masked)
{
	write_table(vector * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

Test(msix, capability_tells_the_layout)
{
	cr_assert(eq(u32, read_config(MSIX_CAP, 1), PCI_CAP_ID_MSIX));
	cr_assert(eq(u32, read_config(MSIX_CAP + PCI_MSIX_FLAGS, 2), VECTORS - 1));
	cr_assert(eq(u32, read_config(MSIX_CAP + PCI_MSIX_TABLE, 4), MSIX_BAR));
	cr_assert(eq(u32, read_config(MSIX_CAP + PCI_MSIX_PBA, 4), PENDING_OFFSET | MSIX_BAR));
	set_flags(0xffff);
	cr_assert(eq(u32, read_config(MSIX_CAP + PCI_MSIX_FLAGS, 2), 0xc003));
	cr_assert(msix_is_enabled(msix));
}

Test(msix, table_keeps_the_message)
{
	write_table(16, 8, 0xfee01000);
	write_table(24, 4, 0x4041);
	write_table(28, 4, 0xfffffffe);
	cr_assert(eq(u64, read_table(16, 8), 0xfee01000));
	cr_assert(eq(u64, read_table(24, 8), 0x4041), "only the mask bit is there");
	write_table(VECTORS * PCI_MSIX_ENTRY_SIZE, 4, 1);
	cr_assert(eq(u64, read_table(VECTORS * PCI_MSIX_ENTRY_SIZE, 4), 0), "behind the last");
}

Test(msix, vector_is_enabled_when_nothing_masks_it)
{
	write_table(16, 4, 0xfee01000);
	write_table(24, 4, 0x4041);
	set_mask(1, false);
	cr_assert(not(vectors[1]->enabled), "MSI-X is off");
	set_flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	cr_assert(not(vectors[1]->enabled), "the function is masked");
	set_flags(PCI_MSIX_FLAGS_ENABLE);
	cr_assert(vectors[1]->enabled);
	cr_assert(not(vectors[0]->enabled), "masked since power-on");
	cr_assert(eq(u64, vectors[1]->address, 0xfee01000));
	cr_assert(eq(u32, vectors[1]->data, 0x4041));
	set_mask(1, true);
	cr_assert(not(vectors[1]->enabled));
}

Test(msix, unmasking_alone_sets_no_message)
{
	set_flags(PCI_MSIX_FLAGS_ENABLE);
	write_table(0, 4, 0xfee00000);
	cr_assert(zero(uint, set_calls), "masked: nobody needs to know yet");
	set_mask(0, false);
	cr_assert(eq(uint, set_calls, 1));
	set_mask(0, true);
	set_mask(0, false);
	cr_assert(eq(uint, set_calls, 1));
	write_table(8, 4, 7);
	cr_assert(eq(uint, set_calls, 2), "a change of an open vector takes effect at once");
}

Test(msix, access_over_two_entries_serves_both)
{
	set_flags(PCI_MSIX_FLAGS_ENABLE);
	set_mask(1, false);
	/* The control word of entry 0 and the address of entry 1. */
	write_table(12, 8, UINT64_C(0xfee0300000000000));
	cr_assert(vectors[0]->enabled);
	cr_assert(eq(u64, vectors[1]->address, 0xfee03000));
}

Test(msix, pending_bits_show_signals)
{
	msix_signal(msix, 2);
	msix_signal(msix, VECTORS);
	cr_assert(eq(u64, read_table(PENDING_OFFSET, 8), 1u << 2));
	write_table(PENDING_OFFSET, 8, 0);
	cr_assert(eq(u64, read_table(PENDING_OFFSET, 1), 1u << 2), "read-only");
}

Test(msix, reset_masks_and_forgets)
{
	set_flags(PCI_MSIX_FLAGS_ENABLE);
	set_mask(0, false);
	msix_signal(msix, 1);
	pci_device_reset(&device);
	msix_reset(msix);
	cr_assert(not(msix_is_enabled(msix)));
	cr_assert(not(vectors[0]->enabled));
	cr_assert(eq(u64, read_table(PCI_MSIX_ENTRY_VECTOR_CTRL, 4), 1));
	cr_assert(eq(u64, read_table(PENDING_OFFSET, 8), 0));
}

Test(msix, create_undoes_what_it_did)
{
	struct pci_device other = { 0 };
	struct msix *made;

	vectors_allowed = VECTORS + 2;
	cr_assert(eq(int, msix_create(&other, NULL, 0, 0, &made), -EINVAL));
	cr_assert(eq(int, msix_create(&other, NULL, MSIX_VECTORS_MAX + 1, 0, &made), -EINVAL));
	other.next_capability = 0xf8;
	vectors_allowed = VECTORS;
	cr_assert(eq(int, msix_create(&other, NULL, 1, 0, &made), -ENOSPC));
	cr_assert(eq(uint, vector_count, VECTORS));
	cr_assert(zero(ptr, made));
}
