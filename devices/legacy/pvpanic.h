/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_PVPANIC_H
#define THUNDERLAKE_DEVICES_LEGACY_PVPANIC_H

#include "devices/device.h"

/* The port at LAYOUT_PVPANIC_PORT where a kernel tells that it has crashed (QEMU
 * docs/specs/pvpanic). */
extern const struct device_type pvpanic_type;

#endif
