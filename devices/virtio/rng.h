/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_RNG_H
#define THUNDERLAKE_DEVICES_VIRTIO_RNG_H

#include "devices/device.h"

/*
 * Entropy device (virtio 1.2 §5.4): fills what the driver offers from the host's getrandom(). With
 * `max-bytes` the guest gets no more than that in each `period` milliseconds.
 */
extern const struct device_type virtio_rng_type;

#endif
