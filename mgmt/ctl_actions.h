/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_ACTIONS_H
#define THUNDERLAKE_MGMT_CTL_ACTIONS_H

#include <jansson.h>

#include "mgmt/ctl_command.h"
#include "vmm/base/error.h"
#include "vmm/base/options.h"

/* A word after the machine's name. */
struct ctl_action {
	const char *name;
	const char *arguments; /* for the help text */
	const char *help;
	int min, max;	     /* number of arguments */
	const char *command; /* of QMP, when there is nothing more to it than running it */
	/* Otherwise; `argv` ends with NULL. Errors as ctl_client_execute; -EINVAL: wrong usage. */
	int (*run)(struct ctl *ctl, char **argv, struct error *err);
	/* `--NAME=VALUE` words among the arguments; a word `--` ends them. None: all zero. */
	struct option_table options;
	size_t options_size;
};

/* Each ends with a NULL name. */
extern const struct ctl_action ctl_machine_actions[];	/* ctl_machine.c */
extern const struct ctl_action ctl_device_actions[];	/* ctl_device.c */
extern const struct ctl_action ctl_screen_actions[];	/* ctl_screen.c */
extern const struct ctl_action ctl_input_actions[];	/* ctl_input.c */
extern const struct ctl_action ctl_clipboard_actions[]; /* ctl_clipboard.c */
extern const struct ctl_action ctl_audio_actions[];	/* ctl_audio.c */
extern const struct ctl_action ctl_disc_actions[];	/* ctl_disc.c */

/* What a line about the machine tells, a new reference: ctl_machine.c. */
int ctl_summarize(struct ctl *ctl, json_t **out, struct error *err);

/* Number `index` of all actions, NULL after the last. */
const struct ctl_action *ctl_action_at(size_t index);

/* Runs an action on the machine that `ctl` is connected to. */
int ctl_run_action(struct ctl *ctl, const struct ctl_action *action, char **argv,
		   struct error *err);

/* Takes the options out of an action's words, which move together, and fills `options`, zeroed, of
 * action->options_size bytes; options_finish undoes it, on failure too. -EINVAL. */
int ctl_parse_options(const struct ctl_action *action, char **words, void *options,
		      struct error *err);

#endif
