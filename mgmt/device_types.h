/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_DEVICE_TYPES_H
#define THUNDERLAKE_MGMT_DEVICE_TYPES_H

#include <stddef.h>

#include "vmm/base/error.h"

struct device_type;

/* All kinds of devices in this build, NULL-terminated. */
extern const struct device_type *const device_types[];

/* The type called `name`, or NULL with a text that suggests the nearest. */
const struct device_type *device_type_find(const char *name, struct error *err);
/* The nearest name, or NULL when none is near. */
const char *device_type_nearest(const char *name);

#endif
