/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_REQUEST_H
#define THUNDERLAKE_DEVICES_LEGACY_REQUEST_H

#include <stddef.h>

/*
 * What a guest asks of its machine by way of a device. The machine fills the struct once, before
 * any device is made; devices find it in device_env. Callbacks come from any thread, often a vCPU's
 * with a device's lock held, so they must only post; the asking vCPU runs on meanwhile. A callback
 * may come any number of times and may be NULL.
 */
enum machine_panic {
	MACHINE_PANICKED,     /* the guest's kernel has crashed and does nothing more */
	MACHINE_CRASH_LOADED, /* it has crashed and now runs a crash kernel, which saves a dump */
};

struct machine_requests {
	/* `source` is static text for the log: "i8042", "acpi-reset". */
	void (*reset)(void *arg, const char *source);
	void (*power_off)(void *arg);
	void (*panicked)(void *arg, enum machine_panic kind);
	/* End the process with this code. */
	void (*exit)(void *arg, int code);
	void *arg;
};

/* For devices; `requests` may be NULL. */
static inline void request_reset(const struct machine_requests *requests, const char *source)
{
	if (requests && requests->reset) {
		requests->reset(requests->arg, source);
	}
}

static inline void request_power_off(const struct machine_requests *requests)
{
	if (requests && requests->power_off) {
		requests->power_off(requests->arg);
	}
}

static inline void request_panicked(const struct machine_requests *requests,
				    enum machine_panic kind)
{
	if (requests && requests->panicked) {
		requests->panicked(requests->arg, kind);
	}
}

static inline void request_exit(const struct machine_requests *requests, int code)
{
	if (requests && requests->exit) {
		requests->exit(requests->arg, code);
	}
}

#endif
