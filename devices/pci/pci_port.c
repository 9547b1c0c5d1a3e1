/* SPDX-License-Identifier: MIT */
#include "devices/pci/pci_port.h"

#include <errno.h>
#include <linux/pci.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/pci/msi.h"
#include "devices/pci/pci_bus.h"
#include "vmm/base/bytes.h"

/* What guests with names for everything call a "QEMU PCIe Root port": no driver looks at it. */
#define VENDOR_RED_HAT	 0x1b36u
#define DEVICE_ROOT_PORT 0x000cu
#define CLASS_PCI_BRIDGE 0x060400u
#define PREFETCH_64BIT	 0x01u
#define WINDOW_CLOSED	 0xfff0u /* a base above the limit */
#define WINDOW_REGISTER	 0xfff0u
#define WINDOW_UNIT	 20 /* bits: windows are counted in MiB */
#define BRIDGE_WRITABLE	 (PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR)
#define EXPRESS_BYTES	 0x3cu /* PCI Express Base 3.0 §7.8, version 2 */
#define LINK_SPEED_WIDTH (PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1)
#define LINK_WRITABLE \
	(PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_LD | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)
/* No Command Completed: registers change at once, and the guest has no interrupt to wait for. */
#define SLOT_ABILITIES                                                                       \
	(PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_PIP | PCI_EXP_SLTCAP_HPC | \
	 PCI_EXP_SLTCAP_NCCS)
#define SLOT_NUMBER_SHIFT 19
/* Events whose enable bits in Slot Control are where Slot Status tells them. */
#define SLOT_SAME_PLACE (PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_PDC)
#define SLOT_WRITABLE                                                                         \
	(SLOT_SAME_PLACE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PIC | \
	 PCI_EXP_SLTCTL_PCC)
#define SLOT_EVENTS (SLOT_SAME_PLACE | PCI_EXP_SLTSTA_DLLSC) /* power faults never happen */

struct window {
	_Atomic uint64_t start, end; /* the first byte beyond; closed: not above start */
};

struct pci_port {
	struct pci_device pci;
	struct pci_port_config config;
	char name[16];
	struct msi *msi;	   /* owned */
	unsigned express;	   /* offset of the capability */
	struct pci_device *device; /* in the slot; changed with all processors paused */

	/* Guarded by pci.lock. */
	bool powered;	/* as it was before the last change */
	bool signalled; /* an interrupt is out */

	/* What the registers say, for threads that hold another device's lock or none. */
	_Atomic unsigned secondary;
	atomic_bool open;    /* the link is up: the slot answers */
	atomic_bool leaving; /* was powered off with the device in it */
	struct window memory, prefetch;
};

static uint16_t get_16(const struct pci_port *port, unsigned offset)
{
	return load_le16(port->pci.config + port->express + offset);
}

static void put_16(struct pci_port *port, unsigned offset, uint16_t value)
{
	store_le16(port->pci.config + port->express + offset, value);
}

/* --- what the registers of the bridge say ---------------------------------------------------- */

static void set_window(struct window *window, uint64_t base, uint64_t limit)
{
	atomic_store(&window->start, base << WINDOW_UNIT);
	atomic_store(&window->end, (limit + 1) << WINDOW_UNIT);
}

/* In MiB: 12 bits of the register, and for the upper half of a 64-bit address 32 more. */
static uint64_t read_mib(const uint8_t *config, unsigned low, unsigned high)
{
	return load_le16(config + low) >> 4 | (high ? (uint64_t)load_le32(config + high) << 12 : 0);
}

static void update_bridge(struct pci_port *port) REQUIRES(port->pci.lock)
{
	const uint8_t *config = port->pci.config;

	atomic_store(&port->secondary, config[PCI_SECONDARY_BUS]);
	if (!(load_le16(config + PCI_COMMAND) & PCI_COMMAND_MEMORY)) {
		set_window(&port->memory, 1, 0);
		set_window(&port->prefetch, 1, 0);
		return;
	}
	set_window(&port->memory, read_mib(config, PCI_MEMORY_BASE, 0),
		   read_mib(config, PCI_MEMORY_LIMIT, 0));
	set_window(&port->prefetch, read_mib(config, PCI_PREF_MEMORY_BASE, PCI_PREF_BASE_UPPER32),
		   read_mib(config, PCI_PREF_MEMORY_LIMIT, PCI_PREF_LIMIT_UPPER32));
}

