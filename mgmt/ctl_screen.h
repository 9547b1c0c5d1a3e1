/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_SCREEN_H
#define THUNDERLAKE_MGMT_CTL_SCREEN_H

#include "vmm/base/error.h"

/* A path as the machine, which has another working folder, can use it: malloc'ed. 0 or -ENOMEM. */
int ctl_absolute_path(const char *path, char **out, struct error *err);

/* "1.5" of an option; NULL leaves `*out` as it is. -EINVAL: no number of seconds, or beyond a day.
 */
int ctl_parse_seconds(const char *option, const char *text, double *out, struct error *err);

#endif
