/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_SOCKET_H
#define THUNDERLAKE_MGMT_QMP_SOCKET_H

#include "vmm/base/error.h"

/* Listens on a Unix socket of mode 0600 at `path`, non-blocking. What nobody serves any more is
 * replaced; who starts at the same time waits. Returns the descriptor; -EBUSY when another process
 * answers there, -ENAMETOOLONG, -EEXIST for a file that is no socket, or the host's errno. */
int qmp_socket_listen(const char *path, struct error *err);

/* Connects as a client, blocking. Returns the descriptor or -errno: -ENOENT and -ECONNREFUSED mean
 * that nobody is there. */
int qmp_socket_connect(const char *path);

#endif
