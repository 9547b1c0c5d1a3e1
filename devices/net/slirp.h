/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_SLIRP_H
#define THUNDERLAKE_DEVICES_NET_SLIRP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "devices/net/hostfwd.h"
#include "devices/net/net.h"

/* The network that libslirp plays for the guest. Only in builds with HAVE_SLIRP. */
struct slirp_backend_config {
	struct in_addr network;
	struct in_addr mask;
	struct in_addr gateway;
	struct in_addr name_server;
	struct in_addr first_lease;
	bool ipv6;
	bool restricted; /* the guest reaches nothing but what `forwards` let in */
	size_t mtu;	 /* 0: 1500 */
	const struct hostfwd *forwards;
	size_t forward_count;
};

/* Everything is copied. The errno of a port that cannot be listened on, -ENOMEM. On the loop. */
int slirp_backend_create(struct loop *loop, const struct net_card *card,
			 const struct slirp_backend_config *config, struct net_backend **out,
			 struct error *err);

#endif
