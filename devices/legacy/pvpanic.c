/* SPDX-License-Identifier: MIT */
#include "devices/legacy/pvpanic.h"

#include <misc/pvpanic.h>

#include "devices/legacy/isa.h"
#include "devices/legacy/request.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"

struct pvpanic {
	struct io_region region;
	const struct machine_requests *requests; /* borrowed */
};

/* Which events we understand. */
static uint64_t read_port(void *device, uint64_t offset, unsigned size)
{
	(void)device;
	(void)offset;
	(void)size;
	return PVPANIC_PANICKED | PVPANIC_CRASH_LOADED;
}

static void write_port(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pvpanic *pvpanic = device;

	(void)offset;
	(void)size;
	if (value & PVPANIC_PANICKED) {
		request_panicked(pvpanic->requests, MACHINE_PANICKED);
	} else if (value & PVPANIC_CRASH_LOADED) {
		request_panicked(pvpanic->requests, MACHINE_CRASH_LOADED);
	}
}

static const struct io_ops port_ops = { .read = read_port, .write = write_port };

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct pvpanic *pvpanic = state;

	(void)options;
	pvpanic->requests = env->requests;
	pvpanic->region = (struct io_region){ .base = LAYOUT_PVPANIC_PORT,
					      .length = 1,
					      .ops = &port_ops,
					      .device = pvpanic,
					      .name = "pvpanic" };
	return isa_map(env, &pvpanic->region, err);
}

static void finish(void *state)
{
	bus_unmap(&((struct pvpanic *)state)->region);
}

const struct device_type pvpanic_type = {
	.name = "pvpanic",
	.help = "port where a guest tells that it has crashed",
	.state_size = sizeof(struct pvpanic),
	.init = init,
	.finish = finish,
};
