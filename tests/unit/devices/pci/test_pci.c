/* SPDX-License-Identifier: MIT */
/* LINK: devices/pci/ devices/legacy/reset_port.c vmm/bus/ vmm/kvm/ */
#include "devices/pci/pci.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>

#include "devices/pci/msix.h"
#include "vmm/base/log.h"
#include "vmm/boot/layout.h"

#define SLOT	 3
#define BDF	 (SLOT << 3)
#define MEM_BAR	 0 /* 16 KiB below 4 GiB */
#define HIGH_BAR 2 /* 64 KiB, 64-bit, with BAR 3 */
#define IO_BAR	 4 /* 32 ports */
#define MSIX_BAR 5
#define COMMAND	 (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static struct bus *pio, *mmio;
static struct irq_router *irqs;
static struct pci_bus *bus;
static struct pci_device device;
static struct msix *msix;
static uint64_t moved_to[PCI_BARS];
static unsigned log_lines;

/* The device's BARs answer with the offset. */
static uint64_t read_offset(void *owner, uint64_t offset, unsigned size)
{
	(void)owner;
	(void)size;
	return 0x40 + offset;
}

static void write_nothing(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
	(void)owner;
	(void)offset;
	(void)size;
	(void)value;
}

static const struct io_ops bar_ops = { .read = read_offset, .write = write_nothing };

static void on_move(struct pci_device *moved, unsigned bar, uint64_t address)
{
	(void)moved;
	moved_to[bar] = address;
}

static void count_line(enum log_level level, const char *tag, const char *text)
{
	(void)level;
	(void)tag;
	(void)text;
	log_lines++;
}

static void fill_device(struct pci_device *d)
{
	*d = (struct pci_device){ .name = "test-device",
				  .has_intx = true,
				  .identity = { .vendor = 0x1af4,
						.device = 0x1044,
						.subsystem_vendor = 0x1af4,
						.subsystem = 0x1100,
						.revision = 1,
						.class_code = 0xff0000 } };
	d->bars[MEM_BAR] = (struct pci_bar){ .size = 0x4000, .ops = &bar_ops, .on_move = on_move };
	d->bars[HIGH_BAR] = (struct pci_bar){ .size = 0x10000,
					      .flags = PCI_BASE_ADDRESS_MEM_TYPE_64 |
						       PCI_BASE_ADDRESS_MEM_PREFETCH,
					      .ops = &bar_ops };
	d->bars[IO_BAR] =
		(struct pci_bar){ .size = 32, .flags = PCI_BASE_ADDRESS_SPACE_IO, .ops = &bar_ops };
}

static void set_up(void)
{
	struct pci_bus_config config;

	cr_assert(zero(int, bus_create(NULL, BUS_PIO, &pio)));
	cr_assert(zero(int, bus_create(NULL, BUS_MMIO, &mmio)));
	cr_assert(zero(int, irq_router_create(NULL, &irqs)));
	config = (struct pci_bus_config){ .pio = pio, .mmio = mmio, .irqs = irqs };
	cr_assert(zero(int, pci_bus_create(&config, &bus)));
	fill_device(&device);
	cr_assert(zero(int, msix_create(&device, irqs, 4, MSIX_BAR, &msix)));
	cr_assert(zero(int, pci_device_plug(bus, &device, SLOT, 0, NULL)));
	log_lines = 0;
	log_set_sink(count_line);
}

static void tear_down(void)
{
	pci_device_unplug(&device);
	msix_destroy(msix);
	pci_bus_destroy(bus);
	irq_router_destroy(irqs);
	bus_destroy(mmio);
	bus_destroy(pio);
}

TestSuite(pci, .init = set_up, .fini = tear_down, .timeout = 10);

static uint32_t read_config(unsigned offset, unsigned size)
{
	return pci_config_read(bus, BDF, offset, size);
}

static void write_config(unsigned offset, unsigned size, uint32_t value)
{
	pci_config_write(bus, BDF, offset, size, value);
}

static uint32_t read_bar(unsigned bar)
{
	return read_config(PCI_BASE_ADDRESS_0 + bar * 4, 4);
}

static void write_bar(unsigned bar, uint32_t value)
{
	write_config(PCI_BASE_ADDRESS_0 + bar * 4, 4, value);
}

static bool answers(struct bus *where, uint64_t address)
{
	uint64_t value = 0;

	return bus_read(where, address, 1, &value) && value == 0x40;
}

static uint64_t read_bus(struct bus *where, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	(void)bus_read(where, address, size, &value);
	return value;
}

/* --- ways to configuration space --- */

