/* SPDX-License-Identifier: MIT */
#include "vmm/base/utf8.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "vmm/base/compiler.h"

Test(utf8, decodes_each_length)
{
	static const struct {
		const char *text;
		size_t length;
		uint32_t point;
	} cases[] = {
		{ "", 0, 0 },
		{ "a", 1, 'a' },
		{ "\x7f", 1, 0x7f },
		{ "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 },
		{ "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t point = 0;

		cr_expect(eq(sz, utf8_decode(cases[i].text, strlen(cases[i].text), &point),
			     cases[i].length));
		cr_expect(eq(u32, point, cases[i].point));
	}
}

Test(utf8, takes_a_zero_as_a_character)
{
	uint32_t point = 1;

	cr_assert(eq(sz, utf8_decode("", 1, &point), 1));
	cr_assert(eq(u32, point, 0));
}

Test(utf8, refuses_what_is_malformed)
{
	static const char *const cases[] = {
		"\x80",		    /* goes on with nothing */
		"\xbf",		    /* the same */
		"\xc0\x80",	    /* longer than needed */
		"\xc1\xbf",	    /* the same */
		"\xe0\x9f\xbf",	    /* the same */
		"\xf0\x8f\xbf\xbf", /* the same */
		"\xed\xa0\x80",	    /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond the last */
		"\xf5\x80\x80\x80", /* the same */
		"\xff",		    /* no such byte */
		"\xc3(",	    /* ends early */
		"\xe2\x82(",	    /* the same */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect(eq(sz, utf8_decode(cases[i], strlen(cases[i]), NULL), 0), "case %zu", i);
	}
}

Test(utf8, does_not_read_beyond_the_end)
{
	cr_assert(eq(sz, utf8_decode("\xe2\x82\xac", 2, NULL), 0));
	cr_assert(eq(sz, utf8_decode("\xe2\x82\xac", 3, NULL), 3));
}

Test(utf8, mends_only_what_is_broken)
{
	char text[] = "a\xff\xc3\xa9\xe2\x82";

	utf8_mend(text);
	cr_assert(eq(str, text, (char *)"a?\xc3\xa9??"));
}
