/* SPDX-License-Identifier: MIT */
/* LINK: devices/char/escape.c */
#include "devices/char/escape.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite(escape, .timeout = 10);

struct typing {
	char typed[8];
	char sent[8]; /* what the guest gets */
	enum escape_command command;
};

ParameterizedTestParameters(escape, finds_commands)
{
	static struct typing rows[] = {
		{ "abc", "abc", ESCAPE_NONE },
		{ "a\001x", "a", ESCAPE_QUIT },
		{ "\001h", "", ESCAPE_HELP },
		{ "\001\001", "\001", ESCAPE_NONE },
		{ "\001q", "\001q", ESCAPE_NONE },
		{ "\001\001x", "\001x", ESCAPE_NONE }, /* a literal one starts no command */
		{ "x\001", "x", ESCAPE_NONE },
	};

	return cr_make_param_array(struct typing, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct typing *row, escape, finds_commands)
{
	struct escape escape = { 0 };
	enum escape_command found = ESCAPE_NONE;
	uint8_t sent[16] = { 0 };
	size_t used = 0;

	for (size_t i = 0; i < strlen(row->typed); i++) {
		size_t count;

		found |= escape_next(&escape, (uint8_t)row->typed[i], sent + used, &count);
		used += count;
	}
	cr_assert(eq(str, (char *)sent, row->sent));
	cr_assert(eq(int, (int)found, (int)row->command));
}
