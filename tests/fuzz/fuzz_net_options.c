/* SPDX-License-Identifier: MIT */
/* LINK: devices/net/ */
/* The text of --net, its forwarded ports and its network, as a user or a file may write them. */
#include <stdlib.h>
#include <string.h>

#include "devices/net/hostfwd.h"
#include "devices/net/net.h"

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_parts(const struct net_options *options)
{
	struct hostfwd forward;
	struct in_addr network;
	struct in_addr mask;
	struct error err;

	for (size_t i = 0; i < options->hostfwd.count; i++) {
		if (hostfwd_parse(options->hostfwd.items[i], &forward, &err) == 0 &&
		    (!forward.host_port || !forward.guest_port)) {
			abort();
		}
	}
	if (ipv4_network_parse(options->network, &network, &mask, &err) == 0 &&
	    (network.s_addr & ~mask.s_addr)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct option_table table = { .options = net_option_rows,
					    .count = NET_OPTION_COUNT,
					    .first = net_option_first };
	struct net_options options = { 0 };
	struct error err;
	char text[TEXT_MAX + 1];

	if (size > TEXT_MAX) {
		return -1;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	if (options_parse(&table, text, &options, &err) == 0) {
		parse_parts(&options);
		options_finish(&table, &options);
	}
	return 0;
}
