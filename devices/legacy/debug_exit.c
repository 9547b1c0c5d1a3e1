/* SPDX-License-Identifier: MIT */
#include "devices/legacy/debug_exit.h"

#include "devices/legacy/isa.h"
#include "devices/legacy/request.h"
#include "vmm/boot/layout.h"
#include "vmm/bus/bus.h"

struct debug_exit {
	struct io_region region;
	const struct machine_requests *requests; /* borrowed */
};

static uint64_t read_port(void *device, uint64_t offset, unsigned size)
{
	(void)device;
	(void)offset;
	(void)size;
	return 0;
}

static void write_port(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct debug_exit *debug_exit = device;

	(void)offset;
	(void)size;
	request_exit(debug_exit->requests, (int)((uint32_t)value << 1 | 1));
}

static const struct io_ops port_ops = { .read = read_port, .write = write_port };

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	struct debug_exit *debug_exit = state;
	const struct debug_exit_options *chosen = options;

	debug_exit->requests = env->requests;
	debug_exit->region = (struct io_region){ .base = chosen->iobase,
						 .length = chosen->iosize,
						 .ops = &port_ops,
						 .device = debug_exit,
						 .name = "isa-debug-exit" };
	return isa_map(env, &debug_exit->region, err);
}

static void finish(void *state)
{
	bus_unmap(&((struct debug_exit *)state)->region);
}

_Static_assert(LAYOUT_DEBUG_EXIT_PORT == 0xf4, "the default below");

static const struct option options[] = {
	{ .name = "iobase",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct debug_exit_options, iobase),
	  .help = "I/O port",
	  .value_name = "PORT",
	  .default_text = "0xf4",
	  .min = 0,
	  .max = 0xfff8 },
	{ .name = "iosize",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct debug_exit_options, iosize),
	  .help = "number of ports",
	  .default_text = "4",
	  .min = 1,
	  .max = 8 },
};

const struct device_type debug_exit_type = {
	.name = "isa-debug-exit",
	.help = "port that ends the process with the guest's exit code",
	.options = { options, ARRAY_SIZE(options), NULL },
	.options_size = sizeof(struct debug_exit_options),
	.state_size = sizeof(struct debug_exit),
	.init = init,
	.finish = finish,
};
