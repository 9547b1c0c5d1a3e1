/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_CTL_SCREEN_H
#define THUNDERLAKE_MGMT_CTL_SCREEN_H

#include "vmm/base/error.h"

/* A path as the machine, which has another working folder, can use it: malloc'ed. 0 or -ENOMEM. */
int ctl_absolute_path(const char *path, char **out, struct error *err);

#endif
