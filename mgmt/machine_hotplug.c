/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/device.h"
#include "devices/pci/pci_port.h"
#include "devices/virtio/blk.h"
#include "mgmt/device_types.h"
#include "mgmt/machine_config.h"
#include "mgmt/machine_devices.h"
#include "mgmt/machine_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/cpu/cpus.h"

/*
 * Devices that come and go. What concerns the guest is the root port's business; here a device is
 * made for a slot and, when the guest has powered that off, unmade, on the main loop and with the
 * processors paused.
 */
#define BUS_0 "pcie.0"
/* For so long a guest need not have shown that it heard the button. */
#define ANSWER_NS UINT64_C(5000000000)

struct slot {
	struct pci_port *port;
	const struct machine_device *device; /* NULL: empty */
	uint64_t asked_ns;		     /* when it was last asked to go; 0: never */
};

struct machine_slots {
	struct machine *machine;
	struct loop_task task; /* a slot was powered off */
	unsigned count;
	struct slot slots[PCI_PORTS_MAX];
};

struct drive {
	struct list node;
	char *name;
	char *file;
	bool read_only;
	char *device; /* the id of the disk that has it; NULL: none */
};

/* --- drives --- */

static struct drive *find_drive(struct machine *machine, const char *name)
{
	struct drive *drive;

	list_for_each (drive, &machine->drives, struct drive, node) {
		if (strcmp(drive->name, name) == 0) {
			return drive;
		}
	}
	return NULL;
}

static void forget_drive(struct drive *drive)
{
	free(drive->name);
	free(drive->file);
	free(drive->device);
	free(drive);
}

int machine_add_drive(struct machine *machine, const char *name, const char *file, bool read_only,
		      struct error *err)
{
	struct drive *drive;

	if (find_drive(machine, name)) {
		return error_set(err, -EEXIST, "Duplicate nodes with node-name='%s'", name);
	}
	drive = calloc(1, sizeof(*drive));
	if (drive) {
		*drive = (struct drive){ .name = strdup(name),
					 .file = strdup(file),
					 .read_only = read_only };
	}
	if (!drive || !drive->name || !drive->file) {
		if (drive) {
			forget_drive(drive);
		}
		return error_set_errno(err, -ENOMEM, "%s", name);
	}
	list_append(&machine->drives, &drive->node);
	return 0;
}

int machine_remove_drive(struct machine *machine, const char *name, struct error *err)
{
	struct drive *drive = find_drive(machine, name);

	if (!drive) {
		return error_set(err, -ENOENT, "Failed to find node with node-name='%s'", name);
	}
	if (drive->device) {
		return error_set(err, -EBUSY, "Node %s is in use", name);
	}
	list_remove(&drive->node);
	forget_drive(drive);
	return 0;
}

void machine_forget_drives(struct machine *machine)
{
	while (!list_is_empty(&machine->drives)) {
		struct drive *drive = list_entry(machine->drives.next, struct drive, node);

		list_remove(&drive->node);
		forget_drive(drive);
	}
}

/* Lets the disk `config` have the drive. */
static int give_drive(struct machine *machine, struct machine_device_config *config,
		      const char *name, struct error *err)
{
	struct drive *drive = find_drive(machine, name);
	char *device;
	int code;

	if (!drive || config->type != &virtio_blk_type) {
		return error_set(err, -ENOENT,
				 drive ? "Property '%s.drive' not found" : "Can't find value '%s'",
				 drive ? config->type->name : name);
	}
	if (drive->device) {
		return error_set(err, -EBUSY, "Node %s is in use by %s", name, drive->device);
	}
	device = strdup(config->id);
	code = device ? options_append(&config->options, "file", drive->file) : -ENOMEM;
	code = code
		       ?: options_append(&config->options, "readonly",
					 drive->read_only ? "on" : "off");
	if (code < 0) {
		free(device);
		return error_set_errno(err, code, "%s", name);
	}
	drive->device = device;
	return 0;
}

