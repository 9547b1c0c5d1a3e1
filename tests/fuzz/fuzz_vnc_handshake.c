/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_handshake.c */
/* What strangers say to the VNC server. The first byte chooses what it wants of them. */
#include <stdlib.h>
#include <string.h>

#include "display/vnc_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encrypt(uint8_t challenge[VNC_CHALLENGE_SIZE], const char *password)
{
	for (size_t i = 0; i < VNC_CHALLENGE_SIZE; i++) {
		challenge[i] = (uint8_t)(challenge[i] * 31 + password[0]);
	}
}

/* Whoever is let in has said what the policy asks for. */
static void check_done(const struct vnc_handshake *handshake, bool has_answered, bool has_tls)
{
	if (handshake->policy->password && !has_answered) {
		abort();
	}
	if (handshake->policy->wants_tls && !has_tls) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t choice = size > 0 ? data[0] : 0;
	const struct vnc_handshake_policy policy = { .password = choice & 1 ? "secret" : NULL,
						     .wants_tls = choice & 2,
						     .encrypt = encrypt };
	enum vnc_handshake_step step = VNC_HANDSHAKE_GOES_ON;
	const uint8_t challenge[VNC_CHALLENGE_SIZE] = { 0 };
	bool has_answered = false, has_tls = false;
	struct vnc_handshake handshake;
	size_t used = 1;

	vnc_handshake_start(&handshake, &policy, challenge);
	while (step == VNC_HANDSHAKE_GOES_ON) {
		size_t wants = vnc_handshake_wants(&handshake);
		uint8_t input[VNC_HANDSHAKE_INPUT_MAX];

		if (wants == 0 || wants > sizeof(input)) {
			abort();
		}
		if (used + wants > size) {
			return 0;
		}
		memcpy(input, data + used, wants);
		used += wants;
		has_answered |= wants == VNC_CHALLENGE_SIZE;
		step = vnc_handshake_take(&handshake, input);
		if (step == VNC_HANDSHAKE_START_TLS) {
			has_tls = true;
			step = vnc_handshake_secured(&handshake);
		}
	}
	if (step == VNC_HANDSHAKE_DONE) {
		check_done(&handshake, has_answered, has_tls);
	}
	return 0;
}
