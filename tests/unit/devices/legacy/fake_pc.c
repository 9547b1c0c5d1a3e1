/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/legacy/fake_pc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"
#include "vmm/mem/guest_mem.h"

#define RAM_BYTES (64u << 20)

static void on_reset(void *arg, const char *source)
{
	(void)source;
	((struct fake_pc *)arg)->resets++;
}

static void on_power_off(void *arg)
{
	((struct fake_pc *)arg)->power_offs++;
}

static void on_panicked(void *arg, enum machine_panic kind)
{
	struct fake_pc *pc = arg;

	pc->panics += kind == MACHINE_PANICKED;
	pc->crash_loads += kind == MACHINE_CRASH_LOADED;
}

static void on_exit_code(void *arg, int code)
{
	struct fake_pc *pc = arg;

	pc->exits++;
	pc->exit_code = code;
}

void fake_pc_init(struct fake_pc *pc, bool with_memory)
{
	log_set_level(LOG_LEVEL_ERROR);
	*pc = (struct fake_pc){ .requests = { .reset = on_reset,
					      .power_off = on_power_off,
					      .panicked = on_panicked,
					      .exit = on_exit_code,
					      .arg = pc } };
	pc->env.requests = &pc->requests;
	pc->env.id = "device0";
	cr_assert(eq(int, bus_create(NULL, BUS_PIO, &pc->env.pio), 0));
	cr_assert(eq(int, irq_router_create(NULL, &pc->env.irqs), 0));
	cr_assert(eq(int, loop_create("test", &pc->env.loop), 0));
	if (with_memory) {
		cr_assert(eq(int, guest_mem_create(NULL, RAM_BYTES, &pc->env.mem, NULL), 0));
	}
}

void fake_pc_finish(struct fake_pc *pc)
{
	guest_mem_destroy(pc->env.mem);
	loop_destroy(pc->env.loop);
	irq_router_destroy(pc->env.irqs);
	bus_destroy(pc->env.pio);
}

void *fake_pc_add(struct fake_pc *pc, const struct device_type *type, const char *text)
{
	void *options = calloc(1, type->options_size + 1);
	void *state = calloc(1, type->state_size);
	struct error err = { "" };

	cr_assert(eq(int, options_parse(&type->options, text, options, &err), 0), "%s", err.text);
	cr_assert(eq(int, type->init(state, &pc->env, options, &err), 0), "%s", err.text);
	options_finish(&type->options, options);
	free(options);
	return state;
}

void fake_pc_remove(const struct device_type *type, void *state)
{
	type->finish(state);
	free(state);
}

uint64_t fake_pc_read(struct fake_pc *pc, uint16_t port, unsigned size)
{
	uint64_t value = 0;

	cr_assert(bus_read(pc->env.pio, port, size, &value));
	return value;
}

void fake_pc_write(struct fake_pc *pc, uint16_t port, unsigned size, uint64_t value)
{
	cr_assert(bus_write(pc->env.pio, port, size, value));
}

uint8_t fake_pc_in(struct fake_pc *pc, uint16_t port)
{
	return (uint8_t)fake_pc_read(pc, port, 1);
}

void fake_pc_out(struct fake_pc *pc, uint16_t port, uint8_t value)
{
	fake_pc_write(pc, port, 1, value);
}

bool fake_pc_irq(struct fake_pc *pc, uint32_t gsi)
{
	return irq_router_level(pc->env.irqs, gsi);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

void fake_pc_settle(struct fake_pc *pc)
{
	struct loop_task last;

	loop_task_init(&last, stop, pc->env.loop);
	loop_post(pc->env.loop, &last);
	loop_run(pc->env.loop);
}
