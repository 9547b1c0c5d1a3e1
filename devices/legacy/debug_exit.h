/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_DEBUG_EXIT_H
#define THUNDERLAKE_DEVICES_LEGACY_DEBUG_EXIT_H

#include <stdint.h>

#include "devices/device.h"

/*
 * QEMU's isa-debug-exit: a write of `value` ends the process with exit code (value << 1) | 1. For
 * tests; a machine has it only if it is asked for.
 */
struct debug_exit_options {
	uint64_t iobase; /* LAYOUT_DEBUG_EXIT_PORT */
	uint64_t iosize; /* bytes */
};

extern const struct device_type debug_exit_type;

#endif
