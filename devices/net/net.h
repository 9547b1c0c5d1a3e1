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
 * that can (tap) passes large frames on, and one that cannot never offers them. One loop: all but
 * creation and destruction happens on it.
 */
#define NET_HEADER_BYTES sizeof(struct virtio_net_hdr_v1)
#define NET_FRAME_MAX	 (65550u) /* 64 KiB segment and its Ethernet header */
#define NET_FRAME_MIN	 (14u)	  /* an Ethernet header */
#define NET_MTU_MIN	 68u
#define NET_MTU_MAX	 65520u

struct net_backend;

/* The card's end, given at creation. */
struct net_card {
	/* A frame for the guest, NET_FRAME_MIN to NET_FRAME_MAX bytes. Returns false when the guest
	 * has no room: the back end keeps or drops the frame, and hears `ready` when there may be
	 * room. */
	bool (*receive)(void *card, const struct virtio_net_hdr_v1 *header, const void *frame,
			size_t bytes);
	/* The host takes frames again after `send` said no. */
	void (*on_writable)(void *card);
	void *card;
};

struct net_ops {
	/* A frame from the guest, borrowed for the call. iov[0] is the header, the card's own copy
	 * and checked; the rest lies in guest memory and is NET_FRAME_MIN to NET_FRAME_MAX bytes.
	 * Never blocks; returns false when the host has no room now (the card keeps the chain and
	 * gets `on_writable`), true when sent or dropped. May call the card's receive before it
	 * returns. */
	bool (*send)(struct net_backend *backend, const struct iovec *iov, unsigned count);
	/* The card has room again. */
	void (*ready)(struct net_backend *backend);
	/* Which VIRTIO_NET_F_* offloads the back end understands. */
	uint64_t (*features)(struct net_backend *backend);
	/* What the driver negotiated of them, each with those that it builds on. */
	void (*set_features)(struct net_backend *backend, uint64_t features);
	void (*destroy)(struct net_backend *backend);
};

/* First member of each back end's state. */
struct net_backend {
	const struct net_ops *ops;
	struct loop *loop;
	struct net_card card;
	const char *description; /* "user", "tap tap0": for query commands and texts */
};

/* What `--net TYPE,…` tells. One table for all types, so that it is a card's table as well; what
 * does not belong to the chosen type is refused by net_create. */
struct net_options {
	unsigned type; /* index into net_types */
	char *mac;     /* NULL: the card chooses */
	uint64_t mtu;  /* 0: the usual */

	/* user */
	struct option_list hostfwd;
	char *network;
	bool ipv6;
	bool restricted;

	/* tap */
	char *ifname;
};

#define NET_OPTION_COUNT 8
extern const struct option net_option_rows[NET_OPTION_COUNT];
extern const char net_option_first[]; /* the option that a leading value means */

struct net_type {
	const char *name;
	const char *help;
	const char *const *options; /* those of its own, NULL-terminated */
	int (*create)(struct loop *loop, const struct net_card *card,
		      const struct net_options *options, struct net_backend **out,
		      struct error *err);
};

extern const struct net_type net_user_type; /* says so where libslirp was not built in */
extern const struct net_type net_tap_type;
extern const struct net_type net_none_type; /* a cable to nowhere */

/* All of them, NULL-terminated. */
extern const struct net_type *const net_types[];

/* Makes the back end on its loop; any thread but that of a callback of this loop that holds a
 * lock. -EINVAL: an option of another type. Other errors are those of the type; the text names the
 * object and what to do. */
int net_create(const struct net_options *options, struct loop *loop, const struct net_card *card,
	       struct net_backend **out, struct error *err);
/* As net_create; NULL is fine. The card hears nothing afterwards. */
void net_destroy(struct net_backend *backend);

#endif
