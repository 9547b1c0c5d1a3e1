/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "devices/pci/pci_bus.h"
#include "vmm/base/bytes.h"
#include "vmm/boot/layout.h"

#define PIO_END (UINT64_C(1) << 16)

static bool is_io(const struct pci_bar *bar)
{
	return bar->flags & PCI_BASE_ADDRESS_SPACE_IO;
}

static bool is_64bit(const struct pci_bar *bar)
{
	return !is_io(bar) && (bar->flags & PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static unsigned register_offset(unsigned index)
{
	return PCI_BASE_ADDRESS_0 + index * 4;
}

/* --- power-on addresses ---------------------------------------------------------------------- */

struct window {
	uint64_t start, end;
};

static struct window window_of(const struct pci_bar *bar)
{
	if (is_io(bar)) {
		return (struct window){ LAYOUT_PCI_PIO_START, LAYOUT_PCI_PIO_END };
	}
	if (is_64bit(bar)) {
		return (struct window){ LAYOUT_PCI_MMIO64_GPA, LAYOUT_PCI_MMIO64_END };
	}
	return (struct window){ LAYOUT_PCI_MMIO32_GPA, LAYOUT_PCI_MMIO32_END };
}

/* The end of a device's BAR that is at home in [start, start + size), or 0. */
static uint64_t find_conflict(const struct pci_device *device, bool io, uint64_t start,
			      uint64_t size)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &device->bars[i];

		if (bar->home && is_io(bar) == io && start < bar->home + bar->size &&
		    bar->home < start + size) {
			return bar->home + bar->size;
		}
	}
	return 0;
}

static uint64_t find_conflict_on_bus(struct pci_bus *bus, const struct pci_device *device, bool io,
				     uint64_t start, uint64_t size)
{
	uint64_t end = find_conflict(device, io, start, size);

	for (unsigned i = 0; i < PCI_SLOTS * PCI_FUNCTIONS && !end; i++) {
		const struct pci_device *other = bus->devices[i / PCI_FUNCTIONS][i % PCI_FUNCTIONS];

		end = other ? find_conflict(other, io, start, size) : 0;
	}
	return end;
}

/* The lowest free address in the BAR's window, or 0. */
static uint64_t find_home(struct pci_bus *bus, const struct pci_device *device,
			  const struct pci_bar *bar)
{
	const struct window window = window_of(bar);
	uint64_t start = ALIGN_UP(window.start, bar->size);
	uint64_t taken_to;

	while (start < window.end && bar->size <= window.end - start) {
		taken_to = find_conflict_on_bus(bus, device, is_io(bar), start, bar->size);
		if (!taken_to) {
			return start;
		}
		start = ALIGN_UP(taken_to, bar->size);
	}
	return 0;
}

int pci_bars_place(struct pci_bus *bus, struct pci_device *device, struct error *err)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &device->bars[i];
		const unsigned offset = register_offset(i);
		const unsigned bytes = is_64bit(bar) ? 8 : 4;
		const uint64_t low_bits =
			is_io(bar) ? ~PCI_BASE_ADDRESS_IO_MASK : ~PCI_BASE_ADDRESS_MEM_MASK;

		if (!bar->size) {
			continue;
		}
		/* Behind a port the guest alone knows what goes where. */
		bar->home = device->upstream ? 0 : find_home(bus, device, bar);
		if (!bar->home && !device->upstream) {
			return error_set(err, -ENOSPC, "no room for BAR %u of %" PRIu64 " bytes", i,
					 bar->size);
		}
		bar->region = (struct io_region){ .length = bar->size,
						  .ops = bar->ops,
						  .device = bar->owner ? bar->owner : device->owner,
						  .name = device->name };
		store_le(device->config + offset, bytes, bar->home | bar->flags);
		store_le(device->writable + offset, bytes, ~(bar->size - 1) & ~low_bits);
	}
	return 0;
}

/* --- mapping --------------------------------------------------------------------------------- */

/* Where the guest wants the BAR, 0 for nowhere: decoding off, address 0, or up against the end of
 * the address space, as while its size is asked for. */
static uint64_t wanted_address(const struct pci_device *device, unsigned index)
{
	const struct pci_bar *bar = &device->bars[index];
	const uint16_t command = load_le16(device->config + PCI_COMMAND);
	const uint64_t value =
		load_le(device->config + register_offset(index), is_64bit(bar) ? 8 : 4);
	const uint64_t address = value & ~(bar->size - 1);

	if (is_io(bar)) {
		/* No port has a window for these. */
		return command & PCI_COMMAND_IO && address + bar->size <= PIO_END &&
				       !device->upstream
			       ? address
			       : 0;
	}
	if (!(command & PCI_COMMAND_MEMORY) ||
	    (device->upstream && !pci_port_forwards(device->upstream, address, bar->size))) {
		return 0;
	}
	if (is_64bit(bar)) {
		return address + bar->size ? address : 0;
	}
	return (uint32_t)(address + bar->size) ? address : 0;
}

static void set_refused(struct pci_bus *bus, struct pci_bar *bar, uint64_t address)
{
	if (!bar->refused && address) {
		atomic_fetch_add(&bus->refused, 1);
	} else if (bar->refused && !address) {
		atomic_fetch_sub(&bus->refused, 1);
	}
	bar->refused = address;
}

static void map_bar(struct pci_device *device, struct pci_bar *bar, uint64_t address)
{
	struct pci_bus *bus = device->bus;

	/* A processor may be on its way into the region: its ops and device never change. */
	bar->region.base = address;
	if (bus_map(is_io(bar) ? bus->config.pio : bus->config.mmio, &bar->region) == 0) {
		set_refused(bus, bar, 0);
		return;
	}
	if (bar->refused != address) {
		log_guest(&bus->log_limit, device->name, "its BAR at %#" PRIx64 " hits another one",
			  address);
	}
	set_refused(bus, bar, address);
}

static void move_bar(struct pci_device *device, unsigned index, uint64_t address)
{
	struct pci_bar *bar = &device->bars[index];

	bus_unmap(&bar->region);
	if (address) {
		map_bar(device, bar, address);
	} else {
		set_refused(device->bus, bar, 0);
	}
	if (bar->on_move) {
		bar->on_move(device, index, bar->region.bus ? address : 0);
	}
}

static uint64_t mapped_address(const struct pci_bar *bar)
{
	return bar->region.bus ? bar->region.base : 0;
}

void pci_bars_update(struct pci_device *device)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &device->bars[i];
		uint64_t address = bar->size ? wanted_address(device, i) : 0;

		if (address != mapped_address(bar) || (bar->refused && bar->refused != address)) {
			move_bar(device, i, address);
		}
	}
}

void pci_bars_unmap(struct pci_device *device)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (device->bars[i].region.bus || device->bars[i].refused) {
			move_bar(device, i, 0);
		}
	}
}

void pci_bars_retry(struct pci_bus *bus)
{
	if (LIKELY(!atomic_load(&bus->refused))) {
		return;
	}
	for (unsigned i = 0; i < PCI_SLOTS * PCI_FUNCTIONS; i++) {
		struct pci_device *device = bus->devices[i / PCI_FUNCTIONS][i % PCI_FUNCTIONS];

		if (device) {
			mutex_lock(&device->lock);
			pci_bars_update(device);
			mutex_unlock(&device->lock);
		}
	}
	for (unsigned i = 0; i < PCI_PORTS_MAX && bus->ports[i]; i++) {
		pci_port_update_behind(bus->ports[i]);
	}
}
