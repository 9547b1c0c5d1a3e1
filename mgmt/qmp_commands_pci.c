/* SPDX-License-Identifier: MIT */
#include <linux/pci_regs.h>

#include "devices/pci/pci.h"
#include "mgmt/qmp_commands.h"
#include "vmm/base/bytes.h"

#define FUNCTIONS 8u

static const struct {
	uint16_t class; /* base and sub class */
	const char *text;
} class_names[] = {
	{ 0x0100, "SCSI controller" },	    { 0x0180, "Storage controller" },
	{ 0x0200, "Ethernet controller" },  { 0x0300, "VGA controller" },
	{ 0x0380, "Display controller" },   { 0x0401, "Audio controller" },
	{ 0x0403, "Audio controller" },	    { 0x0500, "RAM controller" },
	{ 0x0600, "Host bridge" },	    { 0x0601, "ISA bridge" },
	{ 0x0780, "Communication device" }, { 0x0900, "Keyboard" },
	{ 0x00ff, "Unclassified device" },  { 0xff00, "Unclassified device" },
	{ 0x0c03, "USB controller" },	    { 0x0c05, "SMBus" },
	{ 0x0604, "PCI bridge" },
};

static const char *class_name(uint16_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(class_names); i++) {
		if (class_names[i].class == class) {
			return class_names[i].text;
		}
	}
	return NULL;
}

/* Where the guest has mapped the BAR; -1 while it does not decode. */
static json_int_t bar_address(const struct pci_device *device, unsigned bar)
{
	const uint8_t *reg = device->config + PCI_BASE_ADDRESS_0 + bar * 4;
	const uint16_t command = load_le16(device->config + PCI_COMMAND);
	const uint8_t flags = device->bars[bar].flags;
	uint64_t address = load_le32(reg);

	if (flags & PCI_BASE_ADDRESS_SPACE_IO) {
		return command & PCI_COMMAND_IO ? (json_int_t)(address & ~UINT64_C(3)) : -1;
	}
	if (flags & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		address |= (uint64_t)load_le32(reg + 4) << 32;
	}
	return command & PCI_COMMAND_MEMORY ? (json_int_t)(address & ~UINT64_C(15)) : -1;
}

static json_t *pack_bar(const struct pci_device *device, unsigned bar)
{
	const struct pci_bar *b = &device->bars[bar];
	json_t *region = json_pack("{s:i, s:I, s:I}", "bar", (int)bar, "size", (json_int_t)b->size,
				   "address", bar_address(device, bar));

	if (b->flags & PCI_BASE_ADDRESS_SPACE_IO) {
		(void)json_object_set_new(region, "type", json_string("io"));
		return region;
	}
	(void)json_object_set_new(region, "type", json_string("memory"));
	(void)json_object_set_new(region, "prefetch",
				  json_boolean(b->flags & PCI_BASE_ADDRESS_MEM_PREFETCH));
	(void)json_object_set_new(region, "mem_type_64",
				  json_boolean(b->flags & PCI_BASE_ADDRESS_MEM_TYPE_64));
	return region;
}

static json_t *pack_bars(const struct pci_device *device)
{
	json_t *regions = json_array();

	for (unsigned bar = 0; bar < PCI_BARS; bar++) {
		if (device->bars[bar].size) {
			(void)json_array_append_new(regions, pack_bar(device, bar));
		}
	}
	return regions;
}

static json_t *pack_device(const struct pci_device *device, unsigned bus)
{
	const struct pci_identity *id = &device->identity;
	const uint16_t class = (uint16_t)(id->class_code >> 8);
	json_t *class_info = json_pack("{s:i}", "class", class);
	json_t *ids =
		json_pack("{s:i, s:i, s:i, s:i}", "vendor", id->vendor, "device", id->device,
			  "subsystem-vendor", id->subsystem_vendor, "subsystem", id->subsystem);
	json_t *result =
		json_pack("{s:i, s:i, s:i, s:s, s:i, s:o, s:o, s:o}", "bus", (int)bus, "slot",
			  (int)device->slot, "function", (int)device->function, "qdev_id",
			  device->name, "irq_pin", (int)device->has_intx, "class_info", class_info,
			  "id", ids, "regions", pack_bars(device));

	if (class_name(class)) {
		(void)json_object_set_new(class_info, "desc", json_string(class_name(class)));
	}
	if (device->has_intx) {
		(void)json_object_set_new(result, "irq",
					  json_integer(device->config[PCI_INTERRUPT_LINE]));
	}
	return result;
}

static json_t *pack_range(uint64_t base, uint64_t limit)
{
	return json_pack("{s:I, s:I}", "base", (json_int_t)base, "limit", (json_int_t)limit);
}

/* In the registers, the upper bits of an address whose lower 20 are 0 or 1. */
static json_t *pack_window(const uint8_t *config, unsigned base, unsigned limit, uint64_t base_high,
			   uint64_t limit_high)
{
	return pack_range(base_high << 32 | (load_le16(config + base) & 0xfff0ull) << 16,
			  limit_high << 32 | (load_le16(config + limit) & 0xfff0ull) << 16 |
				  0xfffff);
}

/* A root port, and what is behind it: QMP's PciBridgeInfo. */
static json_t *pack_bridge(const struct qmp_context *c, const struct pci_device *port)
{
	const uint8_t *config = port->config;
	const struct pci_device *device = c->ops->pci_behind(c->machine, port);
	json_t *devices = json_array();
	json_t *bus = json_pack(
		"{s:i, s:i, s:i, s:o, s:o, s:o}", "number", config[PCI_PRIMARY_BUS], "secondary",
		config[PCI_SECONDARY_BUS], "subordinate", config[PCI_SUBORDINATE_BUS], "io_range",
		pack_range(0, 0), "memory_range",
		pack_window(config, PCI_MEMORY_BASE, PCI_MEMORY_LIMIT, 0, 0), "prefetchable_range",
		pack_window(config, PCI_PREF_MEMORY_BASE, PCI_PREF_MEMORY_LIMIT,
			    load_le32(config + PCI_PREF_BASE_UPPER32),
			    load_le32(config + PCI_PREF_LIMIT_UPPER32)));

	if (device) {
		(void)json_array_append_new(devices,
					    pack_device(device, config[PCI_SECONDARY_BUS]));
	}
	return json_pack("{s:o, s:o}", "bus", bus, "devices", devices);
}

static json_t *pack_on_bus_0(const struct qmp_context *c, const struct pci_device *device)
{
	json_t *result = pack_device(device, 0);

	if (device->port) {
		(void)json_object_set_new(result, "pci_bridge", pack_bridge(c, device));
	}
	return result;
}

static json_t *run_query_pci(const struct qmp_context *c, const json_t *arguments,
			     struct qmp_failure *failure)
{
	json_t *devices = json_array();

	(void)arguments;
	(void)failure;
	for (unsigned i = 0; i < PCI_SLOTS * FUNCTIONS; i++) {
		const struct pci_device *device =
			c->ops->pci_at(c->machine, i / FUNCTIONS, i % FUNCTIONS);

		if (device) {
			(void)json_array_append_new(devices, pack_on_bus_0(c, device));
		}
	}
	return json_pack("[{s:i, s:o}]", "bus", 0, "devices", devices);
}

const struct qmp_command qmp_pci_commands[] = {
	{ "query-pci", NULL, run_query_pci },
	{ .name = NULL },
};
