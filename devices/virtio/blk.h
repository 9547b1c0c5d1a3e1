/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_BLK_H
#define THUNDERLAKE_DEVICES_VIRTIO_BLK_H

#include "devices/device.h"

struct block_info;

/*
 * A disk (virtio 1.2 §5.2): flush, discard, write zeroes, several queues. It polls its queues while
 * that pays. `loop` of its environment should be its own: reads from the page cache are made there.
 */
extern const struct device_type virtio_blk_type;

/* What stands behind the disk; valid until finish. `state` is the device type's state. Main thread.
 */
const struct block_info *virtio_blk_info(const void *state);

#endif
