/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_PATHS_H
#define THUNDERLAKE_MGMT_PATHS_H

#include "vmm/base/error.h"

/*
 * Where Thunderlake keeps things on this host, after the XDG base directory specification. The
 * results are malloc'ed and the caller's. The folders are made, with mode 0700, when they are
 * missing; a folder that belongs to somebody else is refused (-EPERM). Any thread.
 */

/* For sockets and what lives no longer than the host's boot: $XDG_RUNTIME_DIR/thunderlake, else
 * /run/user/UID/thunderlake if that exists, else /tmp/thunderlake-UID. */
int paths_runtime_folder(char **out, struct error *err);

/* For what can be made again: $XDG_CACHE_HOME/thunderlake, else ~/.cache/thunderlake. */
int paths_cache_folder(char **out, struct error *err);

#endif
