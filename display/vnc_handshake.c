/* SPDX-License-Identifier: MIT */
#include "display/vnc_handshake.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "vmm/base/bytes.h"

#define VERSION_LENGTH 12u

/* Security types and results, as the protocol numbers them. */
#define TYPE_INVALID	   0u
#define TYPE_NONE	   1u
#define TYPE_PASSWORD	   2u
#define TYPE_VENCRYPT	   19u
#define VENCRYPT_X509_NONE 260u
#define VENCRYPT_X509_VNC  261u
#define RESULT_OK	   0u
#define RESULT_FAILED	   1u

/* --- output --- */

static void put(struct vnc_handshake *handshake, const void *bytes, size_t length)
{
	assert(length <= sizeof(handshake->output) - handshake->output_length);
	memcpy(handshake->output + handshake->output_length, bytes, length);
	handshake->output_length += length;
}

static void put_u8(struct vnc_handshake *handshake, uint8_t value)
{
	put(handshake, &value, 1);
}

static void put_u32(struct vnc_handshake *handshake, uint32_t value)
{
	uint8_t bytes[4];

	store_le32(bytes, __builtin_bswap32(value));
	put(handshake, bytes, sizeof(bytes));
}

static void put_text(struct vnc_handshake *handshake, const char *text)
{
	put_u32(handshake, (uint32_t)strlen(text));
	put(handshake, text, strlen(text));
}

/* --- results --- */

static enum vnc_handshake_step accept(struct vnc_handshake *handshake)
{
	/* Before 3.8 nothing is said to who needs no password. */
	if (handshake->policy->password || handshake->minor >= 8) {
		put_u32(handshake, RESULT_OK);
	}
	handshake->state = VNC_STATE_OVER;
	return VNC_HANDSHAKE_DONE;
}

static enum vnc_handshake_step refuse(struct vnc_handshake *handshake, const char *why)
{
	put_u32(handshake, RESULT_FAILED);
	if (handshake->minor >= 8) {
		put_text(handshake, why);
	}
	handshake->state = VNC_STATE_OVER;
	return VNC_HANDSHAKE_REFUSED;
}

static enum vnc_handshake_step close_silently(struct vnc_handshake *handshake)
{
	handshake->state = VNC_STATE_OVER;
	return VNC_HANDSHAKE_REFUSED;
}

/* What comes when it is settled how: the password's challenge, or nothing. */
static enum vnc_handshake_step ask_password(struct vnc_handshake *handshake)
{
	if (!handshake->policy->password) {
		return accept(handshake);
	}
	put(handshake, handshake->challenge, sizeof(handshake->challenge));
	handshake->state = VNC_STATE_RESPONSE;
	return VNC_HANDSHAKE_GOES_ON;
}

/* --- what the client sends --- */

/* "RFB 003.008\n"; false: something else. */
static bool parse_version(const uint8_t *text, unsigned *major, unsigned *minor)
{
	static const char form[] = "RFB ddd.ddd\n";

	for (size_t i = 0; i < VERSION_LENGTH; i++) {
		if (form[i] == 'd' ? !isdigit(text[i]) : text[i] != (uint8_t)form[i]) {
			return false;
		}
	}
	*major = (text[4] - '0') * 100u + (text[5] - '0') * 10u + (text[6] - '0');
	*minor = (text[8] - '0') * 100u + (text[9] - '0') * 10u + (text[10] - '0');
	return true;
}

/* Version 3.3 has no list: the server decides. */
static enum vnc_handshake_step decide(struct vnc_handshake *handshake)
{
	const struct vnc_handshake_policy *policy = handshake->policy;

	if (policy->wants_tls) {
		put_u32(handshake, TYPE_INVALID);
		put_text(handshake, "this machine is shown through TLS only");
		return close_silently(handshake);
	}
	put_u32(handshake, policy->password ? TYPE_PASSWORD : TYPE_NONE);
	return ask_password(handshake);
}

static uint8_t offered_type(const struct vnc_handshake_policy *policy)
{
	if (policy->wants_tls) {
		return TYPE_VENCRYPT;
	}
	return policy->password ? TYPE_PASSWORD : TYPE_NONE;
}

static enum vnc_handshake_step take_version(struct vnc_handshake *handshake, const uint8_t *text)
{
	unsigned major, minor;

	if (!parse_version(text, &major, &minor) || major < 3) {
		return close_silently(handshake);
	}
	/* What is newer than ours talks ours; what is between two of them talks the older one. */
	handshake->minor = major > 3 || minor >= 8 ? 8 : minor == 7 ? 7 : 3;
	if (handshake->minor == 3) {
		return decide(handshake);
	}
	put_u8(handshake, 1);
	put_u8(handshake, offered_type(handshake->policy));
	handshake->state = VNC_STATE_TYPE;
	return VNC_HANDSHAKE_GOES_ON;
}