Test(pci, identity_by_ports)
{
	bus_write(pio, 0xcf8, 4, 0x80000000 | BDF << 8);
	cr_assert(eq(u64, read_bus(pio, 0xcfc, 4), 0x10441af4));
	cr_assert(eq(u64, read_bus(pio, 0xcfe, 2), 0x1044));
	cr_assert(eq(u64, read_bus(pio, 0xcf8, 4), 0x80000000 | BDF << 8));
	bus_write(pio, 0xcf8, 4, 0x80000000 | (BDF + 8) << 8);
	cr_assert(eq(u64, read_bus(pio, 0xcfc, 4), 0xffffffff), "empty slot");
	bus_write(pio, 0xcf8, 4, 0x80010000 | BDF << 8);
	cr_assert(eq(u64, read_bus(pio, 0xcfc, 4), 0xffffffff), "no bus 1");
	bus_write(pio, 0xcf8, 4, BDF << 8);
	cr_assert(eq(u64, read_bus(pio, 0xcfc, 4), 0xffffffff), "not enabled");
}

Test(pci, identity_by_ecam)
{
	const uint64_t gpa = LAYOUT_ECAM_GPA + (BDF << 12);

	cr_assert(eq(u64, read_bus(mmio, gpa, 4), 0x10441af4));
	cr_assert(eq(u64, read_bus(mmio, gpa, 8), UINT64_C(0x0010000310441af4)));
	cr_assert(eq(u64, read_bus(mmio, gpa + 0x2c, 4), 0x11001af4));
	cr_assert(eq(u64, read_bus(mmio, gpa + 8, 4), 0xff000001));
	cr_assert(eq(u64, read_bus(mmio, gpa + 0x100, 4), 0), "no extended capability");
	cr_assert(eq(u64, read_bus(mmio, gpa + 0x100000, 4), 0xffffffff), "no bus 1");
}

Test(pci, ecam_moves_and_turns_off)
{
	cr_assert(zero(int, pci_bus_move_ecam(bus, 0xb0000000)));
	cr_assert(eq(u64, read_bus(mmio, 0xb0000000 + (BDF << 12), 2), 0x1af4));
	cr_assert(eq(u64, read_bus(mmio, LAYOUT_ECAM_GPA + (BDF << 12), 2), 0xffff));
	cr_assert(zero(int, pci_bus_move_ecam(bus, 0)));
	cr_assert(eq(u64, read_bus(mmio, 0xb0000000 + (BDF << 12), 2), 0xffff));
}

/* One byte at 0xcf9 is the reset register, not part of CONFIG_ADDRESS. */
Test(pci, reset_register_is_apart)
{
	bus_write(pio, 0xcf8, 4, 0x80001234);
	bus_write(pio, 0xcf9, 1, 0x02);
	cr_assert(eq(u64, read_bus(pio, 0xcf8, 4), 0x80001234));
	cr_assert(eq(u64, read_bus(pio, 0xcf9, 1), 0x02));
}

Test(pci, read_only_bits_stay)
{
	write_config(PCI_VENDOR_ID, 4, 0);
	write_config(PCI_CLASS_REVISION, 4, 0);
	write_config(PCI_COMMAND, 2, 0xffff);
	cr_assert(eq(u32, read_config(PCI_VENDOR_ID, 4), 0x10441af4));
	cr_assert(eq(u32, read_config(PCI_CLASS_REVISION, 4), 0xff000001));
	cr_assert(eq(u32, read_config(PCI_COMMAND, 2),
		     COMMAND | PCI_COMMAND_MASTER | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE));
}

Test(pci, clear_on_write)
{
	device.config[0xa0] = 0x0f;
	device.clear_on_write[0xa0] = 0x06;
	write_config(0xa0, 1, 0x0c);
	cr_assert(eq(u32, read_config(0xa0, 1), 0x0b));
}

Test(pci, capability_list_ends)
{
	unsigned offset = read_config(PCI_CAPABILITY_LIST, 1);

	cr_assert(eq(u32, read_config(offset, 1), PCI_CAP_ID_MSIX));
	offset = read_config(offset + 1, 1);
	cr_assert(eq(u32, read_config(offset, 1), PCI_CAP_ID_EXP));
	cr_assert(eq(u32, read_config(offset + PCI_EXP_FLAGS, 2), 0x92), "version 2, integrated");
	cr_assert(eq(u32, read_config(offset + 1, 1), 0));
}

