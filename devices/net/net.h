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
 * that can (tap) passes large frames on, and one that cannot never offers them. The header comes
 * whole in the first iovec. One loop: all below except parsing happens on it.
 */
#define NET_HEADER_BYTES sizeof(struct virtio_net_hdr_v1)
#define NET_FRAME_MAX	 (65550u) /* 64 KiB segment and its Ethernet header */
#define NET_FRAME_MIN	 (14u)	  /* an Ethernet header */
#define NET_MTU_MIN	 68u
#define NET_MTU_MAX	 65520u

struct net_backend;

/* The card's end, given at creation. */
struct net_card {
	/* A frame for the guest, header included. Returns false when the guest has no room: the
	 * back end keeps or drops the frame, and hears `ready` when there may be room. */
	bool (*receive)(void *card, const struct iovec *iov, unsigned count);
	/* The host takes frames again after `send` said no. */
	void (*on_writable)(void *card);
	void *card;
};

struct net_ops {
	/* A frame from the guest, header included; borrowed for the call. The header is the card's
	 * own and checked, the rest lies in guest memory. Never blocks; returns false when the host
	 * has no room now (the card keeps the chain and gets `on_writable`), true when sent or
	 * dropped. May call the card's receive before it returns. */
	bool (*send)(struct net_backend *backend, const struct iovec *iov, unsigned count);
	/* The card has room again. */
	void (*ready)(struct net_backend *backend);
	/* Which VIRTIO_NET_F_* offloads the back end understands. */
	uint64_t (*features)(struct net_backend *backend);
	/* What the driver negotiated of them. */
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

/* What every type can be told; the first member of each type's options. */
struct net_options {
	char *mac;    /* NULL: the card chooses */
	uint64_t mtu; /* 0: the usual */
};

/* The rows of an option table for it; `type` is the struct that starts with `common`. */
#define NET_OPTION_ROWS(type)                                                             \
	{ .name = "mac",                                                                  \
	  .kind = OPTION_STRING,                                                          \
	  .offset = offsetof(type, common.mac),                                           \
	  .help = "the card's address (default: made from the names of VM and card)",     \
	  .value_name = "XX:XX:XX:XX:XX:XX" },                                            \
	{                                                                                 \
		.name = "mtu", .kind = OPTION_INT, .offset = offsetof(type, common.mtu),  \
		.help = "largest packet in bytes, told to the guest", .min = NET_MTU_MIN, \
		.max = NET_MTU_MAX                                                        \
	}

/* How to make a back end; tables so that `--net user,…` and `--net tap,…` parse themselves. */
struct net_type {
	const char *name;
	const char *help;
	struct option_table options;
	size_t options_size; /* of a struct that starts with struct net_options */
	int (*create)(struct loop *loop, const struct net_card *card, const void *options,
		      struct net_backend **out, struct error *err);
};

extern const struct net_type net_user_type; /* says so where libslirp was not built in */
extern const struct net_type net_tap_type;
extern const struct net_type net_none_type; /* a cable to nowhere */

/* All of them, NULL-terminated. */
extern const struct net_type *const net_types[];

/* A parsed `--net` text: `user,hostfwd=tcp::2222-:22`, `tap,ifname=tap0`, `none`. */
struct net_config {
	const struct net_type *type;
	struct net_options *options; /* the start of the type's own struct; owned */
};

/* Any thread. -EINVAL unknown type (the nearest is suggested) or as options_parse. */
int net_config_parse(const char *text, struct net_config *out, struct error *err);
void net_config_finish(struct net_config *config);

/* Makes the back end on its loop; any thread but that of a callback of this loop that holds a
 * lock. Errors are those of the type, which name the object and what to do. */
int net_create(const struct net_config *config, struct loop *loop, const struct net_card *card,
	       struct net_backend **out, struct error *err);
/* As net_create; NULL is fine. The card hears nothing afterwards. */
void net_destroy(struct net_backend *backend);

#endif
