/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_GPU_H
#define THUNDERLAKE_DEVICES_VIRTIO_GPU_H

#include "devices/device.h"

/*
 * A graphics card (virtio 1.2 §5.7) in two dimensions: resources in host memory or, as blobs, in
 * guest memory that is shown where it lies; cursors; a monitor for each scanout. It is the source
 * of `display` in its environment, which must be there, and works on a loop of its own, since
 * copies of whole pictures would delay others.
 */
extern const struct device_type virtio_gpu_type;

#endif
