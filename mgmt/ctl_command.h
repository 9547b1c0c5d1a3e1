/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_COMMAND_H
#define THUNDERLAKE_MGMT_CTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "mgmt/ctl_client.h"
#include "vmm/base/error.h"

/* The machine that `ctl` talks to, and how. */
struct ctl {
	struct ctl_client client;
	const char *name;    /* the machine's; borrowed */
	bool json;	     /* print for programs */
	const void *options; /* the action's, as its table fills them */
};

/* Runs a command, takes the reference to `arguments` (NULL: none), shows what it returned only to
 * programs. */
int ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, struct error *err);

typedef void ctl_print_fn(const json_t *value);

/* Runs a query and shows what it returned, to people by `print`. */
int ctl_show(struct ctl *ctl, const char *command, ctl_print_fn *print, struct error *err);

#endif
