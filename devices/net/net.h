/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_NET_H
#define THUNDERLAKE_DEVICES_NET_NET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

struct loop;

/*
 * The host's side of a network card. A frame is an Ethernet frame without FCS; both ways it is led
 * by a `struct virtio_net_hdr_v1` that tells checksum and segmentation offloads, so that a back end
 * that can (tap) passes large frames on, and one that cannot never offers them. One loop.
 */
#define NET_HEADER_BYTES sizeof(struct virtio_net_hdr_v1)
#define NET_FRAME_MAX	 (65550u) /* 64 KiB segment and its Ethernet header */

struct net_backend;

/* The card's end, given at creation. */
struct net_card {
	/* A frame for the guest, header included; on the loop. Returns false when the guest has no
	 * room: the back end keeps or drops the frame, and hears `ready` when there is room. */
	bool (*receive)(void *card, const struct iovec *iov, unsigned count);
	/* Whether receive would take a frame of `bytes` (header included) now. */
	bool (*can_receive)(void *card, size_t bytes);
	/* The host takes frames again after `send` said no. */
	void (*on_writable)(void *card);
	void *card;
};

struct net_ops {
	/* A frame from the guest, header included; borrowed for the call. Never blocks; returns
	 * false when the host has no room now (the card keeps the chain and gets `on_writable`),
	 * true when sent or dropped. */
	bool (*send)(struct net_backend *backend, const struct iovec *iov, unsigned count);
	/* The card has room again. */
	void (*ready)(struct net_backend *backend);
	/* Which VIRTIO_NET_F_* offloads the back end understands. */
	uint64_t (*features)(struct net_backend *backend);
	/* What the driver negotiated of them. */
	void (*set_features)(struct net_backend *backend, uint64_t features);
	void (*destroy)(struct net_backend *backend);
};

struct net_backend {
	const struct net_ops *ops;
	struct loop *loop;
	struct net_card card;
	const char *description; /* "user", "tap tap0": for query commands and texts */
};

/* How to make a back end; tables so that `--net user,…` and `--net tap,…` parse themselves. */
struct net_type {
	const char *name;
	const char *help;
	struct option_table options;
	size_t options_size;
	int (*create)(struct loop *loop, const struct net_card *card, const void *options,
		      struct net_backend **out, struct error *err);
};

extern const struct net_type net_user_type; /* libslirp; only where it was built in */
extern const struct net_type net_tap_type;
extern const struct net_type net_none_type; /* a cable to nowhere */

#endif
