/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_TLS_H
#define THUNDERLAKE_DISPLAY_VNC_TLS_H

#include "vmm/base/error.h"

struct loop;

/*
 * The server's side of TLS for connections of which both ends of the protocol inside know nothing:
 * what comes encrypted leaves in plain on a socket pair, and back. Only in builds with HAVE_GNUTLS.
 */
struct vnc_tls;

struct vnc_tls_files {
	const char *cert, *key; /* PEM; what the server shows */
	const char *client_ca; /* PEM; viewers must show a certificate that it signed; NULL: none */
};

/* -EINVAL: files that cannot be read or do not fit; -ENOMEM. `loop` does the work. */
int vnc_tls_create(const struct vnc_tls_files *files, struct loop *loop, struct vnc_tls **out,
		   struct error *err);
/* Ends all connections. The loop does not run any more. NULL is fine. */
void vnc_tls_destroy(struct vnc_tls *tls);

/* On the loop: takes the descriptor in any case, and returns the one where it goes on in plain, the
 * caller's, which ends when TLS does. Or -errno. */
int vnc_tls_wrap(struct vnc_tls *tls, int fd);

#endif
