/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_LEGACY_FAKE_PC_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_LEGACY_FAKE_PC_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/device.h"
#include "devices/legacy/request.h"

/* A PC without a processor: a port bus, interrupt lines, a loop that the test runs by hand, and a
 * machine that notes what it is asked for. */
struct fake_pc {
	struct device_env env;
	struct machine_requests requests;
	unsigned resets, power_offs, panics, crash_loads, exits;
	int exit_code;
};

void fake_pc_init(struct fake_pc *pc, bool with_memory);
void fake_pc_finish(struct fake_pc *pc);

/* Makes a device; `text` are its options. The state is freed by fake_pc_remove. */
void *fake_pc_add(struct fake_pc *pc, const struct device_type *type, const char *text);
void fake_pc_remove(const struct device_type *type, void *state);

/* Port accesses of one byte, and of any size. */
uint8_t fake_pc_in(struct fake_pc *pc, uint16_t port);
void fake_pc_out(struct fake_pc *pc, uint16_t port, uint8_t value);
uint64_t fake_pc_read(struct fake_pc *pc, uint16_t port, unsigned size);
void fake_pc_write(struct fake_pc *pc, uint16_t port, unsigned size, uint64_t value);

bool fake_pc_irq(struct fake_pc *pc, uint32_t gsi);

/* Runs the loop's posted work. */
void fake_pc_settle(struct fake_pc *pc);

#endif
