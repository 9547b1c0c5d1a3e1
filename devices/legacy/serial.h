/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_SERIAL_H
#define THUNDERLAKE_DEVICES_LEGACY_SERIAL_H

#include <stdint.h>

#include "devices/device.h"

/* A serial line: a 16550A at one of the four standard places and a back end of devices/char. */
struct serial;

#define SERIAL_LINES 4u

struct serial_options {
	uint64_t index; /* 1 to SERIAL_LINES: COM1 to COM4 */
	char *backend;	/* a text of char.h */
};

extern const struct device_type serial_type;

/* The back end, as char_description names it. Main thread. */
const char *serial_backend(const struct serial *serial);

#endif
