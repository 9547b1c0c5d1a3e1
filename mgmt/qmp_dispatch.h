/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_DISPATCH_H
#define THUNDERLAKE_MGMT_QMP_DISPATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "mgmt/qmp_command.h"

/* Of one client. */
struct qmp_session {
	struct qmp_context context;
	bool is_negotiated; /* qmp_capabilities was sent */
	/* A reply that was put off; takes the reference, NULL without memory. */
	void (*on_reply)(void *arg, json_t *reply);
	void *arg;
	struct qmp_pending *pending; /* kept by qmp_dispatch.c; NULL: none */
};

/* Runs one request, given as bytes; returns the reply, a new reference. NULL: it comes later, by
 * on_reply, and session->pending is set till then, or there is no memory. Not while one is pending.
 */
json_t *qmp_dispatch(struct qmp_session *session, const char *text, size_t length);

/* Cancels what is pending. Harmless when nothing is. */
void qmp_cancel(struct qmp_session *session);

/* The error reply for a stream that can't be followed. */
json_t *qmp_error_reply(const char *class, const char *text);

#endif
