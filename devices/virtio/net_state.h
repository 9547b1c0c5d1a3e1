/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_NET_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_NET_STATE_H

#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/net/net.h"
#include "devices/virtio/virtio.h"
#include "vmm/base/loop.h"

/* What the files of the network card share; nobody else includes this. */

/* Queue order with one pair (virtio 1.2 §5.1.2). */
enum {
	VIRTIO_NET_RX,
	VIRTIO_NET_TX,
	VIRTIO_NET_CTRL,
	VIRTIO_NET_QUEUES,
};

#define VIRTIO_NET_QUEUE_SIZE 256u
/* A chain has at most as many slices as the largest table has descriptors. */
#define VIRTIO_NET_CHAIN_MAX VIRTQUEUE_MAX_SIZE
#define VIRTIO_NET_RX_SLICES (2 * VIRTIO_NET_CHAIN_MAX)
#define VIRTIO_NET_MACS_MAX  64u

/* What the driver wants to receive (virtio 1.2 §5.1.6.5.1, §5.1.6.5.2). */
struct virtio_net_filter {
	bool promiscuous;
	bool all_multicast, all_unicast;
	bool no_multicast, no_unicast, no_broadcast;
	bool unicast_overflow, multicast_overflow; /* the driver's table is longer than ours */
	unsigned unicast_count, multicast_count;
	uint8_t unicast[VIRTIO_NET_MACS_MAX][ETH_ALEN];
	uint8_t multicast[VIRTIO_NET_MACS_MAX][ETH_ALEN];
};

struct virtio_net {
	struct virtio_device v;
	struct net_backend *backend;
	struct loop *loop;
	uint8_t mac[ETH_ALEN]; /* as configured; the driver's choice is in the configuration */
	char mac_text[ETH_ALEN * 3];
	_Atomic bool link_up;

	struct virtio_net_filter filter;

	bool rx_armed;		     /* the driver rings for new receive buffers */
	bool tx_blocked;	     /* the back end said no */
	struct loop_timer tx_resume; /* the rest of a long batch */

	struct iovec rx_slices[VIRTIO_NET_RX_SLICES];
	struct virtqueue_chain rx_chains[VIRTIO_NET_QUEUE_SIZE];
	struct virtqueue_used rx_used[VIRTIO_NET_QUEUE_SIZE];
	struct iovec tx_slices[VIRTIO_NET_CHAIN_MAX + 1]; /* the first is the header's */
};
VIRTIO_DEVICE_IS_FIRST(struct virtio_net, v);

/* --- net_rx.c --- */

/* A frame from the back end: net_card's receive. */
bool virtio_net_receive(void *card, const struct virtio_net_hdr_v1 *header, const void *frame,
			size_t bytes);
/* The driver has put buffers into the receive queue. */
void virtio_net_rx_ready(struct virtio_net *net);

/* --- net_tx.c --- */

/* Sends what the driver has queued. */
void virtio_net_transmit(struct virtio_net *net);
/* net_card's on_writable. */
void virtio_net_on_writable(void *card);

/* --- net_control.c --- */

/* All as after power-on: everything is received. */
void virtio_net_filter_reset(struct virtio_net *net);
bool virtio_net_filter_accepts(const struct virtio_net *net, const uint8_t *destination);
/* Without what builds on a feature that is missing (virtio 1.2 §5.1.3.1), which a back end's kernel
 * would refuse altogether. */
uint64_t virtio_net_sound_features(uint64_t features);
/* Serves the control queue. */
void virtio_net_control(struct virtio_net *net);

#endif
