/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_SCREEN_H
#define THUNDERLAKE_MGMT_QMP_SCREEN_H

#include "mgmt/qmp_command.h"

struct display;

/* The machine's display and the scanout that the argument "scanout" names, 0 without one. NULL with
 * `failure` filled: the machine has no screen, or not that scanout. */
struct display *qmp_find_scanout(const struct qmp_context *context, const json_t *arguments,
				 unsigned *scanout, struct qmp_failure *failure);

#endif
