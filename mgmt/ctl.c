/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_client.h"
#include "mgmt/ctl_print.h"
#include "mgmt/verbs.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/options.h"

enum exit_code {
	CTL_EXIT_DONE = 0,
	CTL_EXIT_FAILED = 1, /* the machine refused, or ended meanwhile */
	CTL_EXIT_USAGE = 2,
	CTL_EXIT_NOT_RUNNING = 3,
	CTL_EXIT_TIMED_OUT = 4, /* what was waited for has not come */
};

static const char *action_name(const void *context, size_t i)
{
	const struct ctl_action *action = ctl_action_at(i);

	(void)context;
	return action ? action->name : NULL;
}

static void print_action_options(const struct ctl_action *action)
{
	for (size_t i = 0; i < action->options.count; i++) {
		const struct option *option = &action->options.options[i];
		char left[48];

		(void)snprintf(left, sizeof(left), "--%s%s%s", option->name,
			       option->value_name ? "=" : "",
			       option->value_name ? option->value_name : "");
		(void)printf("    %-22s %s\n", left, option->help);
	}
}

static void print_help(void)
{
	const struct ctl_action *action;

	(void)printf("Usage: thunderlake ctl [--json] [NAME [ACTION [ARGUMENT…]]]\n\n"
		     "Talks to the running machine NAME; alone, lists the machines that run.\n\n");
	for (size_t i = 0; (action = ctl_action_at(i)); i++) {
		char left[48];

		(void)snprintf(left, sizeof(left), "%s %s", action->name, action->arguments);
		(void)printf("  %-24s %s\n", left, action->help);
		print_action_options(action);
	}
	(void)printf("\n"
		     "  --json                   print for programs\n"
		     "  --names                  print only the names of running machines\n"
		     "  --help                   this text\n\n"
		     "Without ACTION: status. Exit codes: 0 done, 1 refused or failed, 2 wrong\n"
		     "usage, 3 no such machine runs, 4 the time to wait is over.\n");
}

static const struct ctl_action *find_action(const char *name, struct error *err)
{
	const struct ctl_action *action;
	const char *near;

	for (size_t i = 0; (action = ctl_action_at(i)); i++) {
		if (strcmp(action->name, name) == 0) {
			return action;
		}
	}
	near = nearest_name(name, action_name, NULL);
	if (near) {
		(void)error_set(err, 0, "no action '%s'; did you mean '%s'?", name, near);
	} else {
		(void)error_set(err, 0, "no action '%s' (see thunderlake ctl --help)", name);
	}
	return NULL;
}

static int exit_code(int code)
{
	switch (code) {
	case 0:
		return CTL_EXIT_DONE;
	case -ENOENT:
		return CTL_EXIT_NOT_RUNNING;
	case -EINVAL:
		return CTL_EXIT_USAGE;
	case -ETIME:
		return CTL_EXIT_TIMED_OUT;
	default:
		return CTL_EXIT_FAILED;
	}
}

/* `words` are the arguments alone; NULL-terminated. */
static int connect_and_run(struct ctl *ctl, const struct ctl_action *action, const char *name,
			   char **words, struct error *err)
{
	int arguments = 0;
	int code;

	while (words[arguments]) {
		arguments++;
	}
	if (arguments < action->min || arguments > action->max) {
		return error_set(err, -EINVAL, "usage: thunderlake ctl NAME %s%s%s", action->name,
				 action->arguments[0] ? " " : "", action->arguments);
	}
	code = ctl_client_connect(&ctl->client, name, err);
	if (code < 0) {
		return code;
	}
	code = ctl_run_action(ctl, action, words, err);
	ctl_client_close(&ctl->client);
	return code;
}

/* `words`: the machine's name, then perhaps an action with arguments; NULL-terminated. */
static int run_action(struct ctl *ctl, char **words, int count, struct error *err)
{
	const struct ctl_action *action = find_action(count > 1 ? words[1] : "status", err);
	AUTO_FREE void *options = NULL;
	int code;

	if (!action) {
		return -EINVAL;
	}
	options = calloc(1, action->options_size ? action->options_size : 1);
	if (!options) {
		return error_set_errno(err, -ENOMEM, "%s", action->name);
	}
	ctl->options = options;
	ctl->name = words[0];
	code = ctl_parse_options(action, words + MIN(count, 2), options, err);
	if (code == 0) {
		code = connect_and_run(ctl, action, words[0], words + MIN(count, 2), err);
	}
	options_finish(&action->options, options);
	return code;
}

/* A machine that ends while it is asked is left out. */
static json_t *summarize_all(struct ctl *ctl, char **names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *summary;

		if (ctl_client_connect(&ctl->client, names[i], NULL) < 0) {
			continue;
		}
		if (ctl_summarize(ctl, &summary, NULL) == 0) {
			(void)json_array_append_new(list, summary);
		}
		ctl_client_close(&ctl->client);
	}
	return list;
}

static int list_machines(struct ctl *ctl, bool only_names, struct error *err)
{
	char **names;
	size_t count;
	json_t *list;
	int code = ctl_running(&names, &count, err);

	if (code < 0) {
		return code;
	}
	if (only_names) {
		for (size_t i = 0; i < count; i++) {
			(void)puts(names[i]);
		}
		ctl_free_names(names, count);
		return 0;
	}
	list = summarize_all(ctl, names, count);
	if (ctl->json) {
		ctl_print_json(list);
	} else if (json_array_size(list) == 0) {
		(void)puts("no machine is running");
	}
	for (size_t i = 0; i < json_array_size(list) && !ctl->json; i++) {
		ctl_print_summary(json_array_get(list, i));
	}
	json_decref(list);
	ctl_free_names(names, count);
	return 0;
}

static bool take_option(const char *word, struct ctl *ctl, bool *only_names, bool *help)
{
	if (strcmp(word, "--json") == 0) {
		ctl->json = true;
	} else if (strcmp(word, "--names") == 0) {
		*only_names = true;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		*help = true;
	} else {
		return false;
	}
	return true;
}

int ctl_main(int argc, char **argv)
{
	struct ctl ctl = { .client.fd = -1 };
	struct error err = { "" };
	bool only_names = false;
	bool help = false;
	bool ended = false; /* by a word `--`: what follows is the action's */
	int count = 0;	    /* of the words that are the action's, moved to the front of argv */
	int code;

	for (int i = 1; i < argc; i++) {
		if (!ended && take_option(argv[i], &ctl, &only_names, &help)) {
			continue;
		}
		if (argv[i][0] == '-' && count < 2) {
			log_error("", "unknown option '%s' (see thunderlake ctl --help)", argv[i]);
			return CTL_EXIT_USAGE;
		}
		ended |= strcmp(argv[i], "--") == 0;
		argv[count++] = argv[i];
	}
	argv[count] = NULL;
	if (help) {
		print_help();
		return CTL_EXIT_DONE;
	}
	code = count ? run_action(&ctl, argv, count, &err) : list_machines(&ctl, only_names, &err);
	if (code < 0) {
		log_error("", "%s", err.text);
	}
	return exit_code(code);
}
