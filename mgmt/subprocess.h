/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_SUBPROCESS_H
#define THUNDERLAKE_MGMT_SUBPROCESS_H

#include "vmm/base/error.h"

/*
 * Runs a program to its end, its standard output and standard error being told line by line. While
 * it runs, SIGHUP, SIGINT, SIGQUIT and SIGTERM are handed on to it and all that it has started: it
 * cleans up, ends, and is seen to have failed.
 */
struct subprocess {
	char *const *argv; /* NULL-terminated; argv[0] is looked for in PATH */
	/* A line without its newline, cut at SUBPROCESS_LINE_MAX. */
	void (*on_output)(void *arg, const char *line);
	void (*on_error)(void *arg, const char *line);
	void *arg;
};

#define SUBPROCESS_LINE_MAX 4096

/* The program's exit code, or 128 plus the signal that ended it; or -errno when it could not be
 * started. Main thread. */
int subprocess_run(const struct subprocess *process, struct error *err);

#endif
