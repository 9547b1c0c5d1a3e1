/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_I8042_H
#define THUNDERLAKE_DEVICES_LEGACY_I8042_H

#include <stdbool.h>

#include "devices/device.h"

/*
 * The keyboard controller at ports 0x60 and 0x64 and its older brother, system control port A at
 * 0x92: reset, A20 (always open), a keyboard and a mouse that drivers find, sinks of env->input.
 */
struct i8042;

extern const struct device_type i8042_type;

/* Presses or releases a key, named by its KEY_ code of <linux/input-event-codes.h>. Returns whether
 * the keyboard took it: not when it has no such key, is switched off, the machine is paused, or the
 * guest does not read. Any thread. */
bool i8042_key(struct i8042 *controller, unsigned key, bool down);

#endif
