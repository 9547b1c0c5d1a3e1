/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_CONSOLE_H
#define THUNDERLAKE_DEVICES_VIRTIO_CONSOLE_H

#include <stddef.h>

#include "devices/device.h"

/*
 * The console device (virtio 1.2 §5.3): consoles (hvc0 …) and named ports (/dev/virtio-ports/NAME),
 * each with a back end of devices/char, or the agent of vdagent.h. With one console and nothing
 * else the device does without the multiport feature: a driver then reads the console's size from
 * configuration space, where there is no doubt about its byte order and field order (Linux has read
 * RESIZE messages both ways). With ports alone there is no port 0, which drivers take for a
 * console.
 */
struct console;

#define CONSOLE_PORTS_MAX 31u

struct console_options {
	struct option_list consoles; /* texts of char.h */
	struct option_list ports;    /* NAME:BACKEND */
};

extern const struct device_type virtio_console_type;

/* For query commands; main thread. The name of a console is NULL. */
size_t virtio_console_port_count(const struct console *console);
const char *virtio_console_port_name(const struct console *console, size_t port);
const char *virtio_console_port_backend(const struct console *console, size_t port);

#endif
