/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/pci/msi.h"
#include "devices/pci/msix.h"
#include "devices/pci/pci_bus.h"
#include "vmm/base/bytes.h"
#include "vmm/boot/layout.h"

#define FIRST_CAPABILITY 0x40u
#define CAPABILITIES_END 0x100u /* capabilities live in the first 256 bytes */
#define EXPRESS_BYTES	 0x3cu	/* PCI Express Base 3.0 §7.8, version 2 */
#define CLASS_BRIDGE	 0x06u
#define COMMAND_WRITABLE                                                               \
	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR | \
	 PCI_COMMAND_INTX_DISABLE)

static bool overlaps(unsigned offset, unsigned size, unsigned start, unsigned length)
{
	return offset < start + length && start < offset + size;
}

/* --- INTA ------------------------------------------------------------------------------------ */

static void drive_intx(struct pci_device *device) REQUIRES(device->intx_lock)
{
	const bool disabled = (atomic_load(&device->command) & PCI_COMMAND_INTX_DISABLE) ||
			      (device->msi && msi_is_enabled(device->msi));

	irq_line_set(&device->intx, device->intx_level && !disabled);
}

static void set_intx(struct pci_device *device, bool level)
{
	mutex_lock(&device->intx_lock);
	device->intx_level = level;
	drive_intx(device);
	mutex_unlock(&device->intx_lock);
}

void pci_intx_set(struct pci_device *device, bool level)
{
	if (device->has_intx) {
		set_intx(device, level);
	}
}

/* After what silences INTA has changed. */
static void update_intx(struct pci_device *device)
{
	if (device->has_intx) {
		mutex_lock(&device->intx_lock);
		drive_intx(device);
		mutex_unlock(&device->intx_lock);
	}
}

static void set_command(struct pci_device *device, uint16_t command)
{
	atomic_store(&device->command, command);
	update_intx(device);
}

static void update_msi(struct pci_device *device)
{
	msi_update(device->msi);
	update_intx(device);
}

static bool is_intx_high(struct pci_device *device)
{
	bool level;

	mutex_lock(&device->intx_lock);
	level = device->intx_level;
	mutex_unlock(&device->intx_lock);
	return level;
}

/* --- accesses to configuration space --------------------------------------------------------- */

uint32_t pci_device_read(struct pci_device *device, unsigned offset, unsigned size)
{
	if (device->on_config_read) {
		device->on_config_read(device, offset, size);
	}
	if (overlaps(offset, size, PCI_STATUS, 1)) {
		device->config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
		device->config[PCI_STATUS] |= is_intx_high(device) ? PCI_STATUS_INTERRUPT : 0;
	}
	return (uint32_t)load_le(device->config + offset, size);
}

void pci_device_write(struct pci_device *device, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		const uint8_t byte = (uint8_t)(value >> i * 8);
		const uint8_t mask = device->writable[offset + i];
		uint8_t *config = &device->config[offset + i];

		*config = (*config & ~mask) | (byte & mask);
		*config &= ~(byte & device->clear_on_write[offset + i]);
	}
	if (overlaps(offset, size, PCI_COMMAND, 2)) {
		set_command(device, load_le16(device->config + PCI_COMMAND));
		pci_bars_update(device);
	}
	if (!device->port && overlaps(offset, size, PCI_BASE_ADDRESS_0, PCI_BARS * 4)) {
		pci_bars_update(device);
	} else if (device->msix && msix_covers(device->msix, offset, size)) {
		msix_update(device->msix);
	} else if (device->msi && msi_covers(device->msi, offset, size)) {
		update_msi(device);
	} else if (device->on_config_write) {
		device->on_config_write(device, offset, size);
	}
}

/* --- capabilities ---------------------------------------------------------------------------- */

int pci_add_capability(struct pci_device *device, uint8_t id, unsigned length)
{
	uint8_t *link = &device->config[PCI_CAPABILITY_LIST];
	unsigned offset = device->next_capability ? device->next_capability : FIRST_CAPABILITY;

	if (length > CAPABILITIES_END - offset) {
		return -ENOSPC;
	}
	while (*link) {
		link = &device->config[*link + PCI_CAP_LIST_NEXT];
	}
	*link = (uint8_t)offset;
	device->config[offset + PCI_CAP_LIST_ID] = id;
	device->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	device->next_capability = (uint16_t)ALIGN_UP(offset + length, 4);
	return (int)offset;
}

/* Drivers learn from it that the device has extended configuration space. A bridge of the chipset
 * is older than that. */
