/* SPDX-License-Identifier: MIT */
#include "devices/net/hostfwd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"
#include "vmm/base/options.h"

#define FIELD_BYTES 32 /* longer than any right field */
#define PREFIX_MIN  8
#define PREFIX_MAX  28

/* Copies what is before `end` and steps over it; false if `end` does not come or it is too long. */
static bool take_field(const char **text, char end, char *field)
{
	const char *stop = end ? strchr(*text, end) : *text + strlen(*text);

	if (!stop || stop - *text >= FIELD_BYTES) {
		return false;
	}
	memcpy(field, *text, (size_t)(stop - *text));
	field[stop - *text] = '\0';
	*text = end ? stop + 1 : stop;
	return true;
}

static int parse_protocol(const char *field, bool *udp, struct error *err)
{
	*udp = !strcmp(field, "udp");
	if (*udp || field[0] == '\0' || !strcmp(field, "tcp")) {
		return 0;
	}
	return error_set(err, -EINVAL, "protocol '%s' is neither tcp nor udp", field);
}

/* An empty field means any address. */
static int parse_address(const char *field, struct in_addr *out, struct error *err)
{
	out->s_addr = htonl(INADDR_ANY);
	if (field[0] == '\0' || inet_pton(AF_INET, field, out) == 1) {
		return 0;
	}
	return error_set(err, -EINVAL, "'%s' is not an IPv4 address", field);
}

static int parse_port(const char *field, const char *whose, uint16_t *out, struct error *err)
{
	uint64_t port;

	if (parse_number(field, &port) < 0 || port == 0 || port > UINT16_MAX) {
		return error_set(err, -EINVAL, "%s port '%s' is not a number from 1 to 65535",
				 whose, field);
	}
	*out = (uint16_t)port;
	return 0;
}

static int parse_fields(const char *text, struct hostfwd *out, struct error *err)
{
	char protocol[FIELD_BYTES], host[FIELD_BYTES], host_port[FIELD_BYTES];
	char guest[FIELD_BYTES], guest_port[FIELD_BYTES];
	int code;

	if (!take_field(&text, ':', protocol) || !take_field(&text, ':', host) ||
	    !take_field(&text, '-', host_port) || !take_field(&text, ':', guest) ||
	    !take_field(&text, '\0', guest_port)) {
		return error_set(err, -EINVAL,
				 "expected [tcp|udp]:[HOSTADDR]:PORT-[GUESTADDR]:PORT, as in "
				 "tcp::2222-:22");
	}
	code = parse_protocol(protocol, &out->udp, err);
	code = code ? code : parse_address(host, &out->host, err);
	code = code ? code : parse_port(host_port, "host", &out->host_port, err);
	code = code ? code : parse_address(guest, &out->guest, err);
	return code ? code : parse_port(guest_port, "guest", &out->guest_port, err);
}

int hostfwd_parse(const char *text, struct hostfwd *out, struct error *err)
{
	int code = parse_fields(text, out, err);

	if (code < 0) {
		error_prefix(err, "hostfwd=%.80s", text);
	}
	return code;
}

int ipv4_network_parse(const char *text, struct in_addr *network, struct in_addr *mask,
		       struct error *err)
{
	const char *rest = text;
	char address[FIELD_BYTES];
	uint64_t prefix;

	if (!take_field(&rest, '/', address) || inet_pton(AF_INET, address, network) != 1 ||
	    parse_number(rest, &prefix) < 0) {
		return error_set(err, -EINVAL,
				 "net=%.40s is not an IPv4 network, as in 10.0.2.0/24", text);
	}
	if (prefix < PREFIX_MIN || prefix > PREFIX_MAX) {
		return error_set(err, -EINVAL, "net=%.40s: the prefix must be /%d to /%d", text,
				 PREFIX_MIN, PREFIX_MAX);
	}
	mask->s_addr = htonl(UINT32_MAX << (32 - prefix));
	if (network->s_addr & ~mask->s_addr) {
		return error_set(err, -EINVAL, "net=%.40s has bits behind its /%u prefix", text,
				 (unsigned)prefix);
	}
	return 0;
}