/* Takes the drives back that the device had. */
static void take_drives(struct machine *machine, const char *device)
{
	struct drive *drive;

	list_for_each (drive, &machine->drives, struct drive, node) {
		if (drive->device && strcmp(drive->device, device) == 0) {
			free(drive->device);
			drive->device = NULL;
		}
	}
}

/* --- a device comes --- */

static bool hold_processors(struct machine *machine)
{
	cpus_pause(machine->cpus);
	return machine->status == MACHINE_RUNNING;
}

static void let_go(struct machine *machine, bool ran)
{
	if (ran) {
		cpus_resume(machine->cpus);
	}
}

static const struct device_type *find_driver(const char *name, struct error *err)
{
	static const char suffix[] = "-pci";
	const size_t length = strlen(name);
	const size_t kept = length - (sizeof(suffix) - 1);
	AUTO_FREE char *cut = length > sizeof(suffix) && strcmp(name + kept, suffix) == 0
				      ? strndup(name, kept)
				      : strdup(name);
	const struct device_type *type = cut ? device_type_find(cut, NULL) : NULL;
	const char *near;

	if (type) {
		return type;
	}
	near = cut ? device_type_nearest(cut) : NULL;
	(void)error_set(err, -ENOENT, "'%s' is not a valid device model name%s%s%s", name,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

static struct slot *find_slot(struct machine *machine, const char *bus, struct error *err)
{
	struct machine_slots *slots = machine->slots;
	char name[16];
	bool is_known = false;

	for (unsigned i = 0; i < slots->count; i++) {
		(void)snprintf(name, sizeof(name), "port%u", i + 1);
		if (bus && strcmp(bus, name) != 0) {
			continue;
		}
		is_known = true;
		if (!slots->slots[i].device && pci_port_is_free(slots->slots[i].port)) {
			return &slots->slots[i];
		}
	}
	if (slots->count == 0 || (bus && strcmp(bus, BUS_0) == 0)) {
		(void)error_set(err, -ENOTSUP, "Bus '" BUS_0 "' does not support hotplugging");
	} else if (bus && !is_known) {
		(void)error_set(err, -ENOENT, "Bus '%s' not found; there are port1 to port%u", bus,
				slots->count);
	} else {
		(void)error_set(err, -ENOSPC,
				"no free slot: remove a device, or start the machine with more "
				"--hotplug-ports than %u",
				slots->count);
	}
	return NULL;
}

/* The given id, or the type's name and the first number that is free. */
static char *choose_id(struct machine *machine, const struct device_type *type, const char *given)
{
	char *id = given ? strdup(given) : NULL;

	for (unsigned i = 0; !given && asprintf(&id, "%s%u", type->name, i) >= 0; i++) {
		if (!machine_find_device(machine, id)) {
			return id;
		}
		free(id);
		id = NULL;
	}
	return id;
}

static int add(struct machine *machine, const struct machine_device_config *config, const char *bus,
	       struct error *err)
{
	struct slot *slot = find_slot(machine, bus, err);
	bool ran;
	int code;

	if (!slot) {
		return -ENOSPC;
	}
	ran = hold_processors(machine);
	code = machine_devices_add(machine->devices, config, slot->port, err);
	let_go(machine, ran);
	if (code == 0) {
		*slot = (struct slot){ .port = slot->port,
				       .device = machine_find_device(machine, config->id) };
	}
	return code;
}

int machine_add_device(struct machine *machine, const struct machine_new_device *wanted,
		       struct error *err)
{
	struct machine_device_config config = { .type = find_driver(wanted->driver, err) };
	int code = 0;

	if (!config.type) {
		return -ENOENT;
	}
	if (!config.type->is_hot_pluggable) {
		return error_set(err, -ENOTSUP, "Device '%s' does not support hotplugging",
				 wanted->driver);
	}
	if (wanted->id && machine_find_device(machine, wanted->id)) {
		return error_set(err, -EEXIST, "Duplicate device ID '%s'", wanted->id);
	}
	config.id = choose_id(machine, config.type, wanted->id);
	config.options = strdup(wanted->options);
	if (!config.id || !config.options) {
		code = error_set_errno(err, -ENOMEM, "%s", wanted->driver);
	} else if (wanted->drive) {
		code = give_drive(machine, &config, wanted->drive, err);
	}
	code = code ?: add(machine, &config, wanted->bus, err);
	if (code < 0 && config.id) {
		take_drives(machine, config.id);
	}
	free(config.id);
	free(config.options);
	return code;
}

/* --- and goes --- */

static struct slot *slot_of(const struct machine *machine, const char *id)
{
	struct machine_slots *slots = machine->slots;

	for (unsigned i = 0; i < slots->count; i++) {
		if (slots->slots[i].device && strcmp(slots->slots[i].device->id, id) == 0) {
			return &slots->slots[i];
		}
	}
	return NULL;
}

int machine_remove_device(struct machine *machine, const char *id, struct error *err)
{
	struct slot *slot = slot_of(machine, id);
	const uint64_t now_ns = clock_now_ns();
	int code;

	if (!slot) {
		return machine_find_device(machine, id)
			       ? error_set(err, -ENOTSUP,
					   "Bus '" BUS_0 "' does not support hotplugging")
			       : error_set(err, -ENODEV, "Device '%s' not found", id);
	}
	if (slot->asked_ns && now_ns < slot->asked_ns + ANSWER_NS) {
		return error_set(err, -EBUSY, "Device %s is already in the process of unplug", id);
	}
	code = pci_port_press(slot->port);
	if (code < 0) {
		return error_set(err, -EBUSY, "Device %s: the guest is busy with its slot", id);
	}
	slot->asked_ns = now_ns;
	return 0;
}

bool machine_device_can_go(const struct machine *machine, const char *id, bool *leaving)
{
	const struct slot *slot = slot_of(machine, id);

	*leaving = slot && slot->asked_ns;
	return slot;
}

static void take_out(struct machine *machine, struct slot *slot)
{
	AUTO_FREE char *id = strdup(slot->device->id);

	take_drives(machine, slot->device->id);
	machine_devices_remove(machine->devices, slot->device);
	slot->device = NULL;
	machine_emit(machine, MACHINE_EVENT_DEVICE_DELETED, id ? id : "", NULL, 0);
}

/* Processors paused. */
static void take_out_what_leaves(struct machine_slots *slots)
{
	for (unsigned i = 0; i < slots->count; i++) {
		if (slots->slots[i].device && pci_port_is_leaving(slots->slots[i].port)) {
			take_out(slots->machine, &slots->slots[i]);
		}
	}
}

static void on_powered_off(void *arg)
{
	struct machine_slots *slots = arg;
	const bool ran = hold_processors(slots->machine);

	take_out_what_leaves(slots);
	let_go(slots->machine, ran);
}

static void post(void *arg)
{
	struct machine_slots *slots = arg;

	loop_post(slots->machine->main_loop, &slots->task);
}

/* --- the slots --- */

int machine_slots_create(struct machine *machine, struct error *err)
{
	struct machine_slots *slots = calloc(1, sizeof(*slots));
	int code = 0;

	if (!slots) {
		return error_set_errno(err, -ENOMEM, "root ports");
	}
	machine->slots = slots;
	slots->machine = machine;
	loop_task_init(&slots->task, on_powered_off, slots);
	while (code == 0 && slots->count < machine->config->settings.hotplug_ports) {
		const struct pci_port_config config = { slots->count, post, slots };

		code = pci_port_create(machine->pci, &config, &slots->slots[slots->count].port,
				       err);
		slots->count += code == 0;
	}
	return code;
}

void machine_slots_destroy(struct machine_slots *slots)
{
	if (!slots) {
		return;
	}
	loop_task_cancel(slots->machine->main_loop, &slots->task);
	while (slots->count > 0) {
		pci_port_destroy(slots->slots[--slots->count].port);
	}
	free(slots);
}

void machine_slots_reset(struct machine_slots *slots)
{
	take_out_what_leaves(slots);
	for (unsigned i = 0; i < slots->count; i++) {
		slots->slots[i].asked_ns = 0;
		pci_port_reset(slots->slots[i].port);
	}
}
