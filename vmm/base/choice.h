/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_CHOICE_H
#define THUNDERLAKE_VMM_BASE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

/* Which of several parts a text like `pulse,latency=20` names, and what it tells that one. Any
 * thread; everything is borrowed unless said. */
struct choice {
	const char *name;
	const struct option_table *options;
	size_t options_size; /* of the struct that `options` fills; 0 without options */
};

struct choice_set {
	const char *what; /* "audio": for texts, and the option whose value `help` lists them */
	/* Fills the choice `i`; false after the last, beyond which it is not asked. */
	bool (*at)(size_t i, struct choice *out);
	/* Names that mean something to the caller alone, only suggested here; ends with NULL. */
	const char *const *more;
};

/* The index of the choice of this name. -EINVAL: there is none, the nearest is suggested. */
int choice_find(const struct choice_set *set, const char *name, struct error *err);

/* The index of the choice that `NAME[,OPTION=…]` names; `*options` is filled by its table, for
 * choice_finish. -EINVAL: no such name or option; -ENOMEM. Then nothing needs to be freed. */
int choice_parse(const struct choice_set *set, const char *text, void **options, struct error *err);
void choice_finish(const struct choice_set *set, int index, void *options);

/* Whether choice_parse would take it; 0, or its errors. */
int choice_check(const struct choice_set *set, const char *text, struct error *err);

#endif