static enum vnc_handshake_step take_type(struct vnc_handshake *handshake, uint8_t type)
{
	if (type != offered_type(handshake->policy)) {
		return refuse(handshake, "this security type was not offered");
	}
	if (type == TYPE_VENCRYPT) {
		const uint8_t version[] = { 0, 2 };

		put(handshake, version, sizeof(version));
		handshake->state = VNC_STATE_VENCRYPT_VERSION;
		return VNC_HANDSHAKE_GOES_ON;
	}
	return ask_password(handshake);
}

static uint32_t offered_vencrypt_type(const struct vnc_handshake_policy *policy)
{
	return policy->password ? VENCRYPT_X509_VNC : VENCRYPT_X509_NONE;
}

static enum vnc_handshake_step take_vencrypt_version(struct vnc_handshake *handshake,
						     const uint8_t *version)
{
	if (version[0] != 0 || version[1] != 2) {
		put_u8(handshake, 0xff);
		return close_silently(handshake);
	}
	put_u8(handshake, 0);
	put_u8(handshake, 1);
	put_u32(handshake, offered_vencrypt_type(handshake->policy));
	handshake->state = VNC_STATE_VENCRYPT_TYPE;
	return VNC_HANDSHAKE_GOES_ON;
}

static enum vnc_handshake_step take_vencrypt_type(struct vnc_handshake *handshake,
						  const uint8_t *bytes)
{
	if (__builtin_bswap32(load_le32(bytes)) != offered_vencrypt_type(handshake->policy)) {
		put_u8(handshake, 0);
		return close_silently(handshake);
	}
	put_u8(handshake, 1);
	handshake->state = VNC_STATE_TLS;
	return VNC_HANDSHAKE_START_TLS;
}

/* In a time that does not tell how much of it was right. */
static bool is_right(const uint8_t *response, const uint8_t *expected)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < VNC_CHALLENGE_SIZE; i++) {
		difference |= response[i] ^ expected[i];
	}
	return difference == 0;
}

static enum vnc_handshake_step take_response(struct vnc_handshake *handshake,
					     const uint8_t *response)
{
	handshake->policy->encrypt(handshake->challenge, handshake->policy->password);
	if (!is_right(response, handshake->challenge)) {
		handshake->has_failed = true;
		return refuse(handshake, "wrong password");
	}
	return accept(handshake);
}

/* --- the machine --- */

void vnc_handshake_start(struct vnc_handshake *handshake, const struct vnc_handshake_policy *policy,
			 const uint8_t challenge[VNC_CHALLENGE_SIZE])
{
	*handshake = (struct vnc_handshake){ .policy = policy };
	memcpy(handshake->challenge, challenge, VNC_CHALLENGE_SIZE);
	put(handshake, "RFB 003.008\n", VERSION_LENGTH);
}

size_t vnc_handshake_wants(const struct vnc_handshake *handshake)
{
	static const uint8_t wants[] = {
		[VNC_STATE_VERSION] = VERSION_LENGTH,	   [VNC_STATE_TYPE] = 1,
		[VNC_STATE_VENCRYPT_VERSION] = 2,	   [VNC_STATE_VENCRYPT_TYPE] = 4,
		[VNC_STATE_RESPONSE] = VNC_CHALLENGE_SIZE, [VNC_STATE_OVER] = 0,
	};

	return wants[handshake->state];
}

enum vnc_handshake_step vnc_handshake_take(struct vnc_handshake *handshake, const uint8_t *bytes)
{
	handshake->output_length = 0;
	switch (handshake->state) {
	case VNC_STATE_VERSION:
		return take_version(handshake, bytes);
	case VNC_STATE_TYPE:
		return take_type(handshake, bytes[0]);
	case VNC_STATE_VENCRYPT_VERSION:
		return take_vencrypt_version(handshake, bytes);
	case VNC_STATE_VENCRYPT_TYPE:
		return take_vencrypt_type(handshake, bytes);
	case VNC_STATE_RESPONSE:
		return take_response(handshake, bytes);
	case VNC_STATE_TLS:
	case VNC_STATE_OVER:
		break;
	}
	return VNC_HANDSHAKE_REFUSED;
}

enum vnc_handshake_step vnc_handshake_secured(struct vnc_handshake *handshake)
{
	handshake->output_length = 0;
	return handshake->state == VNC_STATE_TLS ? ask_password(handshake) : VNC_HANDSHAKE_REFUSED;
}
