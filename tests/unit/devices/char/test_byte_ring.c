/* SPDX-License-Identifier: MIT */
#include "devices/char/byte_ring.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct byte_ring ring;

static void set_up(void)
{
	cr_assert(eq(int, byte_ring_init(&ring, 8), 0));
}

static void tear_down(void)
{
	byte_ring_finish(&ring);
}

TestSuite(byte_ring, .init = set_up, .fini = tear_down, .timeout = 10);

static size_t push(const char *text)
{
	return byte_ring_push(&ring, (const uint8_t *)text, strlen(text));
}

static size_t take(char *out)
{
	const uint8_t *bytes;
	size_t length = byte_ring_peek(&ring, &bytes);

	memcpy(out, bytes, length);
	byte_ring_drop(&ring, length);
	return length;
}

Test(byte_ring, push_takes_what_there_is_room_for)
{
	cr_assert(eq(sz, push("abcdef"), 6));
	cr_assert(eq(sz, push("ghij"), 2));
	cr_assert(eq(sz, byte_ring_room(&ring), 0));
	cr_assert(eq(sz, push("k"), 0));
}

Test(byte_ring, bytes_that_wrap_come_in_two_pieces)
{
	char out[16] = "";

	(void)push("abcdef");
	byte_ring_drop(&ring, 4);
	(void)push("ghijk");
	cr_assert(eq(sz, take(out), 4));
	cr_assert(eq(sz, take(out + 4), 3));
	cr_assert(eq(str, out, "efghijk"));
	cr_assert(eq(sz, take(out), 0));
}

Test(byte_ring, peeked_bytes_stay_while_others_are_pushed)
{
	const uint8_t *bytes;

	(void)push("abc");
	cr_assert(eq(sz, byte_ring_peek(&ring, &bytes), 3));
	(void)push("defgh");
	cr_assert(eq(int, memcmp(bytes, "abc", 3), 0));
}

Test(byte_ring, drop_beyond_the_end_empties)
{
	(void)push("abc");
	byte_ring_drop(&ring, 100);
	cr_assert(eq(sz, ring.count, 0));
	cr_assert(eq(sz, byte_ring_room(&ring), 8));
}
