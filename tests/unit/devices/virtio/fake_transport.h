/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_TRANSPORT_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_TRANSPORT_H

#include <stdint.h>

struct fake_ring;
struct guest_mem;
struct virtio_device;

/* What devices/virtio/virtio.h asks of a transport, without PCI: it remembers. */
struct fake_transport {
	struct virtio_device *device; /* plugged in last */
	unsigned signals;	      /* interrupts that the driver wanted */
	unsigned config_updates;
	unsigned failures; /* virtio_fail, or a corrupt ring met by virtio_pop */
};
extern struct fake_transport fake_transport;

/* DRIVER_OK with these features, of those offered, and one ring for each queue. */
void fake_transport_start(struct guest_mem *mem, uint64_t features, const struct fake_ring *rings);

#endif