Test(pci, capability_needs_room)
{
	struct pci_device full = { 0 };

	cr_assert(eq(int, pci_add_capability(&full, PCI_CAP_ID_VNDR, 0xb0), 0x40));
	cr_assert(eq(int, pci_add_capability(&full, PCI_CAP_ID_VNDR, 0x14), -ENOSPC));
	cr_assert(eq(int, pci_add_capability(&full, PCI_CAP_ID_VNDR, 0x10), 0xf0));
	cr_assert(eq(int, pci_add_capability(&full, PCI_CAP_ID_VNDR, 2), -ENOSPC));
}

/* --- BARs --- */

Test(pci, bars_are_home_after_plug)
{
	cr_assert(eq(u32, read_config(PCI_COMMAND, 2), COMMAND));
	cr_assert(eq(u32, read_bar(MEM_BAR), LAYOUT_PCI_MMIO32_GPA));
	cr_assert(eq(u32, read_bar(HIGH_BAR), (uint32_t)LAYOUT_PCI_MMIO64_GPA | 0xc));
	cr_assert(eq(u32, read_bar(HIGH_BAR + 1), LAYOUT_PCI_MMIO64_GPA >> 32));
	cr_assert(eq(u32, read_bar(IO_BAR), LAYOUT_PCI_PIO_START | 1));
	cr_assert(eq(u64, moved_to[MEM_BAR], LAYOUT_PCI_MMIO32_GPA));
	cr_assert(answers(mmio, LAYOUT_PCI_MMIO32_GPA));
	cr_assert(answers(mmio, LAYOUT_PCI_MMIO64_GPA));
	cr_assert(answers(pio, LAYOUT_PCI_PIO_START));
}

struct size_case {
	unsigned bar;
	uint32_t answer;
};

ParameterizedTestParameters(pci, bar_tells_its_size)
{
	static struct size_case cases[] = {
		{ MEM_BAR, 0xffffc000 },
		{ HIGH_BAR, 0xffff000c },
		{ HIGH_BAR + 1, 0xffffffff },
		{ IO_BAR, 0xffffffe1 },
		{ 1, 0 },
	};

	return cr_make_param_array(struct size_case, cases, 5);
}

ParameterizedTest(struct size_case *c, pci, bar_tells_its_size)
{
	const uint32_t home = read_bar(c->bar);

	write_bar(c->bar, UINT32_MAX);
	cr_assert(eq(u32, read_bar(c->bar), c->answer));
	write_bar(c->bar, home);
	cr_assert(eq(u32, read_bar(c->bar), home));
	cr_assert(answers(mmio, LAYOUT_PCI_MMIO32_GPA));
	cr_assert(zero(uint, log_lines), "asking for the size is no fault");
}

Test(pci, bar_moves)
{
	write_bar(MEM_BAR, 0xd0000000);
	cr_assert(answers(mmio, 0xd0000000));
	cr_assert(not(answers(mmio, LAYOUT_PCI_MMIO32_GPA)));
	cr_assert(eq(u64, moved_to[MEM_BAR], 0xd0000000));
	write_bar(HIGH_BAR + 1, 0x60);
	cr_assert(answers(mmio, UINT64_C(0x6000000000)));
}

Test(pci, command_switches_decoding)
{
	write_config(PCI_COMMAND, 2, PCI_COMMAND_IO);
	cr_assert(not(answers(mmio, LAYOUT_PCI_MMIO32_GPA)));
	cr_assert(eq(u64, moved_to[MEM_BAR], 0));
	cr_assert(answers(pio, LAYOUT_PCI_PIO_START));
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	cr_assert(answers(mmio, LAYOUT_PCI_MMIO32_GPA));
	cr_assert(not(answers(pio, LAYOUT_PCI_PIO_START)));
}

Test(pci, bar_at_odd_place_is_not_mapped)
{
	write_bar(MEM_BAR, 0);
	cr_assert(eq(u64, moved_to[MEM_BAR], 0));
	write_bar(IO_BAR, 0x10000);
	cr_assert(not(answers(pio, LAYOUT_PCI_PIO_START)));
	write_bar(IO_BAR, 0xffff0000);
	cr_assert(not(answers(pio, 0)));
	write_bar(HIGH_BAR, UINT32_MAX);
	write_bar(HIGH_BAR + 1, UINT32_MAX);
	cr_assert(not(answers(mmio, UINT64_MAX - 0xffff)));
	cr_assert(zero(uint, log_lines));
}

