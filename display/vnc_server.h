/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_SERVER_H
#define THUNDERLAKE_DISPLAY_VNC_SERVER_H

#include <stddef.h>

#include "display/backend.h"
#include "display/vnc_handshake.h"
#include "display/vnc_listen.h"
#include "display/vnc_tls.h"

/*
 * Opens the door to VNC viewers: takes connections, lets those in that know the password and keeps
 * the clients. On a thread of its own, which waits for nobody: strangers are served by events and
 * have a time limit.
 */
#define VNC_CLIENTS_MAX 64u

struct vnc_server;

struct vnc_server_config {
	struct display_backend_env env;
	const struct keymap *keymap; /* borrowed */
	unsigned scanout;
	unsigned clients_max;
	struct vnc_handshake_policy policy; /* its password is borrowed */
	struct vnc_tls_files tls;	    /* when the policy wants TLS */
	const struct vnc_listen *listener;  /* borrowed */
};

/* Errors are those of the host, and of the files for TLS. */
int vnc_server_create(const struct vnc_server_config *config, struct vnc_server **out,
		      struct error *err);
/* Hangs up on all. NULL is fine. */
void vnc_server_destroy(struct vnc_server *server);

#endif
