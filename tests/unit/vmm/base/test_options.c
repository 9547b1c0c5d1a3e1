/* SPDX-License-Identifier: MIT */
#include "vmm/base/options.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

struct sample {
	bool flag;
	uint64_t count;
	uint64_t bytes;
	char *path;
	unsigned mode;
	struct option_list rules;
};

static const char *const modes[] = { "slow", "fast", NULL };

static const struct option sample_options[] = {
	{ .name = "path",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct sample, path),
	  .help = "where",
	  .value_name = "FILE",
	  .required = true },
	{ .name = "flag", .kind = OPTION_BOOL, .offset = offsetof(struct sample, flag) },
	{ .name = "count",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct sample, count),
	  .default_text = "3",
	  .min = 1,
	  .max = 10 },
	{ .name = "bytes", .kind = OPTION_SIZE, .offset = offsetof(struct sample, bytes) },
	{ .name = "mode",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct sample, mode),
	  .choices = modes },
	{ .name = "rule", .kind = OPTION_LIST, .offset = offsetof(struct sample, rules) },
};

static const struct option_table sample_table = { sample_options, ARRAY_SIZE(sample_options),
						  "path" };

TestSuite(options, .timeout = 10);

Test(options, parse_fills_every_kind)
{
	struct sample s = { 0 };
	struct error err = { "" };

	cr_assert(
		eq(int,
		   options_parse(&sample_table,
				 "a,,b,flag,count=0x7,bytes=2G,mode=fast,rule=x,rule=y", &s, &err),
		   0),
		"%s", err.text);
	cr_assert(eq(str, s.path, "a,b"));
	cr_assert(s.flag);
	cr_assert(eq(u64, s.count, 7));
	cr_assert(eq(u64, s.bytes, UINT64_C(2) << 30));
	cr_assert(eq(u32, s.mode, 1));
	cr_assert(eq(sz, s.rules.count, 2));
	cr_assert(eq(str, s.rules.items[1], "y"));
	options_finish(&sample_table, &s);
	cr_assert(zero(ptr, s.path));
}

Test(options, parse_gives_defaults)
{
	struct sample s = { 0 };

	cr_assert(eq(int, options_parse(&sample_table, "p", &s, NULL), 0));
	cr_assert(eq(u64, s.count, 3));
	cr_assert(not(s.flag));
	options_finish(&sample_table, &s);
}

struct bad_input {
	const char text[48];
	int code;
	const char says[48];
};

ParameterizedTestParameters(options, parse_refuses)
{
	static struct bad_input rows[] = {
		{ "", -EINVAL, "path=FILE is missing" },
		{ "p,cuont=3", -ENOENT, "did you mean 'count'" },
		{ "p,count=11", -ERANGE, "outside of 1 to 10" },
		{ "p,count=3x", -EINVAL, "not a whole number" },
		{ "p,count=-1", -EINVAL, "not a whole number" },
		{ "p,count", -EINVAL, "needs a value" },
		{ "p,count=2,count=3", -EINVAL, "given twice" },
		{ "p,bytes=2Q", -EINVAL, "not a size" },
		{ "p,bytes=99999999999T", -ERANGE, "outside" },
		{ "p,mode=fsat", -EINVAL, "did you mean 'fast'" },
		{ "p,mode=zzzzzzzz", -EINVAL, "none of slow, fast" },
		{ "p,flag=perhaps", -EINVAL, "neither on nor off" },
	};

	return cr_make_param_array(struct bad_input, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct bad_input *row, options, parse_refuses)
{
	struct sample s = { 0 };
	struct error err = { "" };

	cr_assert(eq(int, options_parse(&sample_table, row->text, &s, &err), row->code));
	cr_assert(ne(ptr, strstr(err.text, row->says), NULL), "'%s' says: %s", row->text, err.text);
	cr_assert(zero(ptr, s.path));
}

Test(options, format_is_taken_back)
{
	struct sample s = { .bytes = 1536 << 20 };
	char text[32];

	options_format(&sample_options[3], &s, text, sizeof(text));
	cr_assert(eq(str, text, "1536M"));
}

Test(options, appended_values_keep_their_commas)
{
	char *text = NULL;

	cr_assert(eq(int, options_append(&text, "file", "a,b"), 0));
	cr_assert(eq(int, options_append(&text, "size", ""), 0));
	cr_assert(eq(str, text, "file=a,,b,size="));
	free(text);
}
