/* SPDX-License-Identifier: MIT */
#include "devices/net/net.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define VALUE_BYTES   512
#define OFFSET(field) offsetof(struct net_options, field)

const struct net_type *const net_types[] = { &net_user_type, &net_tap_type, &net_none_type, NULL };

/* As in net_types. */
static const char *const type_names[] = { "user", "tap", "none", NULL };

const char net_option_first[] = "type";

const struct option net_option_rows[NET_OPTION_COUNT] = {
	{ .name = net_option_first,
	  .kind = OPTION_CHOICE,
	  .offset = OFFSET(type),
	  .help = "user: NAT that needs no rights; tap: an interface of the host; none",
	  .choices = type_names,
	  .default_text = "user" },
	{ .name = "mac",
	  .kind = OPTION_STRING,
	  .offset = OFFSET(mac),
	  .help = "the card's address (default: made from the names of machine and card)",
	  .value_name = "XX:XX:XX:XX:XX:XX" },
	{ .name = "mtu",
	  .kind = OPTION_INT,
	  .offset = OFFSET(mtu),
	  .help = "largest packet in bytes, told to the guest",
	  .min = NET_MTU_MIN,
	  .max = NET_MTU_MAX },
	{ .name = "hostfwd",
	  .kind = OPTION_LIST,
	  .offset = OFFSET(hostfwd),
	  .help = "user: leads a host port to a guest port (tcp::2222-:22); several times",
	  .value_name = "[tcp|udp]:[ADDR]:PORT-[ADDR]:PORT" },
	{ .name = "net",
	  .kind = OPTION_STRING,
	  .offset = OFFSET(network),
	  .help = "user: the guest's IPv4 network",
	  .value_name = "ADDR/PREFIX",
	  .default_text = "10.0.2.0/24" },
	{ .name = "ipv6",
	  .kind = OPTION_BOOL,
	  .offset = OFFSET(ipv6),
	  .help = "user: IPv6 besides IPv4",
	  .default_text = "on" },
	{ .name = "restrict",
	  .kind = OPTION_BOOL,
	  .offset = OFFSET(restricted),
	  .help = "user: the guest reaches nothing outside; hostfwd still leads in" },
	{ .name = "ifname",
	  .kind = OPTION_STRING,
	  .offset = OFFSET(ifname),
	  .help = "tap: the interface; made if it is not there (needs CAP_NET_ADMIN)",
	  .value_name = "NAME",
	  .default_text = "tap0" },
};

static const struct option_table table = {
	.options = net_option_rows,
	.count = NET_OPTION_COUNT,
	.first = net_option_first,
};

static bool has_option(const struct net_type *type, const char *name)
{
	for (size_t i = 0; type->options[i]; i++) {
		if (!strcmp(type->options[i], name)) {
			return true;
		}
	}
	return false;
}

/* The type, other than `chosen`, that the option belongs to; NULL for what all have. */
static const struct net_type *other_owner(const struct net_type *chosen, const char *name)
{
	for (size_t i = 0; net_types[i]; i++) {
		if (net_types[i] != chosen && has_option(net_types[i], name)) {
			return net_types[i];
		}
	}
	return NULL;
}

/* An option that is not at its default must belong to the type. */
static int check_options(const struct net_type *type, const struct net_options *options,
			 struct error *err)
{
	struct net_options defaults = { 0 };
	char value[VALUE_BYTES];
	char usual[VALUE_BYTES];
	int code = options_set_defaults(&table, &defaults, err);

	for (size_t i = 0; i < NET_OPTION_COUNT && code == 0; i++) {
		const struct option *row = &net_option_rows[i];
		const struct net_type *owner = other_owner(type, row->name);

		if (!owner) {
			continue;
		}
		options_format(row, options, value, sizeof(value));
		options_format(row, &defaults, usual, sizeof(usual));
		if (strcmp(value, usual) != 0) {
			code = error_set(err, -EINVAL, "%s= is an option of %s, not of %s",
					 row->name, owner->name, type->name);
		}
	}
	options_finish(&table, &defaults);
	return code;
}

struct create_call {
	const struct net_type *type;
	const struct net_options *options;
	struct loop *loop;
	const struct net_card *card;
	struct net_backend **out;
	struct error *err;
	int code;
};

static void run_create(void *arg)
{
	struct create_call *call = arg;

	call->code =
		call->type->create(call->loop, call->card, call->options, call->out, call->err);
}

int net_create(const struct net_options *options, struct loop *loop, const struct net_card *card,
	       struct net_backend **out, struct error *err)
{
	struct create_call call = { .type = net_types[options->type],
				    .options = options,
				    .loop = loop,
				    .card = card,
				    .out = out,
				    .err = err };

	*out = NULL;
	call.code = check_options(call.type, options, err);
	if (call.code == 0) {
		loop_call(loop, run_create, &call);
	}
	if (call.code < 0) {
		error_prefix(err, "network %s", call.type->name);
	}
	return call.code;
}

static void run_destroy(void *arg)
{
	struct net_backend *backend = arg;

	backend->ops->destroy(backend);
}

void net_destroy(struct net_backend *backend)
{
	if (backend) {
		loop_call(backend->loop, run_destroy, backend);
	}
}
