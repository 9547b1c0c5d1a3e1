/* SPDX-License-Identifier: MIT */
#include "mgmt/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#define VERSION_CUSTOM 0x80u /* RFC 9562 §5.8, upper half of byte 6 */
#define VARIANT	       0x80u /* §4.1, upper two bits of byte 8 */

/* FNV-1a of 128 bits: its prime and its first value. */
#define HASH_PRIME (((unsigned __int128)1 << 88) + 0x13b)
#define HASH_START \
	(((unsigned __int128)0x6c62272e07bb0142 << 64) + (unsigned __int128)0x62b821756295c58d)

static bool has_dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static unsigned digit_value(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)((digit | 0x20) - 'a' + 10);
}

int uuid_parse(const char *text, uint8_t out[UUID_BYTES])
{
	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (has_dash_before(i) && *text++ != '-') {
			return -EINVAL;
		}
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1])) {
			return -EINVAL;
		}
		out[i] = (uint8_t)(digit_value(text[0]) << 4 | digit_value(text[1]));
		text += 2;
	}
	return *text ? -EINVAL : 0;
}

void uuid_of_name(const char *name, uint8_t out[UUID_BYTES])
{
	unsigned __int128 hash = HASH_START;

	for (; *name; name++) {
		hash = (hash ^ (uint8_t)*name) * HASH_PRIME;
	}
	for (size_t i = 0; i < UUID_BYTES; i++) {
		out[i] = (uint8_t)(hash >> (UUID_BYTES - 1 - i) * 8);
	}
	out[6] = (uint8_t)(VERSION_CUSTOM | (out[6] & 0x0fu));
	out[8] = (uint8_t)(VARIANT | (out[8] & 0x3fu));
}