Test(pci, overlapping_bar_waits_for_room)
{
	const uint32_t msix_home = read_bar(MSIX_BAR);

	write_bar(MEM_BAR, LAYOUT_ECAM_GPA);
	cr_assert(eq(u64, moved_to[MEM_BAR], 0));
	cr_assert(eq(uint, log_lines, 1));
	cr_assert(eq(u32, read_bar(MEM_BAR), LAYOUT_ECAM_GPA), "the register has what was written");
	write_bar(MEM_BAR, msix_home & ~0x3fffu);
	cr_assert(eq(u64, moved_to[MEM_BAR], 0));
	write_bar(MSIX_BAR, 0xd0000000);
	cr_assert(eq(u64, moved_to[MEM_BAR], msix_home & ~0x3fffu));
	cr_assert(answers(mmio, msix_home & ~0x3fffu));
}

/* Another device's move makes room as well. */
Test(pci, bars_of_two_devices_swap)
{
	static struct pci_device other;

	fill_device(&other);
	cr_assert(zero(int, pci_device_plug(bus, &other, -1, 0, NULL)));
	cr_assert(eq(uint, other.slot, 1));
	const uint32_t home = read_bar(MEM_BAR);
	const uint32_t other_home = pci_config_read(bus, 1 << 3, PCI_BASE_ADDRESS_0, 4);

	cr_assert(ne(u32, home, other_home));
	write_bar(MEM_BAR, other_home);
	cr_assert(zero(ptr, device.bars[MEM_BAR].region.bus));
	pci_config_write(bus, 1 << 3, PCI_BASE_ADDRESS_0, 4, home);
	cr_assert(eq(u64, device.bars[MEM_BAR].region.base, other_home));
	cr_assert(eq(ptr, device.bars[MEM_BAR].region.bus, mmio));
	pci_device_reset(&device);
	pci_device_reset(&other);
	cr_assert(eq(ptr, device.bars[MEM_BAR].region.bus, mmio));
	cr_assert(eq(u64, device.bars[MEM_BAR].region.base, home));
	pci_device_unplug(&other);
}

Test(pci, reset_restores_power_on)
{
	write_bar(MEM_BAR, 0xd0000000);
	write_config(PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	write_config(PCI_INTERRUPT_LINE, 1, 5);
	pci_intx_set(&device, true);
	pci_device_reset(&device);
	cr_assert(eq(u32, read_config(PCI_COMMAND, 2), COMMAND));
	cr_assert(not(pci_is_bus_master(&device)));
	cr_assert(eq(u32, read_config(PCI_INTERRUPT_LINE, 1), LAYOUT_PCI_INTX_IRQ + SLOT));
	cr_assert(answers(mmio, LAYOUT_PCI_MMIO32_GPA));
	cr_assert(not(irq_router_level(irqs, LAYOUT_PCI_INTX_IRQ + SLOT)));
}

/* --- slots --- */

Test(pci, plug_refuses_taken_slot)
{
	static struct pci_device other;
	struct error err;

	cr_assert(eq(int, pci_device_plug(bus, &other, SLOT, 0, &err), -EBUSY));
	cr_assert(eq(str, err.text, "PCI slot 3.0 is taken"));
}

Test(pci, plug_refuses_bar_beyond_its_window)
{
	static struct pci_device other;

	other.bars[0] = (struct pci_bar){ .size = UINT64_C(1) << 30, .ops = &bar_ops };
	cr_assert(eq(int, pci_device_plug(bus, &other, -1, 0, NULL), -ENOSPC));
	cr_assert(zero(ptr, pci_device_at(bus, 1, 0)));
}

Test(pci, second_function_marks_the_first)
{
	static struct pci_device other;

	cr_assert(zero(int, pci_device_plug(bus, &other, SLOT, 2, NULL)));
	cr_assert(eq(u32, read_config(PCI_HEADER_TYPE, 1), 0x80));
	pci_device_unplug(&other);
}

/* --- INTA --- */

Test(pci, intx_follows_level_and_disable_bit)
{
	const unsigned gsi = LAYOUT_PCI_INTX_IRQ + SLOT;

	cr_assert(eq(u32, read_config(PCI_INTERRUPT_PIN, 1), 1));
	pci_intx_set(&device, true);
	cr_assert(irq_router_level(irqs, gsi));
	cr_assert(eq(u32, read_config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT));
	write_config(PCI_COMMAND, 2, COMMAND | PCI_COMMAND_INTX_DISABLE);
	cr_assert(not(irq_router_level(irqs, gsi)));
	cr_assert(eq(u32, read_config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT));
	write_config(PCI_COMMAND, 2, COMMAND);
	cr_assert(irq_router_level(irqs, gsi));
	pci_intx_set(&device, false);
	cr_assert(not(irq_router_level(irqs, gsi)));
}
