/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_PCI_PCI_PORT_H
#define THUNDERLAKE_DEVICES_PCI_PCI_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct pci_bus;
struct pci_device;
struct pci_port;

/*
 * A PCI Express root port with a slot in which one device comes and goes while the guest runs
 * (PCI Express Base 3.0 §6.7): Linux's pciehp and others drive it without any code of ours in the
 * guest. All ports are functions of one chip on bus 0, where the ICH9 has them: bus 0 keeps its
 * slots, and a guest looks for them in one place.
 *
 * A device comes: presence detect and the attention button tell, the guest powers the slot on and
 * looks what is there. A device goes: the button asks, the guest ends its work and powers the slot
 * off. From that on nothing of the device answers, and `on_off` asks the owner to unplug it.
 */
#define PCI_PORTS_MAX	8u
#define PCI_PORTS_SLOT	28u
#define PCI_PORT_BUS(i) ((i) + 1) /* the bus behind port `i` after power-on */

struct pci_port_config {
	unsigned index; /* 0 to PCI_PORTS_MAX - 1, made in this order */
	/* The guest has powered off a slot that holds a device. A processor's thread, or that of a
	 * caller of pci_port_press; must not block. */
	void (*on_off)(void *arg);
	void *arg;
};

/* Main thread, as all but what the PCI core calls; processors paused, but for pci_port_press and
 * where only asked. */
int pci_port_create(struct pci_bus *bus, const struct pci_port_config *config,
		    struct pci_port **out, struct error *err);
/* The slot is empty. NULL is fine. */
void pci_port_destroy(struct pci_port *port);
/* Power-on state: a slot is on when a device is in it. */
void pci_port_reset(struct pci_port *port);

/* Whether a device can be put in: the slot is empty, and the guest done with what was there. */
bool pci_port_is_free(struct pci_port *port);
/* Puts a filled device into a free slot: pci_device_plug for this place. The guest gives its BARs
 * their addresses. pci_device_unplug takes it out. */
int pci_port_plug(struct pci_port *port, struct pci_device *device, struct error *err);

/* Presses the attention button. A slot without power is left at once. -EALREADY: the device is
 * leaving; -EBUSY: the guest is at work in the slot, as the blinking light tells. */
int pci_port_press(struct pci_port *port);
/* Whether the device is to be unplugged. */
bool pci_port_is_leaving(struct pci_port *port);
/* The device in the slot, NULL: none. */
struct pci_device *pci_port_device(const struct pci_port *port);

#endif
