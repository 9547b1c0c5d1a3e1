/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_GPU_H
#define THUNDERLAKE_DEVICES_VIRTIO_GPU_H

#include <stdbool.h>

#include "devices/device.h"

struct boot_framebuffer;

/*
 * A graphics card (virtio 1.2 §5.7) in two dimensions: resources in host memory or, as blobs, in
 * guest memory that is shown where it lies; cursors; a monitor for each scanout. It is the source
 * of `display` in its environment, which must be there, and works on a loop of its own, since
 * copies of whole pictures would delay others.
 */
extern const struct device_type virtio_gpu_type;

/* What the boot parameters are to tell of (vmm/boot/boot_config.h); false: the boot screen is
 * switched off. `state` is the device type's. Main thread. */
bool virtio_gpu_boot_framebuffer(const void *state, struct boot_framebuffer *out);

#endif
