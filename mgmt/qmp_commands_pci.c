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

static json_t *pack_device(const struct pci_device *device)
{
	const struct pci_identity *id = &device->identity;
	const uint16_t class = (uint16_t)(id->class_code >> 8);
	json_t *class_info = json_pack("{s:i}", "class", class);
	json_t *ids =
		json_pack("{s:i, s:i, s:i, s:i}", "vendor", id->vendor, "device", id->device,
			  "subsystem-vendor", id->subsystem_vendor, "subsystem", id->subsystem);
	json_t *result = json_pack("{s:i, s:i, s:i, s:s, s:i, s:o, s:o, s:o}", "bus", 0, "slot",
				   (int)device->slot, "function", (int)device->function, "qdev_id",
				   device->name, "irq_pin", (int)device->has_intx, "class_info",
				   class_info, "id", ids, "regions", pack_bars(device));

	if (class_name(class)) {
		(void)json_object_set_new(class_info, "desc", json_string(class_name(class)));
	}
	if (device->has_intx) {
		(void)json_object_set_new(result, "irq",
					  json_integer(device->config[PCI_INTERRUPT_LINE]));
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
			(void)json_array_append_new(devices, pack_device(device));
		}
	}
	return json_pack("[{s:i, s:o}]", "bus", 0, "devices", devices);
}

const struct qmp_command qmp_pci_commands[] = {
	{ "query-pci", NULL, run_query_pci },
	{ .name = NULL },
};
