/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_DRIVES_H
#define THUNDERLAKE_MGMT_QMP_DRIVES_H

#include <stdbool.h>

struct qmp_context;
struct qmp_drive;
struct qmp_failure;

/* Which optical drive a command is about. Each fills `failure` when it returns false. */

/* By its id. */
bool qmp_find_drive(const struct qmp_context *context, const char *id, struct qmp_drive *out,
		    struct qmp_failure *failure);
/* By its id, or the machine's first (NULL). */
bool qmp_any_drive(const struct qmp_context *context, const char *id, struct qmp_drive *out,
		   struct qmp_failure *failure);

/* Whether discs are laid into it from outside, and it can be slow and bad on purpose. */
bool qmp_is_emulated(const struct qmp_drive *drive, struct qmp_failure *failure);

/* Names in the order of enum disc_kind; NULL ends. */
extern const char *const qmp_disc_kinds[];

#endif
