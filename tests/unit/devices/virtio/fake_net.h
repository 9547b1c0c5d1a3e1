/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_NET_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_NET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/net/net.h"
#include "devices/virtio/net.h"
#include "devices/virtio/net_state.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "vmm/base/error.h"

/*
 * A network card between a driver and a back end that remembers: the back end stands in for
 * devices/net/net.c.
 */
#define FAKE_NET_RING_SIZE 16
#define FAKE_NET_FRAME	   60u /* bytes of the shortest frame on a real cable */
#define FAKE_NET_ALL	   UINT64_MAX

/* Where the buffers lie in the guest's memory, a page apart. */
#define FAKE_NET_BUFFER(n) (0x100000u + (n)*0x1000u)

struct fake_net_host {
	struct net_backend base;
	bool full; /* refuses frames */
	unsigned sent, ready;
	struct virtio_net_hdr_v1 header; /* of the last frame */
	uint8_t frame[NET_FRAME_MAX];
	size_t frame_bytes;
	uint64_t features;
};

extern struct fake_net {
	struct guest_mem *mem;
	struct loop *loop;
	struct fake_ring rings[VIRTIO_NET_QUEUES];
	void *card;
	struct error err; /* of fake_net_make_card */
	struct fake_net_host host;
} fake_net;

/* A card as most tests want it; made before each of them. */
void fake_net_set_up(void);
void fake_net_tear_down(void);

/* The card of a machine, its address given or NULL; as device_type.init. */
int fake_net_make_card(const char *machine, const char *mac);
void fake_net_finish_card(void);

/* The driver: negotiates, rings, gives a receive buffer of `length` bytes at FAKE_NET_BUFFER(n). */
void fake_net_start(uint64_t features);
void fake_net_notify(unsigned queue);
void fake_net_give_buffer(unsigned n, uint32_t length);
/* Bytes written of the next used buffer; UINT32_MAX when there is none. */
uint32_t fake_net_take_used(unsigned queue);
/* Sends a frame whose header and body lie in one buffer. */
void fake_net_send_frame(const struct virtio_net_hdr_v1 *header, uint32_t frame_bytes);
/* Runs a control command; returns the device's answer. */
uint8_t fake_net_control(uint8_t class, uint8_t command, const void *data, uint32_t length);

/* A frame from the cable: whether the card took it. */
bool fake_net_receive(const uint8_t *frame, size_t bytes);

/* The guest's memory. */
void *fake_net_ram(uint64_t gpa, size_t length);

#endif
