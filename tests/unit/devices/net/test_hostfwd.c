/* SPDX-License-Identifier: MIT */
/* LINK: devices/net/hostfwd.c */
#include "devices/net/hostfwd.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

TestSuite(hostfwd, .timeout = 10);

struct good_row {
	char text[48]; /* not a pointer: rows travel to another process */
	bool udp;
	uint32_t host;
	uint16_t host_port;
	uint32_t guest;
	uint16_t guest_port;
};

ParameterizedTestParameters(hostfwd, reads_what_qemu_reads)
{
	static struct good_row rows[] = {
		{ "tcp::2222-:22", false, 0, 2222, 0, 22 },
		{ ":127.0.0.1:1-10.0.2.15:65535", false, 0x7f000001, 1, 0x0a00020f, 65535 },
		{ "udp:192.168.0.1:5353-:53", true, 0xc0a80001, 5353, 0, 53 },
	};

	return cr_make_param_array(struct good_row, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct good_row *row, hostfwd, reads_what_qemu_reads)
{
	struct hostfwd got;

	cr_assert(eq(int, hostfwd_parse(row->text, &got, NULL), 0));
	cr_assert(eq(int, got.udp, row->udp));
	cr_assert(eq(u32, ntohl(got.host.s_addr), row->host));
	cr_assert(eq(u16, got.host_port, row->host_port));
	cr_assert(eq(u32, ntohl(got.guest.s_addr), row->guest));
	cr_assert(eq(u16, got.guest_port, row->guest_port));
}

struct bad_row {
	char text[48]; /* not a pointer: rows travel to another process */
	char says[48]; /* the part of the text that tells what is wrong */
};

ParameterizedTestParameters(hostfwd, says_what_is_wrong)
{
	static struct bad_row rows[] = {
		{ "", "expected" },
		{ "tcp", "expected" },
		{ "tcp::2222", "expected" },
		{ "tcp::2222:22", "expected" },
		{ "sctp::2222-:22", "protocol 'sctp'" },
		{ "tcp:localhost:2222-:22", "'localhost' is not an IPv4 address" },
		{ "tcp::2222-10.0.2.300:22", "'10.0.2.300' is not an IPv4 address" },
		{ "tcp::0-:22", "host port '0'" },
		{ "tcp::65536-:22", "host port '65536'" },
		{ "tcp::-:22", "host port ''" },
		{ "tcp::2222-:", "guest port ''" },
		{ "tcp::2222-:22x", "guest port '22x'" },
		{ "tcp::2222-:99999999999999999999", "guest port" },
	};

	return cr_make_param_array(struct bad_row, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct bad_row *row, hostfwd, says_what_is_wrong)
{
	struct hostfwd got;
	struct error err = { "" };

	cr_assert(eq(int, hostfwd_parse(row->text, &got, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "%s", err.text);
}

Test(hostfwd, network_has_address_and_mask)
{
	struct in_addr network;
	struct in_addr mask;

	cr_assert(eq(int, ipv4_network_parse("192.168.76.0/24", &network, &mask, NULL), 0));
	cr_assert(eq(u32, ntohl(network.s_addr), 0xc0a84c00));
	cr_assert(eq(u32, ntohl(mask.s_addr), 0xffffff00));
}

ParameterizedTestParameters(hostfwd, network_of_wrong_form_is_refused)
{
	static struct bad_row rows[] = {
		{ "10.0.2.0", "is not an IPv4 network" },
		{ "10.0.2/24", "is not an IPv4 network" },
		{ "10.0.2.0/", "is not an IPv4 network" },
		{ "10.0.2.0/29", "/8 to /28" },
		{ "10.0.2.0/0", "/8 to /28" },
		{ "10.0.2.1/24", "bits behind" },
	};

	return cr_make_param_array(struct bad_row, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct bad_row *row, hostfwd, network_of_wrong_form_is_refused)
{
	struct in_addr network;
	struct in_addr mask;
	struct error err = { "" };

	cr_assert(eq(int, ipv4_network_parse(row->text, &network, &mask, &err), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "%s", err.text);
}
