/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_COMMAND_H
#define THUNDERLAKE_MGMT_QMP_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "mgmt/qmp_machine.h"
#include "vmm/base/compiler.h"

struct loop;
struct qmp_argument;

/* What a command of QMP is, and how it fails or puts off its reply. */

/* What a command works on. */
struct qmp_context {
	const struct qmp_machine_ops *ops;
	void *machine;
	struct loop *loop; /* the main loop; NULL in tests of commands that need none */
};

/* QMP's error classes; clients look at the class, people at the text. */
#define QMP_GENERIC_ERROR     "GenericError"
#define QMP_COMMAND_NOT_FOUND "CommandNotFound"
#define QMP_DEVICE_NOT_ACTIVE "DeviceNotActive"
#define QMP_DEVICE_NOT_FOUND  "DeviceNotFound"
#define QMP_TIMED_OUT	      "XThunderlakeTimedOut" /* one of ours */

/* Why a command has returned nothing. */
struct qmp_failure {
	const char *class;
	struct error error;
	struct qmp_pending *pending; /* it has not failed: its reply comes later */
};

/* Fills `failure`; returns NULL, so that a handler can return it. */
json_t *qmp_fail(struct qmp_failure *failure, const char *class, const char *format, ...)
	PRINTF_LIKE(3, 4);

/*
 * A reply that comes later, embedded in what the command has begun. QMP answers each client in
 * order, so this one's next requests wait until then; other clients and events do not.
 */
struct qmp_pending {
	/* The client has left or the server ends: nobody waits for the reply any more, and
	 * qmp_finish must not be called. May free the object. */
	void (*on_cancel)(struct qmp_pending *pending);
	/* Kept by the dispatcher, which replies. */
	void (*on_finish)(struct qmp_pending *pending, json_t *result,
			  const struct qmp_failure *failure);
	struct qmp_session *session;
	json_t *id;
};

/* Tells in `failure` that the reply comes later; returns NULL, so that a handler can return it. */
json_t *qmp_defer(struct qmp_failure *failure, struct qmp_pending *pending);

/* Replies, once, after the handler has returned: with `result`, a reference that is taken, or, when
 * that is NULL, with `failure`. `pending` may be freed afterwards. Main loop; the client's next
 * request does not run before the callers have returned. */
void qmp_finish(struct qmp_pending *pending, json_t *result, const struct qmp_failure *failure);

/* Arguments have been checked against the table. Returns a new reference to what "return" holds, or
 * NULL with `failure` filled by qmp_fail or qmp_defer. */
typedef json_t *qmp_handler(const struct qmp_context *context, const json_t *arguments,
			    struct qmp_failure *failure);

/* A command as data. */
struct qmp_command {
	const char *name;
	const struct qmp_argument *arguments; /* ends with a NULL name; NULL: none */
	qmp_handler *run;
	bool takes_more; /* arguments that the table does not have */
};

#endif
