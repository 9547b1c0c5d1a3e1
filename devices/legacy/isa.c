/* SPDX-License-Identifier: MIT */
#include "devices/legacy/isa.h"

#include <inttypes.h>

#include "devices/device.h"
#include "vmm/bus/bus.h"

int isa_map(const struct device_env *env, struct io_region *region, struct error *err)
{
	int code = bus_map(env->pio, region);

	if (code < 0) {
		return error_set_errno(err, code, "%s: I/O ports 0x%" PRIx64 " to 0x%" PRIx64,
				       region->name, region->base,
				       region->base + region->length - 1);
	}
	return 0;
}
