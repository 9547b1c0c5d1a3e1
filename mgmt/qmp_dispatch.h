/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_DISPATCH_H
#define THUNDERLAKE_MGMT_QMP_DISPATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "mgmt/qmp_machine.h"
#include "vmm/base/compiler.h"

/* What a command works on. */
struct qmp_context {
	const struct qmp_machine_ops *ops;
	void *machine;
};

/* QMP's error classes; clients look at the class, people at the text. */
#define QMP_GENERIC_ERROR     "GenericError"
#define QMP_COMMAND_NOT_FOUND "CommandNotFound"
#define QMP_DEVICE_NOT_ACTIVE "DeviceNotActive"
#define QMP_DEVICE_NOT_FOUND  "DeviceNotFound"

struct qmp_failure {
	const char *class;
	struct error error;
};

/* Fills `failure`; returns NULL, so that a handler can return it. */
json_t *qmp_fail(struct qmp_failure *failure, const char *class, const char *format, ...)
	PRINTF_LIKE(3, 4);

enum qmp_kind {
	QMP_BOOL,
	QMP_INTEGER,
	QMP_STRING,
	QMP_ARRAY,
};

struct qmp_argument {
	const char *name;
	enum qmp_kind kind;
	bool optional;
};

/* Arguments have been checked against the table. Returns a new reference to what "return" holds, or
 * NULL with `failure` filled. */
typedef json_t *qmp_handler(const struct qmp_context *context, const json_t *arguments,
			    struct qmp_failure *failure);

/* A command as data. */
struct qmp_command {
	const char *name;
	const struct qmp_argument *arguments; /* ends with a NULL name; NULL: none */
	qmp_handler *run;
};

/* Each ends with a NULL name. */
extern const struct qmp_command qmp_control_commands[]; /* qmp_commands_control.c */
extern const struct qmp_command qmp_query_commands[];	/* qmp_commands_query.c */
extern const struct qmp_command qmp_pci_commands[];	/* qmp_commands_pci.c */

/* The tables above, ending with NULL. */
extern const struct qmp_command *const qmp_command_tables[];

/* Of one client. */
struct qmp_session {
	struct qmp_context context;
	bool is_negotiated; /* qmp_capabilities was sent */
};

/* Runs one request, given as bytes; returns the reply, a new reference, NULL without memory. */
json_t *qmp_dispatch(struct qmp_session *session, const char *text, size_t length);

/* The error reply for a stream that can't be followed. */
json_t *qmp_error_reply(const char *class, const char *text);

/* What a client is greeted with. */
json_t *qmp_greeting(void);

/* The "version" of greeting and query-version. */
json_t *qmp_version(void);

/* As QMP's RunState names it. */
const char *qmp_status_name(enum machine_status status);

/* The event as clients see it, without timestamp: a new reference, NULL for one that QMP does not
 * tell or without memory. */
json_t *qmp_event(const struct qmp_context *context, const struct machine_event_info *info);

#endif
