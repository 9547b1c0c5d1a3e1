/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_HANDSHAKE_H
#define THUNDERLAKE_DISPLAY_VNC_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The part of the RFB protocol that strangers can speak: versions, security types, password
 * (RFC 6143 §7.1 and §7.2; VeNCrypt 0.2 of the community's rfbproto for TLS). Bytes come in, bytes
 * go out; no socket, no clock. Only who came to its end meets the library.
 */
#define VNC_PASSWORD_MAX   8u /* bytes that the protocol's DES challenge looks at */
#define VNC_CHALLENGE_SIZE 16u

/* What a viewer has to do. */
struct vnc_handshake_policy {
	const char *password; /* NULL: none is needed; borrowed */
	bool wants_tls;
	/* Replaces the challenge by what somebody who knows the password makes of it. */
	void (*encrypt)(uint8_t challenge[VNC_CHALLENGE_SIZE], const char *password);
};

enum vnc_handshake_step {
	VNC_HANDSHAKE_GOES_ON,
	VNC_HANDSHAKE_START_TLS, /* after the output is sent; all that follows goes through TLS */
	VNC_HANDSHAKE_DONE,	 /* after the output is sent, ClientInit comes next */
	VNC_HANDSHAKE_REFUSED,	 /* after the output is sent, close */
};

enum vnc_handshake_state {
	VNC_STATE_VERSION,
	VNC_STATE_TYPE,
	VNC_STATE_VENCRYPT_VERSION,
	VNC_STATE_VENCRYPT_TYPE,
	VNC_STATE_TLS,
	VNC_STATE_RESPONSE,
	VNC_STATE_OVER,
};

struct vnc_handshake {
	const struct vnc_handshake_policy *policy; /* borrowed */
	enum vnc_handshake_state state;
	unsigned minor; /* of the client's version: 3, 7 or 8 */
	uint8_t challenge[VNC_CHALLENGE_SIZE];
	bool has_failed; /* by a wrong password */
	/* To be sent and forgotten after each call. */
	uint8_t output[128];
	size_t output_length;
};

/* `challenge` is random. There is output afterwards. */
void vnc_handshake_start(struct vnc_handshake *handshake, const struct vnc_handshake_policy *policy,
			 const uint8_t challenge[VNC_CHALLENGE_SIZE]);

/* How many bytes vnc_handshake_take needs next, VNC_HANDSHAKE_INPUT_MAX at most; no more may be
 * read, since what follows is for somebody else. */
#define VNC_HANDSHAKE_INPUT_MAX 16u
size_t vnc_handshake_wants(const struct vnc_handshake *handshake);

/* Takes exactly those. */
enum vnc_handshake_step vnc_handshake_take(struct vnc_handshake *handshake, const uint8_t *bytes);

/* TLS is up; there may be output afterwards. */
enum vnc_handshake_step vnc_handshake_secured(struct vnc_handshake *handshake);

#endif
