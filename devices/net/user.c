/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "config.h"
#include "devices/net/hostfwd.h"
#include "devices/net/net.h"
#include "devices/net/slirp.h"
#include "vmm/base/compiler.h"

/* Where things are in the guest's network, counted from its start: as QEMU has them. */
enum {
	GATEWAY_HOST = 2,
	NAME_SERVER_HOST = 3,
	FIRST_LEASE_HOST = 15,
	FIRST_LEASE_SMALL = 4, /* in networks that end before FIRST_LEASE_HOST */
};

static struct in_addr host_in(struct in_addr network, uint32_t host)
{
	return (struct in_addr){ .s_addr = htonl(ntohl(network.s_addr) + host) };
}

static int place_hosts(const struct net_options *options, struct slirp_backend_config *config,
		       struct error *err)
{
	uint32_t size;
	int code = ipv4_network_parse(options->network, &config->network, &config->mask, err);

	if (code < 0) {
		return code;
	}
	size = ~ntohl(config->mask.s_addr);
	config->gateway = host_in(config->network, GATEWAY_HOST);
	config->name_server = host_in(config->network, NAME_SERVER_HOST);
	config->first_lease = host_in(config->network, size > FIRST_LEASE_HOST ? FIRST_LEASE_HOST
									       : FIRST_LEASE_SMALL);
	return 0;
}

static int parse_forwards(const struct net_options *options,
			  const struct slirp_backend_config *config, struct hostfwd *forwards,
			  struct error *err)
{
	for (size_t i = 0; i < options->hostfwd.count; i++) {
		const char *text = options->hostfwd.items[i];
		int code = hostfwd_parse(text, &forwards[i], err);

		if (code < 0) {
			return code;
		}
		if (forwards[i].guest.s_addr &&
		    (forwards[i].guest.s_addr & config->mask.s_addr) != config->network.s_addr) {
			return error_set(err, -EINVAL,
					 "hostfwd=%.80s: the guest's address is not in its "
					 "network %s",
					 text, options->network);
		}
	}
	return 0;
}

static int user_create(struct loop *loop, const struct net_card *card,
		       const struct net_options *options, struct net_backend **out,
		       struct error *err)
{
	AUTO_FREE struct hostfwd *forwards = NULL;
	struct slirp_backend_config config = { .ipv6 = options->ipv6,
					       .restricted = options->restricted,
					       .mtu = options->mtu,
					       .forward_count = options->hostfwd.count };
	int code = place_hosts(options, &config, err);

	if (code < 0) {
		return code;
	}
	forwards = calloc(options->hostfwd.count + 1, sizeof(*forwards));
	if (!forwards) {
		return error_set_errno(err, -ENOMEM, "forwarded ports");
	}
	config.forwards = forwards;
	code = parse_forwards(options, &config, forwards, err);
	if (code < 0) {
		return code;
	}
	if (HAVE_SLIRP) {
		return slirp_backend_create(loop, card, &config, out, err);
	}
	return error_set(err, -ENOTSUP,
			 "this build has no user-mode network; install libslirp-dev and configure "
			 "again, or use tap or none");
}

static const char *const user_options[] = { "hostfwd", "net", "ipv6", "restrict", NULL };

const struct net_type net_user_type = {
	.name = "user",
	.help = "user-mode NAT with DHCP and DNS; needs no rights",
	.options = user_options,
	.create = user_create,
};
