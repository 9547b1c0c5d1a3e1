/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_H
#define THUNDERLAKE_MGMT_QMP_H

#include <stdbool.h>

#include "mgmt/qmp_machine.h"
#include "vmm/base/error.h"

struct loop;
struct qmp_server;

/*
 * The control socket: QMP, as QEMU speaks it (docs/interop/qmp-spec of QEMU), for several clients
 * at once. Everything on the main loop. A client that does not read its replies and events is
 * dropped; what one sends is bounded by QMP_REQUEST_MAX and QMP_DEPTH_MAX (mgmt/qmp_json.h).
 */
#define QMP_CLIENTS_MAX 16u	   /* at once; more wait until one leaves */
#define QMP_BACKLOG_MAX (1u << 20) /* bytes that one client has not read yet */

/* All borrowed. 0 or -ENOMEM. */
int qmp_server_create(struct loop *loop, const struct qmp_machine_ops *ops, void *machine,
		      struct qmp_server **out);
/* Sends what clients still take at once, closes and removes all sockets. NULL is fine. */
void qmp_server_destroy(struct qmp_server *server);

/* Listens on a Unix socket of mode 0600. A socket that nobody serves any more is replaced; one that
 * answers is refused with -EBUSY. Other errors are the host's. */
int qmp_server_listen(struct qmp_server *server, const char *path, struct error *err);

/* `--qmp unix:PATH`. -EINVAL: another form. */
int qmp_server_listen_text(struct qmp_server *server, const char *text, struct error *err);

/* NAME.qmp in the runtime folder: where `ctl` looks. malloc'ed. -EINVAL: no name for a file. */
int qmp_socket_path(const char *name, char **out, struct error *err);

/* Whether a machine of that name answers on this host. */
bool qmp_is_running(const char *name);
/* Removes the socket of a machine that was killed; that of one that runs stays. Any thread. */
void qmp_remove_stale(const char *name);

/* Tells all clients that have finished their negotiation. For machine_listener; `arg` is the
 * server.
 */
void qmp_server_on_event(void *arg, const struct machine_event_info *info);

#endif
