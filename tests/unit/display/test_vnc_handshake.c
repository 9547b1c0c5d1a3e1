/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_handshake.c */
#include "display/vnc_handshake.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "vmm/base/compiler.h"

/* All dialogues: what the viewer says, and what is left to be heard at the end. */

/* Not DES, but nothing that one guesses either. */
static void encrypt(uint8_t challenge[VNC_CHALLENGE_SIZE], const char *password)
{
	for (size_t i = 0; i < VNC_CHALLENGE_SIZE; i++) {
		challenge[i] ^= (uint8_t)password[i % strlen(password)];
	}
}

/* By number: parameters of tests go to another process, where pointers mean nothing. */
enum policy {
	OPEN,
	PASSWORD,
	TLS,
};

static const struct vnc_handshake_policy policies[] = {
	[OPEN] = { .encrypt = encrypt },
	[PASSWORD] = { .password = "x", .encrypt = encrypt },
	[TLS] = { .wants_tls = true, .encrypt = encrypt },
};

/* The challenge, and what "x" makes of it. */
#define CHALLENGE "0123456789abcdef"
#define RESPONSE  "HIJKLMNO@A\x19\x1a\x1b\x1c\x1d\x1e"

TestSuite(vnc_handshake, .timeout = 20);

struct dialogue {
	enum policy policy;
	char said[64];
	size_t said_length;
	enum vnc_handshake_step end;
	char heard[96]; /* after the version */
	size_t heard_length;
};

#define BYTES(text) text, sizeof(text) - 1

