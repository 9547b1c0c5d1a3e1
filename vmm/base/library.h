/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_LIBRARY_H
#define THUNDERLAKE_VMM_BASE_LIBRARY_H

#include <stddef.h>

#include "vmm/base/error.h"

/*
 * Shared libraries that few runs need, taken in at run time: linked ones would cost each start of
 * the program milliseconds, a dozen files and their memory. A user lists the functions once, in a
 * macro LIST(use), and calls them through a struct of pointers with the library's own types:
 *
 *	static struct { LIST(MEMBER) } lib;	lib.init(…)
 */
struct library {
	const char *file;	  /* "libSDL2-2.0.so.0" */
	const char *package;	  /* Debian's, for the advice */
	const char *const *names; /* `count` functions */
	size_t count;
	void *functions; /* as many pointers, NULL until loaded */
};

/* Fills `functions`, at once when that was done before; the library stays. -ENOENT: not on this
 * host, or without one of the functions. Any thread. */
int library_load(const struct library *library, struct error *err);

#endif
