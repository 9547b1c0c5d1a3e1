/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_PCI_H
#define THUNDERLAKE_DEVICES_PCI_PCI_H

#include <linux/pci_regs.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/error.h"
#include "vmm/base/thread.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"

/*
 * PCI Express: configuration space by CF8/CFC and ECAM, BARs, INTx and capabilities. What is there
 * from the start are root-complex integrated endpoints on bus 0; what comes and goes sits behind
 * root ports (devices/pci/pci_port.h), alone on a bus each.
 */
#define PCI_CONFIG_BYTES 4096u
#define PCI_BARS	 6u
#define PCI_SLOTS	 32u
#define PCI_FUNCTIONS	 8u

struct machine_requests;
struct msi;
struct msix;
struct pci_bus;
struct pci_device;
struct pci_port;

struct pci_bus_config {
	struct bus *pio; /* all borrowed */
	struct bus *mmio;
	struct irq_router *irqs;
	/* For the reset register, one byte at 0xcf9 inside these ports: the bus embeds a struct
	 * reset_port (devices/legacy/reset_port.h) for it. May be NULL. */
	const struct machine_requests *requests;
};

/* Maps CF8/CFC and ECAM. Host bridge and LPC are plugged by devices/pci/q35.h. */
int pci_bus_create(const struct pci_bus_config *config, struct pci_bus **out);
void pci_bus_destroy(struct pci_bus *bus);

/* Moves ECAM, as the host bridge's PCIEXBAR register tells; 0 turns it off. Any thread. -EEXIST,
 * -EINVAL as bus_map, then ECAM is off. */
int pci_bus_move_ecam(struct pci_bus *bus, uint64_t gpa);

struct pci_bar {
	uint64_t size; /* power of two; 0: no such BAR */
	uint8_t flags; /* PCI_BASE_ADDRESS_SPACE_IO, PCI_BASE_ADDRESS_MEM_TYPE_64 | …_PREFETCH */
	const struct io_ops *ops; /* called with `owner`, or the device's if that is NULL */
	void *owner;
	/* Told after the BAR moved, was mapped or unmapped (address 0); may be NULL. Under the
	 * device lock. For doorbells inside the BAR. */
	void (*on_move)(struct pci_device *device, unsigned bar, uint64_t address);

	/* Kept by the bus. */
	struct io_region region;
	uint64_t home;	  /* address after power-on */
	uint64_t refused; /* address at which bus_map said no; 0: none */
};

struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision;
	uint32_t class_code; /* 24 bits: base, sub, interface */
};

struct pci_device {
	/* Filled before pci_device_plug. */
	const char *name;
	void *owner;
	struct pci_identity identity;
	struct pci_bar bars[PCI_BARS];
	bool has_intx; /* INTA */
	/* Called under `lock` after a write to configuration space that this device is to know
	 * about (outside BARs, the MSI and the MSI-X capability; the command register is included);
	 * NULL: none. */
	void (*on_config_write)(struct pci_device *device, unsigned offset, unsigned size);
	/* Called under `lock` before configuration space is read; for registers that are not plain
	 * memory (virtio's PCI_CFG capability); NULL: none. */
	void (*on_config_read)(struct pci_device *device, unsigned offset, unsigned size);

	/* Kept by the bus. */
	struct pci_bus *bus;
	struct pci_port *upstream; /* the root port that it is behind; NULL: on bus 0 */
	struct pci_port *port;	   /* whose registers these are; NULL: no root port */
	unsigned slot, function;
	struct mutex lock; /* guards all below; vCPU accesses to configuration space take it */
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];	  /* bits the guest may write */
	uint8_t clear_on_write[PCI_CONFIG_BYTES]; /* bits that a written 1 clears */
	uint8_t power_on[PCI_CONFIG_BYTES];	  /* `config` after plug */
	uint16_t next_capability;		  /* where the next one goes; 0: none yet */
	_Atomic uint16_t command;		  /* the command register, readable without lock */
	struct mutex intx_lock; /* innermost; guards intx and intx_level, not with `lock` */
	struct irq_line intx;
	bool intx_level;   /* before the interrupt-disable bit and MSI */
	struct msi *msi;   /* NULL without; see devices/pci/msi.h */
	struct msix *msix; /* NULL without; see devices/pci/msix.h */
};

/* Places the device in `slot` (0 to 31), or in the lowest free one from 1 on with slot -1; all BARs
 * get addresses at once from the windows of vmm/boot/layout.h, so that a guest without firmware
 * finds them set up, with decoding on. -EBUSY slot taken, -ENOSPC. Main thread. */
int pci_device_plug(struct pci_bus *bus, struct pci_device *device, int slot, int function,
		    struct error *err);
void pci_device_unplug(struct pci_device *device);

/* Power-on state: command register, BAR addresses and capabilities as after plug. */
void pci_device_reset(struct pci_device *device);

/* Appends a capability of `length` bytes (with its two header bytes, which are filled in); returns
 * its offset. Before plug. Configuration bytes are read-only unless set in `writable`. -ENOSPC. */
int pci_add_capability(struct pci_device *device, uint8_t id, unsigned length);

/* Level of INTA, honouring the interrupt-disable bit and MSI. Any thread. */
void pci_intx_set(struct pci_device *device, bool level);

/* Whether the guest allows the device to access memory and send messages (bus master bit). Any
 * thread, no lock. */
static inline bool pci_is_bus_master(const struct pci_device *device)
{
	return atomic_load_explicit(&device->command, memory_order_acquire) & PCI_COMMAND_MASTER;
}

/* For query-pci and tests: device in slot/function or NULL. Main thread. */
struct pci_device *pci_device_at(struct pci_bus *bus, unsigned slot, unsigned function);

/* A configuration access as the guest makes it; for tests and the fuzz target. */
uint32_t pci_config_read(struct pci_bus *bus, unsigned bdf, unsigned offset, unsigned size);
void pci_config_write(struct pci_bus *bus, unsigned bdf, unsigned offset, unsigned size,
		      uint32_t value);

#endif
