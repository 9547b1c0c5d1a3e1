/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_HOSTFWD_H
#define THUNDERLAKE_DEVICES_NET_HOSTFWD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/error.h"

/* A port of the host that leads to a port of the guest. */
struct hostfwd {
	bool udp;
	struct in_addr host; /* INADDR_ANY: every address of the host */
	uint16_t host_port;
	struct in_addr guest; /* INADDR_ANY: the first address that DHCP gives */
	uint16_t guest_port;
};

/* Reads `[tcp|udp]:[HOSTADDR]:PORT-[GUESTADDR]:PORT`, as QEMU writes it; the protocol is tcp when
 * left out. -EINVAL; the text says which part is wrong. Any thread. */
int hostfwd_parse(const char *text, struct hostfwd *out, struct error *err);

/* An IPv4 network as `10.0.2.0/24`, with room for a few addresses (prefix 8 to 28). -EINVAL. */
int ipv4_network_parse(const char *text, struct in_addr *network, struct in_addr *mask,
		       struct error *err);

#endif
