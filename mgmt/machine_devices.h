/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_DEVICES_H
#define THUNDERLAKE_MGMT_MACHINE_DEVICES_H

#include <stddef.h>

#include "mgmt/machine.h"
#include "vmm/base/error.h"

struct device_env;
struct loop;
struct machine_device_config;
struct pci_port;

/*
 * The devices of a machine, in the order of their making. Those that ask for it get a loop and
 * thread of their own or run where the sound does, all others share one. Main thread; processors
 * paused but for making the first and asking.
 */
struct machine_devices;

/* Makes them all, or none. `env` says what a device is granted, but for `id`, `loop`, `port` and
 * `scsi`, which are filled in here; `shared_loop` and what `env` points to are borrowed. The text
 * of an error names the device. */
int machine_devices_create(const struct machine_device_config *wanted, size_t count,
			   const struct device_env *env, struct loop *shared_loop,
			   struct machine_devices **out, struct error *err);
/* In reverse order. NULL is fine. */
void machine_devices_destroy(struct machine_devices *devices);

/* One more, in the slot of `port` (NULL: on bus 0); quiet when the others are. `wanted` is borrowed
 * for the call. */
int machine_devices_add(struct machine_devices *devices, const struct machine_device_config *wanted,
			struct pci_port *port, struct error *err);
void machine_devices_remove(struct machine_devices *devices, const struct machine_device *device);

/* Quiet: no device touches guest memory or interrupts. Both are idempotent. */
void machine_devices_quiesce(struct machine_devices *devices);
void machine_devices_resume(struct machine_devices *devices);
/* Power-on state; they stay quiet. */
void machine_devices_reset(struct machine_devices *devices);

/* NULL beyond the last. */
const struct machine_device *machine_devices_at(const struct machine_devices *devices,
						size_t index);

#endif