static int add_express(struct pci_device *device)
{
	int offset;

	if (device->identity.class_code >> 16 == CLASS_BRIDGE) {
		return 0;
	}
	offset = pci_add_capability(device, PCI_CAP_ID_EXP, EXPRESS_BYTES);
	if (offset < 0) {
		return offset;
	}
	store_le16(device->config + offset + PCI_EXP_FLAGS,
		   (device->upstream ? PCI_EXP_TYPE_ENDPOINT : PCI_EXP_TYPE_RC_END) << 4 | 2);
	store_le32(device->config + offset + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER);
	if (device->upstream) {
		store_le32(device->config + offset + PCI_EXP_LNKCAP,
			   PCI_EXP_LNKCAP_SLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1);
		store_le16(device->config + offset + PCI_EXP_LNKSTA,
			   PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1);
	}
	return 0;
}

/* --- plugging -------------------------------------------------------------------------------- */

static void fill_header(struct pci_device *device)
{
	const struct pci_identity *identity = &device->identity;
	uint8_t *config = device->config;

	store_le16(config + PCI_VENDOR_ID, identity->vendor);
	store_le16(config + PCI_DEVICE_ID, identity->device);
	store_le16(config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor);
	store_le16(config + PCI_SUBSYSTEM_ID, identity->subsystem);
	store_le32(config + PCI_CLASS_REVISION, identity->class_code << 8 | identity->revision);
	if (!device->upstream) {
		store_le16(config + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	}
	store_le16(device->writable + PCI_COMMAND, COMMAND_WRITABLE);
	device->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	if (device->has_intx) {
		config[PCI_INTERRUPT_PIN] = 1;
		config[PCI_INTERRUPT_LINE] = (uint8_t)device->intx.gsi;
		device->writable[PCI_INTERRUPT_LINE] = 0xff;
	}
}

/* Function 0 tells whether there are others. */
static void mark_multifunction(struct pci_bus *bus, unsigned slot)
{
	struct pci_device *first = bus->devices[slot][0];

	for (unsigned i = 1; i < PCI_FUNCTIONS && first; i++) {
		if (bus->devices[slot][i]) {
			first->config[PCI_HEADER_TYPE] |= 0x80;
			first->power_on[PCI_HEADER_TYPE] |= 0x80;
		}
	}
}

static int choose_slot(struct pci_bus *bus, int slot, int function, struct error *err)
{
	if (slot >= 0) {
		return bus->devices[slot][function]
			       ? error_set(err, -EBUSY, "PCI slot %d.%d is taken", slot, function)
			       : slot;
	}
	for (slot = 1; slot < (int)PCI_SLOTS; slot++) {
		if (!bus->devices[slot][0]) {
			return slot;
		}
	}
	return error_set(err, -ENOSPC, "all %u PCI slots are taken: use fewer devices", PCI_SLOTS);
}

int pci_device_fill(struct pci_bus *bus, struct pci_device *device, struct error *err)
{
	int code;

	irq_line_init(&device->intx, bus->config.irqs, LAYOUT_PCI_INTX_IRQ + device->slot % 8);
	fill_header(device);
	code = add_express(device);
	if (code < 0) {
		return error_set(err, code, "no room for the PCI Express capability");
	}
	code = pci_bars_place(bus, device, err);
	if (code < 0) {
		return code;
	}
	memcpy(device->power_on, device->config, sizeof(device->config));
	mutex_init(&device->lock);
	mutex_init(&device->intx_lock);
	device->bus = bus;
	return 0;
}

int pci_device_plug(struct pci_bus *bus, struct pci_device *device, int slot, int function,
		    struct error *err)
{
	int code;

	slot = choose_slot(bus, slot, function, err);
	if (slot < 0) {
		return slot;
	}
	device->slot = (unsigned)slot;
	device->function = (unsigned)function;
	code = pci_device_fill(bus, device, err);
	if (code < 0) {
		return code;
	}
	bus->devices[slot][function] = device;
	mark_multifunction(bus, device->slot);
	pci_device_reset(device);
	return 0;
}

void pci_device_unplug(struct pci_device *device)
{
	struct pci_bus *bus = device->bus;

	if (!bus) {
		return;
	}
	pci_intx_set(device, false);
	mutex_lock(&device->lock);
	pci_bars_unmap(device);
	mutex_unlock(&device->lock);
	if (device->upstream) {
		pci_port_forget(device->upstream);
		device->upstream = NULL;
	} else {
		bus->devices[device->slot][device->function] = NULL;
	}
	device->bus = NULL;
	mutex_finish(&device->intx_lock);
	mutex_finish(&device->lock);
	pci_bars_retry(bus);
}

void pci_device_reset(struct pci_device *device)
{
	pci_intx_set(device, false);
	mutex_lock(&device->lock);
	memcpy(device->config, device->power_on, sizeof(device->config));
	set_command(device, load_le16(device->config + PCI_COMMAND));
	pci_bars_update(device);
	if (device->msix) {
		msix_update(device->msix);
	}
	if (device->msi) {
		update_msi(device);
	}
	mutex_unlock(&device->lock);
	pci_bars_retry(device->bus);
}
