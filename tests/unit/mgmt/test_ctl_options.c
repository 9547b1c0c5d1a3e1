/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/ctl_options.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "vmm/base/compiler.h"

struct shot_options {
	bool cursor;
	uint64_t scanout;
	char *mask;
};

static const struct option shot_table[] = {
	{ .name = "cursor",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct shot_options, cursor),
	  .help = "" },
	{ .name = "scanout",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct shot_options, scanout),
	  .default_text = "1",
	  .max = 3,
	  .help = "" },
	{ .name = "mask",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct shot_options, mask),
	  .help = "" },
};

static const struct ctl_action action = {
	.name = "shot",
	.options = { shot_table, ARRAY_SIZE(shot_table), NULL },
	.options_size = sizeof(struct shot_options),
};

#define WORDS_MAX 8

static struct shot_options options;
static struct error err;
static char *words[WORDS_MAX];

static int parse(const char *const *given)
{
	size_t count = 0;

	for (; given[count]; count++) {
		words[count] = (char *)(uintptr_t)given[count];
	}
	words[count] = NULL;
	options = (struct shot_options){ 0 };
	return ctl_parse_options(&action, words, &options, &err);
}

static void tear_down(void)
{
	options_finish(&action.options, &options);
}

TestSuite(ctl_options, .fini = tear_down, .timeout = 10);

Test(ctl_options, are_taken_from_among_the_arguments)
{
	static const char *const given[] = {
		"--cursor", "a.png", "--scanout=2", "--mask", "m", NULL
	};

	cr_assert(eq(int, parse(given), 0), "%s", err.text);
	cr_assert(options.cursor);
	cr_assert(eq(u64, options.scanout, 2));
	cr_assert(eq(str, options.mask, (char *)(uintptr_t) "m"));
	cr_assert(eq(str, words[0], (char *)(uintptr_t) "a.png"));
	cr_assert(eq(ptr, words[1], NULL));
}

Test(ctl_options, have_defaults)
{
	static const char *const given[] = { NULL };

	cr_assert(eq(int, parse(given), 0));
	cr_assert(eq(u64, options.scanout, 1));
}

Test(ctl_options, words_after_two_dashes_are_arguments)
{
	static const char *const given[] = { "-1", "--", "--cursor", "--", NULL };

	cr_assert(eq(int, parse(given), 0));
	cr_assert(not(options.cursor));
	cr_assert(eq(str, words[0], (char *)(uintptr_t) "-1"));
	cr_assert(eq(str, words[1], (char *)(uintptr_t) "--cursor"));
	cr_assert(eq(str, words[2], (char *)(uintptr_t) "--"));
	cr_assert(eq(ptr, words[3], NULL));
}

Test(ctl_options, mistakes_are_told)
{
	static const char *const misspelt[] = { "--curser", NULL };
	static const char *const no_value[] = { "--mask", NULL };
	static const char *const too_large[] = { "--scanout", "4", NULL };

	cr_assert(eq(int, parse(misspelt), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "cursor"), NULL), "%s", err.text);
	cr_assert(eq(int, parse(no_value), -EINVAL));
	cr_assert(eq(int, parse(too_large), -EINVAL));
}
