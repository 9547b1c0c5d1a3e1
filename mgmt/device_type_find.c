/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/device.h"
#include "mgmt/device_types.h"

static const char *type_name(const void *context, size_t i)
{
	(void)context;
	return device_types[i] ? device_types[i]->name : NULL;
}

const char *device_type_nearest(const char *name)
{
	return nearest_name(name, type_name, NULL);
}

const struct device_type *device_type_find(const char *name, struct error *err)
{
	const char *near;

	for (size_t i = 0; device_types[i]; i++) {
		if (strcmp(device_types[i]->name, name) == 0) {
			return device_types[i];
		}
	}
	near = device_type_nearest(name);
	if (near) {
		(void)error_set(err, 0, "no device '%s'; did you mean '%s'?", name, near);
	} else {
		(void)error_set(err, 0, "no device '%s' (see --device help)", name);
	}
	return NULL;
}
