/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_PCI_BUS_H
#define THUNDERLAKE_DEVICES_PCI_PCI_BUS_H

#include "devices/legacy/reset_port.h"
#include "devices/pci/pci.h"
#include "devices/pci/pci_port.h"
#include "vmm/base/log.h"

/* Inside of the PCI core; nobody else includes this. */
struct pci_bus {
	struct pci_bus_config config;
	struct reset_port reset_port;
	_Atomic uint32_t address; /* CONFIG_ADDRESS */
	struct io_region address_region;
	struct io_region data_region;
	struct io_region ecam_region;
	/* Changed with all processors paused. */
	struct pci_device *devices[PCI_SLOTS][PCI_FUNCTIONS];
	struct pci_port *ports[PCI_PORTS_MAX];
	atomic_uint refused; /* BARs that want to be mapped and cannot */
	struct log_limit log_limit;
};

/* --- pci_bar.c --- */

/* Finds power-on addresses for all BARs and fills their registers and masks. -ENOSPC. */
int pci_bars_place(struct pci_bus *bus, struct pci_device *device, struct error *err);
/* Maps, moves or unmaps each BAR as its register and the command register say. */
void pci_bars_update(struct pci_device *device) REQUIRES(device->lock);
void pci_bars_unmap(struct pci_device *device) REQUIRES(device->lock);
/* Tries again to map what was refused: another BAR may have made room. Hold no device's lock. */
void pci_bars_retry(struct pci_bus *bus);

/* --- pci_device.c --- */

uint32_t pci_device_read(struct pci_device *device, unsigned offset, unsigned size)
	REQUIRES(device->lock);
void pci_device_write(struct pci_device *device, unsigned offset, unsigned size, uint32_t value)
	REQUIRES(device->lock);
/* The same for all places: makes `device`, whose place is set, ready and finds room for it. */
int pci_device_fill(struct pci_bus *bus, struct pci_device *device, struct error *err);

/* --- pci_port.c --- */

/* The device that answers configuration cycles of this bus, slot and function, or NULL. */
struct pci_device *pci_port_route(struct pci_bus *bus, unsigned bdf);
/* Whether memory accesses to these addresses get through to the slot. Any thread, no lock. */
bool pci_port_forwards(const struct pci_port *port, uint64_t address, uint64_t size);
/* Lets the BARs behind the port follow what was written to it. Hold no device's lock. */
void pci_port_update_behind(struct pci_port *port);
/* The device has left the slot. */
void pci_port_forget(struct pci_port *port);

#endif
