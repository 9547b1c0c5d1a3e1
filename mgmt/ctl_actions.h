/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_ACTIONS_H
#define THUNDERLAKE_MGMT_CTL_ACTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "mgmt/ctl_client.h"
#include "vmm/base/error.h"

/* What `ctl` can do with one machine. */
struct ctl {
	struct ctl_client client;
	bool json; /* print for programs */
};

/* A word after the machine's name. */
struct ctl_action {
	const char *name;
	const char *arguments; /* for the help text */
	const char *help;
	int min, max;	     /* number of arguments */
	const char *command; /* of QMP, when there is nothing more to it than running it */
	/* Otherwise; `argv` ends with NULL. Errors as ctl_client_execute; -EINVAL: wrong usage. */
	int (*run)(struct ctl *ctl, char **argv, struct error *err);
};

/* Ends with a NULL name. */
extern const struct ctl_action ctl_actions[];

/* Runs an action on the machine that `ctl` is connected to. */
int ctl_run_action(struct ctl *ctl, const struct ctl_action *action, char **argv,
		   struct error *err);

/* What a line about the machine tells, a new reference. */
int ctl_summarize(struct ctl *ctl, json_t **out, struct error *err);

#endif