static struct dialogue dialogues[] = {
	{ OPEN, BYTES("RFB 003.008\n\x01"), VNC_HANDSHAKE_DONE, BYTES("\x01\x01\0\0\0\0") },
	{ OPEN, BYTES("RFB 003.889\n\x01"), VNC_HANDSHAKE_DONE, BYTES("\x01\x01\0\0\0\0") },
	{ OPEN, BYTES("RFB 004.001\n\x01"), VNC_HANDSHAKE_DONE, BYTES("\x01\x01\0\0\0\0") },
	{ OPEN, BYTES("RFB 003.007\n\x01"), VNC_HANDSHAKE_DONE, BYTES("\x01\x01") },
	{ OPEN, BYTES("RFB 003.003\n"), VNC_HANDSHAKE_DONE, BYTES("\0\0\0\x01") },
	{ OPEN, BYTES("RFB 003.005\n"), VNC_HANDSHAKE_DONE, BYTES("\0\0\0\x01") },
	{ OPEN, BYTES("RFB 002.000\n"), VNC_HANDSHAKE_REFUSED, BYTES("") },
	{ OPEN, BYTES("RFB 003,008\n"), VNC_HANDSHAKE_REFUSED, BYTES("") },
	{ OPEN, BYTES("GET / HTTP/1"), VNC_HANDSHAKE_REFUSED, BYTES("") },
	{ OPEN, BYTES("RFB 003.008\n\x02"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x01\0\0\0\x01\0\0\0\"this security type was not offered") },
	{ PASSWORD, BYTES("RFB 003.008\n\x02" RESPONSE), VNC_HANDSHAKE_DONE,
	  BYTES("\x01\x02" CHALLENGE "\0\0\0\0") },
	{ PASSWORD, BYTES("RFB 003.007\n\x02" RESPONSE), VNC_HANDSHAKE_DONE,
	  BYTES("\x01\x02" CHALLENGE "\0\0\0\0") },
	{ PASSWORD, BYTES("RFB 003.003\n" RESPONSE), VNC_HANDSHAKE_DONE,
	  BYTES("\0\0\0\x02" CHALLENGE "\0\0\0\0") },
	{ PASSWORD, BYTES("RFB 003.008\n\x02" CHALLENGE), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x02" CHALLENGE "\0\0\0\x01\0\0\0\x0ewrong password") },
	{ PASSWORD, BYTES("RFB 003.003\n" CHALLENGE), VNC_HANDSHAKE_REFUSED,
	  BYTES("\0\0\0\x02" CHALLENGE "\0\0\0\x01") },
	{ PASSWORD, BYTES("RFB 003.008\n\x01"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x02\0\0\0\x01\0\0\0\"this security type was not offered") },
	{ TLS, BYTES("RFB 003.008\n\x13\0\x02\0\0\x01\x04"), VNC_HANDSHAKE_START_TLS,
	  BYTES("\x01\x13\0\x02\0\x01\0\0\x01\x04\x01") },
	{ TLS, BYTES("RFB 003.008\n\x13\0\x01"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x13\0\x02\xff") },
	{ TLS, BYTES("RFB 003.008\n\x13\0\x02\0\0\x01\x02"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x13\0\x02\0\x01\0\0\x01\x04\0") },
	{ TLS, BYTES("RFB 003.008\n\x01"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\x01\x13\0\0\0\x01\0\0\0\"this security type was not offered") },
	{ TLS, BYTES("RFB 003.003\n"), VNC_HANDSHAKE_REFUSED,
	  BYTES("\0\0\0\0\0\0\0&this machine is shown through TLS only") },
};

ParameterizedTestParameters(vnc_handshake, dialogue_ends_as_it_should)
{
	return cr_make_param_array(struct dialogue, dialogues, ARRAY_SIZE(dialogues));
}

ParameterizedTest(struct dialogue *d, vnc_handshake, dialogue_ends_as_it_should)
{
	enum vnc_handshake_step step = VNC_HANDSHAKE_GOES_ON;
	struct vnc_handshake handshake;
	uint8_t heard[256];
	size_t used = 0, heard_length = 0;

	vnc_handshake_start(&handshake, &policies[d->policy], (const uint8_t *)CHALLENGE);
	cr_assert(eq(sz, handshake.output_length, 12));
	while (step == VNC_HANDSHAKE_GOES_ON) {
		size_t wants = vnc_handshake_wants(&handshake);

		cr_assert(le(sz, wants, d->said_length - used));
		cr_assert(le(sz, wants, VNC_HANDSHAKE_INPUT_MAX));
		step = vnc_handshake_take(&handshake, (const uint8_t *)d->said + used);
		used += wants;
		memcpy(heard + heard_length, handshake.output, handshake.output_length);
		heard_length += handshake.output_length;
	}
	cr_assert(eq(int, step, d->end));
	cr_assert(eq(sz, used, d->said_length));
	cr_assert(eq(sz, heard_length, d->heard_length));
	cr_assert(eq(int, memcmp(heard, d->heard, heard_length), 0));
}

Test(vnc_handshake, password_inside_tls)
{
	const struct vnc_handshake_policy policy = { .password = "x",
						     .wants_tls = true,
						     .encrypt = encrypt };
	struct vnc_handshake handshake;

	vnc_handshake_start(&handshake, &policy, (const uint8_t *)CHALLENGE);
	(void)vnc_handshake_take(&handshake, (const uint8_t *)"RFB 003.008\n");
	(void)vnc_handshake_take(&handshake, (const uint8_t *)"\x13");
	(void)vnc_handshake_take(&handshake, (const uint8_t *)"\0\x02");
	cr_assert(eq(int, vnc_handshake_take(&handshake, (const uint8_t *)"\0\0\x01\x05"),
		     VNC_HANDSHAKE_START_TLS));
	cr_assert(eq(int, vnc_handshake_secured(&handshake), VNC_HANDSHAKE_GOES_ON));
	cr_assert(eq(sz, handshake.output_length, 16));
	cr_assert(eq(int, vnc_handshake_take(&handshake, (const uint8_t *)RESPONSE),
		     VNC_HANDSHAKE_DONE));
}

Test(vnc_handshake, nothing_goes_on_after_the_end)
{
	struct vnc_handshake handshake;

	vnc_handshake_start(&handshake, &policies[PASSWORD], (const uint8_t *)CHALLENGE);
	(void)vnc_handshake_take(&handshake, (const uint8_t *)"RFB 003.003\n");
	(void)vnc_handshake_take(&handshake, (const uint8_t *)CHALLENGE);
	cr_assert(handshake.has_failed);
	cr_assert(eq(sz, vnc_handshake_wants(&handshake), 0));
	cr_assert(eq(int, vnc_handshake_take(&handshake, (const uint8_t *)RESPONSE),
		     VNC_HANDSHAKE_REFUSED));
	cr_assert(eq(int, vnc_handshake_secured(&handshake), VNC_HANDSHAKE_REFUSED));
}
