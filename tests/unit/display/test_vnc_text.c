/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_text.c */
/* LIBS: zlib */
#include "display/vnc_text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(vnc_text, .timeout = 20);

typedef char *convert_fn(const char *text, size_t length, size_t *out_length);

static void expect(convert_fn *convert, const char *from, size_t from_length, const char *to,
		   size_t to_length)
{
	size_t length = 0;
	char *out = convert(from, from_length, &length);

	cr_assert(ne(ptr, out, NULL));
	cr_assert(eq(sz, length, to_length));
	cr_assert(eq(int, memcmp(out, to, length), 0));
	free(out);
}

#define EXPECT(convert, from, to) expect(convert, from, sizeof(from) - 1, to, sizeof(to) - 1)

Test(vnc_text, latin1_becomes_utf8)
{
	EXPECT(vnc_text_from_latin1, "", "");
	EXPECT(vnc_text_from_latin1, "K\xe4se \x80\xff", "Käse \xc2\x80\xc3\xbf");
	EXPECT(vnc_text_from_latin1, "a\r\nb\rc\n", "a\nb\rc\n");
	EXPECT(vnc_text_from_latin1, "a\0b\0\0", "a\0b");
}

Test(vnc_text, utf8_becomes_latin1)
{
	EXPECT(vnc_text_to_latin1, "", "");
	EXPECT(vnc_text_to_latin1, "Käse", "K\xe4se");
	EXPECT(vnc_text_to_latin1, "5 € Ω 😀", "5 ? ? ?");
	/* Damaged: alone, cut off, overlong. */
	EXPECT(vnc_text_to_latin1, "\x80z", "?z");
	EXPECT(vnc_text_to_latin1, "z\xe2\x82", "z??");
	EXPECT(vnc_text_to_latin1, "\xc0\x80", "??");
}

Test(vnc_text, line_ends_become_those_of_windows)
{
	EXPECT(vnc_text_to_crlf, "a\nb\r\n\n", "a\r\nb\r\n\r\n");
	EXPECT(vnc_text_to_crlf, "", "");
}

/* --- the extended clipboard --- */

static uint8_t deflated[256];

/* `size` is what the message says; the stream is closed or left open. */
static size_t deflate_text(uint32_t size, const char *text, size_t length, int flush)
{
	z_stream stream = { 0 };
	uint8_t plain[128];
	uint32_t big_endian = __builtin_bswap32(size);

	memcpy(plain, &big_endian, 4);
	memcpy(plain + 4, text, length);
	cr_assert(eq(int, deflateInit(&stream, 6), Z_OK));
	stream.next_in = plain;
	stream.avail_in = (uInt)length + 4;
	stream.next_out = deflated;
	stream.avail_out = sizeof(deflated);
	(void)deflate(&stream, flush);
	(void)deflateEnd(&stream);
	return stream.total_out;
}

static void expect_extended(uint32_t size, const char *text, size_t length, int flush,
			    const char *wanted)
{
	size_t zipped = deflate_text(size, text, length, flush), got = 0;
	char *out = NULL;

	cr_assert(eq(int, vnc_text_from_extended(deflated, zipped, 64, &out, &got), 0));
	cr_assert(eq(sz, got, strlen(wanted)));
	cr_assert(eq(int, memcmp(out, wanted, got), 0));
	free(out);
}

Test(vnc_text, extended_text_is_unpacked)
{
	expect_extended(10, "\xe2\x82\xac 1\r\n2\n\0", 10, Z_SYNC_FLUSH, "€ 1\n2\n");
	expect_extended(10, "\xe2\x82\xac 1\r\n2\n\0", 10, Z_FINISH, "€ 1\n2\n");
	expect_extended(0, "", 0, Z_FINISH, "");
	expect_extended(3, "abcdef", 6, Z_FINISH, "abc"); /* another format follows */
}

static void expect_error(size_t zipped, int code)
{
	char *out = NULL;
	size_t got;

	cr_assert(eq(int, vnc_text_from_extended(deflated, zipped, 64, &out, &got), code));
	cr_assert(eq(ptr, out, NULL));
}

Test(vnc_text, bad_extended_texts_are_refused)
{
	size_t zipped;

	expect_error(0, -EINVAL);
	memset(deflated, 0x5a, sizeof(deflated));
	expect_error(sizeof(deflated), -EINVAL);
	expect_error(deflate_text(65, "", 0, Z_FINISH), -E2BIG);
	expect_error(deflate_text(UINT32_MAX, "", 0, Z_FINISH), -E2BIG);
	expect_error(deflate_text(10, "short", 5, Z_FINISH), -EINVAL);
	zipped = deflate_text(20, "abcdefghijklmnopqrst", 20, Z_FINISH);
	expect_error(zipped / 2, -EINVAL);
}
