/* SPDX-License-Identifier: MIT */
#include "vmm/base/choice.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "vmm/base/compiler.h"

struct apple {
	uint64_t weight;
	char *colour;
};

static const struct option apple_options[] = {
	{ .name = "weight",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct apple, weight),
	  .default_text = "7" },
	{ .name = "colour", .kind = OPTION_STRING, .offset = offsetof(struct apple, colour) },
};
static const struct option_table apple_table = { apple_options, ARRAY_SIZE(apple_options), NULL };
static const struct option_table no_table;

static bool fruit_at(size_t i, struct choice *out)
{
	static const struct choice fruits[] = { { "apple", &apple_table, sizeof(struct apple) },
						{ "pear", &no_table, 0 } };

	cr_assert(le(sz, i, ARRAY_SIZE(fruits)), "asked beyond the end");
	if (i == ARRAY_SIZE(fruits)) {
		return false;
	}
	*out = fruits[i];
	return true;
}

static const struct choice_set fruits = {
	.what = "fruit",
	.at = fruit_at,
	.more = (const char *const[]){ "whatever", "nothing", NULL },
};

static struct error err;

static void expect_refusal(const char *text, const char *words)
{
	err.text[0] = '\0';
	cr_expect(eq(int, choice_check(&fruits, text, &err), -EINVAL), "%s", text);
	cr_expect(ne(ptr, strstr(err.text, words), NULL), "%s: %s", text, err.text);
}

Test(choice, tells_which_and_what)
{
	void *options;
	const int index = choice_parse(&fruits, "apple,weight=9,colour=red", &options, &err);
	const struct apple *apple = options;

	cr_assert(eq(int, index, 0), "%s", err.text);
	cr_assert(eq(u64, apple->weight, 9));
	cr_assert(eq(str, apple->colour, (char *)"red"));
	choice_finish(&fruits, index, options);
}

Test(choice, bare_name_has_the_defaults)
{
	void *options;
	const int index = choice_parse(&fruits, "apple", &options, &err);

	cr_assert(eq(int, index, 0), "%s", err.text);
	cr_assert(eq(u64, ((const struct apple *)options)->weight, 7));
	choice_finish(&fruits, index, options);
	cr_assert(eq(int, choice_find(&fruits, "pear", &err), 1));
}

Test(choice, unknown_name_gets_a_suggestion)
{
	expect_refusal("appel", "did you mean 'apple'");
	expect_refusal("nothin", "did you mean 'nothing'"); /* the last name that there is */
	expect_refusal("zzzzzzzz", "see --fruit help");
	expect_refusal("", "no fruit ''");
}

Test(choice, unknown_option_tells_whose)
{
	expect_refusal("apple,colr=red", "fruit apple");
	expect_refusal("apple,weight=much", "weight");
	expect_refusal("pear,weight=1", "fruit pear");
}
