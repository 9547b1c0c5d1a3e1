/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_NET_H
#define THUNDERLAKE_DEVICES_VIRTIO_NET_H

#include <stdbool.h>

#include "devices/device.h"

/*
 * The network card (virtio 1.2 §5.1): one queue pair and the control queue. Checksum and
 * segmentation offloads are what the back end offers. Without `mac=`, the address is local and
 * unicast, made from the names of machine and card: the same at each start, different for others.
 * Its options are struct net_options; `state` below is the device's state of this type.
 */
extern const struct device_type virtio_net_type;

/* Plugs the cable in or pulls it. Main thread. */
void virtio_net_set_link(void *state, bool up);
bool virtio_net_link_is_up(const void *state);

/* For query commands: "user", "tap tap0"; "52:54:00:12:34:56". Valid as long as the device. */
const char *virtio_net_backend(const void *state);
const char *virtio_net_address(const void *state);

#endif
