/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/ctl_input.c mgmt/key_names.c */
/* The commands that `ctl type`, `key` and `click` send. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "vmm/base/compiler.h"

static char sent[4096];
static struct error err;

int ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, struct error *error)
{
	AUTO_FREE char *text = json_dumps(arguments, JSON_COMPACT | JSON_PRESERVE_ORDER);
	const size_t used = strlen(sent);

	(void)ctl;
	(void)error;
	(void)snprintf(sent + used, sizeof(sent) - used, "%s %s\n", command, text);
	json_decref(arguments);
	return 0;
}

void ctl_client_set_patience(struct ctl_client *client, unsigned seconds)
{
	(void)client;
	(void)seconds;
}

/* `options` are as for options_parse. */
static int run(const char *name, const char *options, const char *const *words)
{
	const struct ctl_action *action = ctl_input_actions;
	char *copies[4] = { NULL };
	struct ctl ctl = { .json = false };
	AUTO_FREE void *parsed = NULL;
	int code;

	while (strcmp(action->name, name) != 0) {
		action++;
	}
	parsed = calloc(1, action->options_size);
	cr_assert(zero(int, options_parse(&action->options, options, parsed, &err)), "%s",
		  err.text);
	for (size_t i = 0; words[i]; i++) {
		copies[i] = strdup(words[i]);
	}
	ctl.options = parsed;
	sent[0] = '\0';
	code = action->run(&ctl, copies, &err);
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
		free(copies[i]);
	}
	options_finish(&action->options, parsed);
	return code;
}

#define RUN(name, options, ...) run(name, options, (const char *const[]){ __VA_ARGS__, NULL })

TestSuite(ctl_input, .timeout = 10);

Test(ctl_input, types_text)
{
	cr_assert(zero(int, RUN("type", "", "ls \"-l\"")));
	cr_assert(eq(str, sent,
		     "x-thunderlake-type {\"text\":\"ls \\\"-l\\\"\",\"layout\":\"us\","
		     "\"delay\":20}\n"));
	cr_assert(zero(int, RUN("type", "layout=de,delay=5,enter", "a")));
	cr_assert(eq(str, sent,
		     "x-thunderlake-type {\"text\":\"a\\n\",\"layout\":\"de\",\"delay\":5}\n"));
	cr_assert(eq(int, RUN("type", "", "\xff"), -EINVAL));
	cr_assert(eq(str, sent, ""));
}

Test(ctl_input, presses_combinations)
{
	cr_assert(zero(int, RUN("key", "hold=5", "Ctrl-alt-F2", "enter")));
	cr_assert(eq(str, sent,
		     "send-key {\"keys\":[{\"type\":\"qcode\",\"data\":\"ctrl\"},"
		     "{\"type\":\"qcode\",\"data\":\"alt\"},{\"type\":\"qcode\",\"data\":\"f2\"}],"
		     "\"hold-time\":5}\n"
		     "send-key {\"keys\":[{\"type\":\"qcode\",\"data\":\"ret\"}],"
		     "\"hold-time\":5}\n"));
}

Test(ctl_input, unknown_keys_are_refused)
{
	cr_assert(eq(int, RUN("key", "", "ctrl-baskspace"), -EINVAL));
	cr_assert(ne(ptr, strstr(err.text, "did you mean 'backspace'"), NULL));
	cr_assert(eq(int, RUN("key", "", "ctrl-"), -EINVAL));
	cr_assert(eq(int, RUN("key", "", "unmapped"), -EINVAL));
	cr_assert(eq(str, sent, ""));
}

Test(ctl_input, clicks)
{
	cr_assert(zero(int, RUN("click", "", "10", "20")));
	cr_assert(eq(str, sent,
		     "x-thunderlake-click {\"x\":10,\"y\":20,\"button\":\"left\",\"count\":1,"
		     "\"scanout\":0}\n"));
	cr_assert(zero(int, RUN("click", "scanout=1", "0", "0", "double")));
	cr_assert(ne(ptr, strstr(sent, "\"button\":\"left\",\"count\":2,\"scanout\":1"), NULL));
	cr_assert(zero(int, RUN("click", "", "0", "0", "none")));
	cr_assert(ne(ptr, strstr(sent, "\"count\":0"), NULL));
	cr_assert(eq(int, RUN("click", "", "-1", "0"), -EINVAL));
	cr_assert(eq(int, RUN("click", "", "1", "9999999999"), -EINVAL));
}