static bool holds(const struct window *window, uint64_t address, uint64_t size)
{
	const uint64_t start = atomic_load(&window->start);
	const uint64_t end = atomic_load(&window->end);

	return address >= start && address < end && size <= end - address;
}

bool pci_port_forwards(const struct pci_port *port, uint64_t address, uint64_t size)
{
	return atomic_load(&port->open) &&
	       (holds(&port->memory, address, size) || holds(&port->prefetch, address, size));
}

/* The first of several ports with one bus number wins; behind each is a single function. */
struct pci_device *pci_port_route(struct pci_bus *bus, unsigned bdf)
{
	for (unsigned i = 0; i < PCI_PORTS_MAX && bus->ports[i]; i++) {
		const struct pci_port *port = bus->ports[i];

		if (atomic_load(&port->secondary) == bdf >> 8) {
			return (bdf & 0xff) == 0 && atomic_load(&port->open) ? port->device : NULL;
		}
	}
	return NULL;
}

void pci_port_update_behind(struct pci_port *port)
{
	struct pci_device *device = port->device;

	if (device) {
		mutex_lock(&device->lock);
		pci_bars_update(device);
		mutex_unlock(&device->lock);
	}
}

/* --- the slot -------------------------------------------------------------------------------- */

static bool wants_interrupt(const struct pci_port *port)
{
	const uint16_t control = get_16(port, PCI_EXP_SLTCTL);
	const uint16_t status = get_16(port, PCI_EXP_SLTSTA);

	return (control & PCI_EXP_SLTCTL_HPIE) &&
	       ((control & status & SLOT_SAME_PLACE) ||
		((control & PCI_EXP_SLTCTL_DLLSCE) && (status & PCI_EXP_SLTSTA_DLLSC)));
}

static void update_interrupt(struct pci_port *port) REQUIRES(port->pci.lock)
{
	const bool wanted = wants_interrupt(port);

	pci_intx_set(&port->pci, wanted);
	if (wanted && !port->signalled) {
		msi_signal(port->msi);
	}
	port->signalled = wanted;
}

