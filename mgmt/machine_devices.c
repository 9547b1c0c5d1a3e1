/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "devices/device.h"
#include "devices/scsi/bus.h"
#include "mgmt/machine_config.h"
#include "vmm/base/loop.h"

/* A device and the loop it runs on, if that is its own. */
struct part {
	struct machine_device device; /* its id is owned */
	struct loop *own_loop;
};

struct machine_devices {
	struct device_env env; /* what each is granted, but for its id, loop and slot */
	struct loop *shared_loop;
	bool quiet;
	size_t count;
	struct part **parts;
};

static int choose_loop(struct part *part, const struct device_env *env, struct loop *shared_loop,
		       struct loop **out)
{
	int code;

	*out = shared_loop;
	if (part->device.type->is_on_scsi_bus) {
		*out = scsi_bus_loop(env->scsi);
		return 0;
	}
	if (part->device.type->is_on_audio_loop) {
		*out = env->audio ? audio_loop(env->audio) : NULL;
		return *out ? 0 : -ENODEV;
	}
	if (!part->device.type->has_own_loop) {
		return 0;
	}
	code = loop_create(part->device.id, &part->own_loop);
	if (code == 0) {
		code = loop_start(part->own_loop);
	}
	*out = part->own_loop;
	return code;
}

/* The bus of the first controller, or NULL. */
static struct scsi_bus *find_scsi_bus(const struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct machine_device *device = &devices->parts[i]->device;

		if (device->type->scsi_bus) {
			return device->type->scsi_bus(device->state);
		}
	}
	return NULL;
}

static int init_part(struct machine_devices *devices, struct part *part, struct pci_port *port,
		     const char *options_text, struct error *err)
{
	const struct device_type *type = part->device.type;
	AUTO_FREE void *options = calloc(1, type->options_size ? type->options_size : 1);
	struct device_env env = devices->env;
	int code;

	env.id = part->device.id;
	env.port = port;
	env.scsi = find_scsi_bus(devices);
	if (type->is_on_scsi_bus && !env.scsi) {
		return error_set(err, -ENODEV, "needs a SCSI controller: --device virtio-scsi");
	}
	part->device.state = calloc(1, type->state_size ? type->state_size : 1);
	if (!options || !part->device.state) {
		return error_set_errno(err, -ENOMEM, "memory for the device");
	}
	code = choose_loop(part, &env, devices->shared_loop, &env.loop);
	if (code < 0) {
		return error_set_errno(err, code, "thread for the device");
	}
	code = options_parse(&type->options, options_text, options, err);
	if (code == 0) {
		code = type->init(part->device.state, &env, options, err);
		options_finish(&type->options, options);
	}
	return code;
}

static void drop_part(struct part *part)
{
	loop_destroy(part->own_loop);
	free(part->device.state);
	free(part->device.id);
	free(part);
}

/* Room for one more at the end, with a part that is not yet counted. */
static struct part *begin_part(struct machine_devices *devices, const struct device_type *type,
			       const char *id)
{
	struct part **parts = realloc(devices->parts, (devices->count + 1) * sizeof(struct part *));
	struct part *part = calloc(1, sizeof(*part));

	if (parts) {
		devices->parts = parts;
	}
	if (part) {
		part->device.type = type;
		part->device.id = strdup(id);
	}
	if (!parts || !part || !part->device.id) {
		free(part);
		return NULL;
	}
	devices->parts[devices->count] = part;
	return part;
}

int machine_devices_add(struct machine_devices *devices, const struct machine_device_config *wanted,
			struct pci_port *port, struct error *err)
{
	struct part *part = begin_part(devices, wanted->type, wanted->id);
	int code;

	if (!part) {
		return error_set_errno(err, -ENOMEM, "%s", wanted->id);
	}
	code = init_part(devices, part, port, wanted->options, err);
	if (code < 0) {
		error_prefix(err, "%s %s", wanted->type->name, wanted->id);
		drop_part(part);
		return code;
	}
	if (devices->quiet && part->device.type->quiesce) {
		part->device.type->quiesce(part->device.state);
	}
	devices->count++;
	return 0;
}

static void finish_part(struct part *part)
{
	if (part->device.type->finish) {
		part->device.type->finish(part->device.state);
	}
	drop_part(part);
}

void machine_devices_remove(struct machine_devices *devices, const struct machine_device *device)
{
	size_t i = 0;

	while (&devices->parts[i]->device != device) {
		i++;
	}
	finish_part(devices->parts[i]);
	devices->count--;
	memmove(&devices->parts[i], &devices->parts[i + 1],
		(devices->count - i) * sizeof(struct part *));
}

int machine_devices_create(const struct machine_device_config *wanted, size_t count,
			   const struct device_env *env, struct loop *shared_loop,
			   struct machine_devices **out, struct error *err)
{
	struct machine_devices *devices = calloc(1, sizeof(*devices));
	int code = 0;

	*out = NULL;
	if (!devices) {
		return error_set_errno(err, -ENOMEM, "devices");
	}
	devices->env = *env;
	devices->shared_loop = shared_loop;
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = machine_devices_add(devices, &wanted[i], NULL, err);
	}
	if (code < 0) {
		machine_devices_destroy(devices);
		return code;
	}
	*out = devices;
	return 0;
}

void machine_devices_destroy(struct machine_devices *devices)
{
	if (!devices) {
		return;
	}
	while (devices->count > 0) {
		finish_part(devices->parts[--devices->count]);
	}
	free(devices->parts);
	free(devices);
}

void machine_devices_quiesce(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count && !devices->quiet; i++) {
		const struct machine_device *device = &devices->parts[i]->device;

		if (device->type->quiesce) {
			device->type->quiesce(device->state);
		}
	}
	devices->quiet = true;
}

void machine_devices_resume(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count && devices->quiet; i++) {
		const struct machine_device *device = &devices->parts[i]->device;

		if (device->type->resume) {
			device->type->resume(device->state);
		}
	}
	devices->quiet = false;
}

void machine_devices_reset(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct machine_device *device = &devices->parts[i]->device;

		if (device->type->reset) {
			device->type->reset(device->state);
		}
	}
}

const struct machine_device *machine_devices_at(const struct machine_devices *devices, size_t index)
{
	return index < devices->count ? &devices->parts[index]->device : NULL;
}
