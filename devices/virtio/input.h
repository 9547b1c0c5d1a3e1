/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_INPUT_H
#define THUNDERLAKE_DEVICES_VIRTIO_INPUT_H

#include "devices/device.h"

/*
 * Input devices (virtio 1.2 §5.8), sinks of env->input while a driver runs them: a keyboard with
 * lamps, whose repeats the guest makes, a relative mouse and an absolute tablet with wheels of high
 * resolution, a touch screen for ten fingers. A guest that falls behind loses movements, but no
 * release of a key. While the machine is paused nothing is sent; what is still held afterwards is
 * told then.
 */
extern const struct device_type virtio_keyboard_type;
extern const struct device_type virtio_mouse_type;
extern const struct device_type virtio_tablet_type;
extern const struct device_type virtio_multitouch_type;

#endif
