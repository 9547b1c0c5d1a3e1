/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_RUN_ARGS_H
#define THUNDERLAKE_MGMT_RUN_ARGS_H

#include <stdbool.h>

#include "mgmt/machine_config.h"
#include "vmm/base/error.h"

/* The command line of `thunderlake run`. */
struct run_args {
	struct machine_config config;
	const char *source; /* the NAME or FILE given without an option, from argv; or NULL */
	bool is_named;	    /* the name was chosen, not derived from the source's */
	bool help;
	bool dry_run;
	bool verbose;
	bool quiet;
};

/* Fills the zero-initialised struct from argv[1…], reads the configuration files that are named and
 * resolves the machine, unless help was asked for. Later options win over earlier ones and over
 * configuration files named before them; lists grow. */
int run_args_parse(int argc, char **argv, struct run_args *out, struct error *err);
void run_args_finish(struct run_args *args);

void run_args_print_help(void);

/* When a --device, --display, --sound, --audio or --record asks for help ("help" or "TYPE,help"),
 * prints it and returns true.
 */
bool run_args_print_type_help(const struct machine_config *config);

#endif
