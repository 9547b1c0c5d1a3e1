/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_HOST_CHECKS_H
#define THUNDERLAKE_MGMT_HOST_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

/* What a host offers beyond KVM. Guests run without any of it, but slower or with less. */
struct host_check {
	const char *name; /* a stable key: "io_uring" */
	const char *text; /* what it is good for */
	bool ok;
	char detail[192]; /* what was found; when not ok: why, and what to do */
};

#define HOST_CHECKS_MAX 8u

/* Looks at everything; leaves nothing open. Returns how many of `out` it filled. */
size_t host_checks_run(struct host_check out[HOST_CHECKS_MAX]);

/* Whether the word in brackets of a list like "always [madvise] never" is one of `words`, which
 * NULL ends: how sysfs shows a choice. */
bool host_checks_is_chosen(const char *list, const char *const *words);

#endif
