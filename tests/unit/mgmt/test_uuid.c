/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/uuid.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "mgmt/uuid.h"

TestSuite(uuid, .timeout = 10);

Test(uuid, parse_takes_bytes_in_the_order_of_the_text)
{
	static const uint8_t want[UUID_BYTES] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
						  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	uint8_t uuid[UUID_BYTES];

	cr_assert(eq(int, uuid_parse("00112233-4455-6677-8899-aabbCCDDEEFF", uuid), 0));
	cr_assert(eq(int, memcmp(uuid, want, UUID_BYTES), 0));
}

Test(uuid, parse_refuses_what_is_not_one)
{
	static const char *const texts[] = {
		"",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899_aabbccddeeff",
		"g0112233-4455-6677-8899-aabbccddeeff",
	};
	uint8_t uuid[UUID_BYTES];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_assert(eq(int, uuid_parse(texts[i], uuid), -EINVAL), "%s", texts[i]);
	}
}

/* The machines of a user keep their identity only if this value never changes. */
Test(uuid, of_name_stays_what_it_is)
{
	uint8_t uuid[UUID_BYTES], want[UUID_BYTES];

	uuid_of_name("debian-console", uuid);
	cr_assert(eq(int, uuid_parse("9267a021-13fb-806b-abbf-342a0c0ddf5c", want), 0));
	cr_assert(eq(int, memcmp(uuid, want, UUID_BYTES), 0));
}

Test(uuid, of_name_differs_with_the_name)
{
	uint8_t one[UUID_BYTES], other[UUID_BYTES];

	uuid_of_name("debian-console", one);
	uuid_of_name("debian-console-2", other);
	cr_assert(ne(int, memcmp(one, other, UUID_BYTES), 0));
	cr_assert(eq(u8, one[6] >> 4, 8));
	cr_assert(eq(u8, one[8] >> 6, 2));
}
