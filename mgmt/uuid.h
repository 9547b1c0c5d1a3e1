/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_UUID_H
#define THUNDERLAKE_MGMT_UUID_H

#include <stdint.h>

/* Identities of machines (RFC 9562), 16 bytes in the order of their text. Any thread. */
#define UUID_BYTES 16u

/* Takes "00112233-4455-6677-8899-aabbccddeeff", in letters of either case. -EINVAL. */
int uuid_parse(const char *text, uint8_t out[UUID_BYTES]);

/* The same for the same name, on every host: version 8, made of a hash of the name. */
void uuid_of_name(const char *name, uint8_t out[UUID_BYTES]);

#endif
