/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_LISTEN_H
#define THUNDERLAKE_DISPLAY_VNC_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"

/* Where a VNC server waits for its viewers. */
#define VNC_SOCKETS_MAX 4u /* of a host name's addresses */

struct vnc_listen {
	int fds[VNC_SOCKETS_MAX]; /* owned; accept on each */
	size_t count;
	char *path;	/* of the Unix socket, owned and removed at the end; NULL: TCP */
	bool is_public; /* others than this host's users may reach it */
	char text[128]; /* "unix:/run/…", "127.0.0.1:5901" */
};

/* Listens at `unix:PATH`, `HOST:PORT` (`[ADDRESS]:PORT` for IPv6, `*:PORT` for all addresses; port
 * 0 for a free one) or `:DISPLAY` (port 5900 + DISPLAY of the loopback). -EINVAL: another form;
 * -ENOENT: no such host; others of the host. vnc_listen_finish may follow a failure too. */
int vnc_listen_init(struct vnc_listen *listener, const char *address, struct error *err);
void vnc_listen_finish(struct vnc_listen *listener);

#endif
