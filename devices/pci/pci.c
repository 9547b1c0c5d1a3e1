/* SPDX-License-Identifier: MIT */
#include "devices/pci/pci.h"

#include <errno.h>
#include <linux/pci.h>

#include "devices/pci/pci_bus.h"
#include "vmm/base/bytes.h"
#include "vmm/boot/layout.h"

#define CONFIG_PORT_BYTES 4u
#define ADDRESS_ENABLE	  (UINT32_C(1) << 31)
#define ADDRESS_MASK	  0x80fffffcu

struct pci_device *pci_device_at(struct pci_bus *bus, unsigned slot, unsigned function)
{
	return slot < PCI_SLOTS && function < PCI_FUNCTIONS ? bus->devices[slot][function] : NULL;
}

/* NULL where no device answers: an empty slot or bus, an access out of bounds. */
static struct pci_device *find_target(struct pci_bus *bus, unsigned bdf, unsigned offset,
				      unsigned size)
{
	if (size > 4 || offset > PCI_CONFIG_BYTES - size) {
		return NULL;
	}
	return bdf > UINT8_MAX ? pci_port_route(bus, bdf)
			       : pci_device_at(bus, PCI_SLOT(bdf), PCI_FUNC(bdf));
}

uint32_t pci_config_read(struct pci_bus *bus, unsigned bdf, unsigned offset, unsigned size)
{
	struct pci_device *device = find_target(bus, bdf, offset, size);
	uint32_t value;

	if (!device) {
		return (uint32_t)all_ones(size);
	}
	mutex_lock(&device->lock);
	value = pci_device_read(device, offset, size);
	mutex_unlock(&device->lock);
	return value;
}

void pci_config_write(struct pci_bus *bus, unsigned bdf, unsigned offset, unsigned size,
		      uint32_t value)
{
	struct pci_device *device = find_target(bus, bdf, offset, size);

	if (!device) {
		return;
	}
	mutex_lock(&device->lock);
	pci_device_write(device, offset, size, value);
	mutex_unlock(&device->lock);
	if (device->port) {
		pci_port_update_behind(device->port);
	}
	pci_bars_retry(bus);
}

/* --- ECAM: the address is bus, device, function and register --------------------------------- */

static uint64_t read_ecam(void *device, uint64_t offset, unsigned size)
{
	uint64_t high = 0;

	if (size == 8) {
		high = read_ecam(device, offset + 4, 4) << 32;
		size = 4;
	}
	return high | pci_config_read(device, (unsigned)(offset >> 12), offset & 0xfff, size);
}

static void write_ecam(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	if (size == 8) {
		write_ecam(device, offset, 4, (uint32_t)value);
		write_ecam(device, offset + 4, 4, value >> 32);
		return;
	}
	pci_config_write(device, (unsigned)(offset >> 12), offset & 0xfff, size, (uint32_t)value);
}

static const struct io_ops ecam_ops = { .read = read_ecam, .write = write_ecam };

int pci_bus_move_ecam(struct pci_bus *bus, uint64_t gpa)
{
	bus_unmap(&bus->ecam_region);
	bus->ecam_region.base = gpa;
	return gpa ? bus_map(bus->config.mmio, &bus->ecam_region) : 0;
}

/* --- CONFIG_ADDRESS: whole accesses only; one byte at 0xcf9 is another register -------------- */

static uint64_t read_address(void *device, uint64_t offset, unsigned size)
{
	struct pci_bus *bus = device;

	if (offset == LAYOUT_RESET_PORT - LAYOUT_PCI_CONFIG_PORT && size == 1) {
		return reset_port_read(&bus->reset_port);
	}
	return offset == 0 && size == 4 ? atomic_load(&bus->address) : 0;
}

static void write_address(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci_bus *bus = device;

	if (offset == LAYOUT_RESET_PORT - LAYOUT_PCI_CONFIG_PORT && size == 1) {
		reset_port_write(&bus->reset_port, (uint8_t)value);
	} else if (offset == 0 && size == 4) {
		atomic_store(&bus->address, (uint32_t)value & ADDRESS_MASK);
	}
}

static const struct io_ops address_ops = { .read = read_address, .write = write_address };

/* --- CONFIG_DATA ----------------------------------------------------------------------------- */

static uint64_t read_data(void *device, uint64_t offset, unsigned size)
{
	struct pci_bus *bus = device;
	const uint32_t address = atomic_load(&bus->address);

	if (!(address & ADDRESS_ENABLE)) {
		return all_ones(size);
	}
	return pci_config_read(bus, (address >> 8) & 0xffff, (address & 0xfc) + (unsigned)offset,
			       size);
}

static void write_data(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci_bus *bus = device;
	const uint32_t address = atomic_load(&bus->address);

	if (address & ADDRESS_ENABLE) {
		pci_config_write(bus, (address >> 8) & 0xffff, (address & 0xfc) + (unsigned)offset,
				 size, (uint32_t)value);
	}
}

static const struct io_ops data_ops = { .read = read_data, .write = write_data };

/* --- the bus itself -------------------------------------------------------------------------- */

static int map_regions(struct pci_bus *bus)
{
	int code;

	bus->address_region = (struct io_region){ .base = LAYOUT_PCI_CONFIG_PORT,
						  .length = CONFIG_PORT_BYTES,
						  .ops = &address_ops,
						  .device = bus,
						  .name = "pci-config-address" };
	bus->data_region = (struct io_region){ .base = LAYOUT_PCI_CONFIG_PORT + CONFIG_PORT_BYTES,
					       .length = CONFIG_PORT_BYTES,
					       .ops = &data_ops,
					       .device = bus,
					       .name = "pci-config-data" };
	bus->ecam_region = (struct io_region){ .base = LAYOUT_ECAM_GPA,
					       .length = LAYOUT_ECAM_SIZE,
					       .ops = &ecam_ops,
					       .device = bus,
					       .name = "pci-ecam" };
	code = bus_map(bus->config.pio, &bus->address_region);
	if (code == 0) {
		code = bus_map(bus->config.pio, &bus->data_region);
	}
	return code < 0 ? code : pci_bus_move_ecam(bus, LAYOUT_ECAM_GPA);
}

int pci_bus_create(const struct pci_bus_config *config, struct pci_bus **out)
{
	struct pci_bus *bus = calloc(1, sizeof(*bus));
	int code;

	*out = NULL;
	if (!bus) {
		return -ENOMEM;
	}
	bus->config = *config;
	reset_port_init(&bus->reset_port, config->requests);
	code = map_regions(bus);
	if (code < 0) {
		pci_bus_destroy(bus);
		return code;
	}
	*out = bus;
	return 0;
}

void pci_bus_destroy(struct pci_bus *bus)
{
	if (!bus) {
		return;
	}
	bus_unmap(&bus->ecam_region);
	bus_unmap(&bus->data_region);
	bus_unmap(&bus->address_region);
	free(bus);
}
