/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_devices.h"

#include <errno.h>
#include <stdlib.h>

#include "audio/audio.h"
#include "devices/device.h"
#include "mgmt/machine_config.h"
#include "vmm/base/loop.h"

/* A device and the loop it runs on, if that is its own. */
struct part {
	struct machine_device device;
	struct loop *own_loop;
};

struct machine_devices {
	bool quiet;
	size_t count; /* of those made so far */
	struct part parts[];
};

static int choose_loop(struct part *part, const struct device_env *env, struct loop *shared_loop,
		       struct loop **out)
{
	int code;

	*out = shared_loop;
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

static int init_part(struct part *part, const struct device_env *granted, struct loop *shared_loop,
		     const char *options_text, struct error *err)
{
	const struct device_type *type = part->device.type;
	AUTO_FREE void *options = calloc(1, type->options_size ? type->options_size : 1);
	struct device_env env = *granted;
	int code;

	env.id = part->device.id;
	part->device.state = calloc(1, type->state_size ? type->state_size : 1);
	if (!options || !part->device.state) {
		return error_set_errno(err, -ENOMEM, "memory for the device");
	}
	code = choose_loop(part, &env, shared_loop, &env.loop);
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
}

int machine_devices_create(const struct machine_device_config *wanted, size_t count,
			   const struct device_env *env, struct loop *shared_loop,
			   struct machine_devices **out, struct error *err)
{
	struct machine_devices *devices =
		calloc(1, sizeof(*devices) + count * sizeof(devices->parts[0]));

	*out = NULL;
	if (!devices) {
		return error_set_errno(err, -ENOMEM, "devices");
	}
	for (size_t i = 0; i < count; i++) {
		struct part *part = &devices->parts[i];
		int code;

		part->device.type = wanted[i].type;
		part->device.id = wanted[i].id;
		code = init_part(part, env, shared_loop, wanted[i].options, err);
		if (code < 0) {
			error_prefix(err, "%s %s", wanted[i].type->name, wanted[i].id);
			drop_part(part);
			machine_devices_destroy(devices);
			return code;
		}
		devices->count++;
	}
	*out = devices;
	return 0;
}

void machine_devices_destroy(struct machine_devices *devices)
{
	if (!devices) {
		return;
	}
	for (size_t i = devices->count; i > 0; i--) {
		struct part *part = &devices->parts[i - 1];

		if (part->device.type->finish) {
			part->device.type->finish(part->device.state);
		}
		drop_part(part);
	}
	free(devices);
}

void machine_devices_quiesce(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count && !devices->quiet; i++) {
		const struct machine_device *device = &devices->parts[i].device;

		if (device->type->quiesce) {
			device->type->quiesce(device->state);
		}
	}
	devices->quiet = true;
}

void machine_devices_resume(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count && devices->quiet; i++) {
		const struct machine_device *device = &devices->parts[i].device;

		if (device->type->resume) {
			device->type->resume(device->state);
		}
	}
	devices->quiet = false;
}

void machine_devices_reset(struct machine_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct machine_device *device = &devices->parts[i].device;

		if (device->type->reset) {
			device->type->reset(device->state);
		}
	}
}

const struct machine_device *machine_devices_at(const struct machine_devices *devices, size_t index)
{
	return index < devices->count ? &devices->parts[index].device : NULL;
}