static bool has_power(const struct pci_port *port)
{
	return !(get_16(port, PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_PCC);
}

static void set_state(struct pci_port *port, unsigned offset, uint16_t bit, bool on, uint16_t event)
{
	const uint16_t old = get_16(port, offset);
	const uint16_t new = on ? old | bit : old & ~bit;

	put_16(port, offset, new);
	if (old != new) {
		put_16(port, PCI_EXP_SLTSTA, get_16(port, PCI_EXP_SLTSTA) | event);
	}
}

/* After anything has changed: presence and link follow, and tell when they do. */
static void update_slot(struct pci_port *port) REQUIRES(port->pci.lock)
{
	bool present, link;

	if (port->device && port->powered && !has_power(port)) {
		atomic_store(&port->leaving, true);
	}
	port->powered = has_power(port);
	present = port->device && !atomic_load(&port->leaving);
	link = present && has_power(port) && !(get_16(port, PCI_EXP_LNKCTL) & PCI_EXP_LNKCTL_LD);
	atomic_store(&port->open, link);
	set_state(port, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDS, present, PCI_EXP_SLTSTA_PDC);
	set_state(port, PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_DLLLA, link, PCI_EXP_SLTSTA_DLLSC);
	update_interrupt(port);
}

static void tell_if_leaving(const struct pci_port *port)
{
	if (atomic_load(&port->leaving)) {
		port->config.on_off(port->config.arg);
	}
}

static void on_config_write(struct pci_device *device, unsigned offset,
			    unsigned size) NO_THREAD_SAFETY_ANALYSIS /* the core holds the lock */
{
	struct pci_port *port = container_of(device, struct pci_port, pci);

	(void)offset;
	(void)size;
	update_bridge(port);
	update_slot(port);
	tell_if_leaving(port);
}

static void raise_button(struct pci_port *port)
{
	put_16(port, PCI_EXP_SLTSTA, get_16(port, PCI_EXP_SLTSTA) | PCI_EXP_SLTSTA_ABP);
}

bool pci_port_is_free(struct pci_port *port)
{
	bool is_idle;

	mutex_lock(&port->pci.lock);
	/* The light goes out last: a guest that still waits for the power to fade may take what
	 * comes now for what went. */
	is_idle = (get_16(port, PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
	mutex_unlock(&port->pci.lock);
	return is_idle && !port->device;
}

int pci_port_plug(struct pci_port *port, struct pci_device *device, struct error *err)
{
	int code;

	device->upstream = port;
	device->slot = port->pci.slot; /* its INTA is the port's */
	code = pci_device_fill(port->pci.bus, device, err);
	device->slot = 0;
	if (code < 0) {
		device->upstream = NULL;
		return code;
	}
	port->device = device;
	pci_device_reset(device);
	mutex_lock(&port->pci.lock);
	/* Where there is a button, drivers expect it to be pressed when the card is in; of its
	 * presence alone Linux does not want to hear. */
	raise_button(port);
	update_slot(port);
	mutex_unlock(&port->pci.lock);
	return 0;
}

void pci_port_forget(struct pci_port *port)
{
	mutex_lock(&port->pci.lock);
	port->device = NULL;
	atomic_store(&port->leaving, false);
	update_slot(port);
	mutex_unlock(&port->pci.lock);
}

int pci_port_press(struct pci_port *port)
{
	int code = 0;

	mutex_lock(&port->pci.lock);
	if (atomic_load(&port->leaving)) {
		code = -EALREADY;
	} else if (!has_power(port)) {
		atomic_store(&port->leaving, true);
		update_slot(port);
	} else if ((get_16(port, PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_PIC) ==
		   PCI_EXP_SLTCTL_PWR_IND_BLINK) {
		code = -EBUSY;
	} else {
		raise_button(port);
		update_interrupt(port);
	}
	mutex_unlock(&port->pci.lock);
	if (code == 0) {
		tell_if_leaving(port);
	}
	return code;
}

bool pci_port_is_leaving(struct pci_port *port)
{
	return atomic_load(&port->leaving);
}

struct pci_device *pci_port_device(const struct pci_port *port)
{
	return port->device;
}

/* --- making ---------------------------------------------------------------------------------- */

static void fill_bridge(struct pci_port *port)
{
	uint8_t *config = port->pci.config;
	uint8_t *writable = port->pci.writable;

	config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
	config[PCI_SECONDARY_BUS] = (uint8_t)PCI_PORT_BUS(port->config.index);
	config[PCI_SUBORDINATE_BUS] = (uint8_t)PCI_PORT_BUS(port->config.index);
	store_le16(config + PCI_MEMORY_BASE, WINDOW_CLOSED);
	store_le16(config + PCI_PREF_MEMORY_BASE, WINDOW_CLOSED | PREFETCH_64BIT);
	store_le16(config + PCI_PREF_MEMORY_LIMIT, PREFETCH_64BIT);
	memset(writable + PCI_PRIMARY_BUS, 0xff, 3);
	store_le16(writable + PCI_MEMORY_BASE, WINDOW_REGISTER);
	store_le16(writable + PCI_MEMORY_LIMIT, WINDOW_REGISTER);
	store_le16(writable + PCI_PREF_MEMORY_BASE, WINDOW_REGISTER);
	store_le16(writable + PCI_PREF_MEMORY_LIMIT, WINDOW_REGISTER);
	store_le32(writable + PCI_PREF_BASE_UPPER32, UINT32_MAX);
	store_le32(writable + PCI_PREF_LIMIT_UPPER32, UINT32_MAX);
	store_le16(writable + PCI_BRIDGE_CONTROL, BRIDGE_WRITABLE);
}

static int add_express(struct pci_port *port)
{
	struct pci_device *pci = &port->pci;
	const int offset = pci_add_capability(pci, PCI_CAP_ID_EXP, EXPRESS_BYTES);
	uint8_t *config = pci->config + offset;
	uint8_t *writable = pci->writable + offset;

	if (offset < 0) {
		return offset;
	}
	port->express = (unsigned)offset;
	store_le16(config + PCI_EXP_FLAGS, PCI_EXP_FLAGS_SLOT | PCI_EXP_TYPE_ROOT_PORT << 4 | 2);
	store_le32(config + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER);
	/* A guest that hears of the link need not wait a second for it. */
	store_le32(config + PCI_EXP_LNKCAP, LINK_SPEED_WIDTH | PCI_EXP_LNKCAP_DLLLARC |
						    (uint32_t)(port->config.index + 1) << 24);
	store_le16(writable + PCI_EXP_LNKCTL, LINK_WRITABLE);
	store_le16(config + PCI_EXP_LNKSTA, LINK_SPEED_WIDTH);
	store_le32(config + PCI_EXP_SLTCAP, SLOT_ABILITIES | (port->config.index + 1)
								     << SLOT_NUMBER_SHIFT);
	store_le16(config + PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PWR_OFF);
	store_le16(writable + PCI_EXP_SLTCTL, SLOT_WRITABLE);
	store_le16(pci->clear_on_write + offset + PCI_EXP_SLTSTA, SLOT_EVENTS);
	store_le16(writable + PCI_EXP_RTCTL, PCI_EXP_RTCTL_PMEIE);
	return 0;
}

static int fill(struct pci_port *port, struct pci_bus *bus)
{
	struct pci_device *pci = &port->pci;
	int code;

	(void)snprintf(port->name, sizeof(port->name), "port%u", port->config.index + 1);
	pci->name = port->name;
	pci->port = port;
	pci->has_intx = true;
	pci->on_config_write = on_config_write;
	pci->identity = (struct pci_identity){ .vendor = VENDOR_RED_HAT,
					       .device = DEVICE_ROOT_PORT,
					       .class_code = CLASS_PCI_BRIDGE };
	fill_bridge(port);
	code = add_express(port);
	return code < 0 ? code : msi_create(pci, bus->config.irqs, &port->msi);
}

int pci_port_create(struct pci_bus *bus, const struct pci_port_config *config,
		    struct pci_port **out, struct error *err)
{
	struct pci_port *port = calloc(1, sizeof(*port));
	int code;

	*out = NULL;
	if (!port) {
		return error_set_errno(err, -ENOMEM, "root port");
	}
	port->config = *config;
	code = fill(port, bus);
	if (code < 0) {
		(void)error_set_errno(err, code, "root port %u", config->index + 1);
	} else {
		code = pci_device_plug(bus, &port->pci, PCI_PORTS_SLOT, (int)config->index, err);
	}
	if (code < 0) {
		pci_port_destroy(port);
		return code;
	}
	bus->ports[config->index] = port;
	pci_port_reset(port);
	*out = port;
	return 0;
}

void pci_port_destroy(struct pci_port *port)
{
	if (!port) {
		return;
	}
	if (port->pci.bus) {
		port->pci.bus->ports[port->config.index] = NULL;
	}
	pci_device_unplug(&port->pci);
	msi_destroy(port->msi);
	free(port);
}

void pci_port_reset(struct pci_port *port)
{
	pci_device_reset(&port->pci);
	mutex_lock(&port->pci.lock);
	port->powered = false;
	if (port->device && !atomic_load(&port->leaving)) {
		put_16(port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PWR_IND_ON | PCI_EXP_SLTCTL_PWR_ON);
	}
	update_bridge(port);
	update_slot(port);
	/* What is so from the start is no event. */
	put_16(port, PCI_EXP_SLTSTA, get_16(port, PCI_EXP_SLTSTA) & ~SLOT_EVENTS);
	update_interrupt(port);
	mutex_unlock(&port->pci.lock);
	pci_port_update_behind(port);
}
