/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_UNIX_SOCKET_H
#define THUNDERLAKE_VMM_BASE_UNIX_SOCKET_H

#include "vmm/base/error.h"

/* Listens on a Unix socket of mode 0600 at `path`, non-blocking. What nobody serves any more is
 * replaced; who starts at the same time waits. Returns the descriptor; -EBUSY when another process
 * answers there, -ENAMETOOLONG, -EEXIST for a file that is no socket, or the host's errno. `what`
 * is for the texts: "control socket". The file is the caller's to remove. */
int unix_socket_listen(const char *what, const char *path, struct error *err);

/* Connects as a client, blocking. Returns the descriptor or -errno: -ENOENT and -ECONNREFUSED mean
 * that nobody is there. */
int unix_socket_connect(const char *path);

/* Removes a socket that nobody serves any more, as a killed process leaves it; anything else stays.
 */
void unix_socket_remove_stale(const char *path);

#endif
