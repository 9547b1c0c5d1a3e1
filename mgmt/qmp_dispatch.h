/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_DISPATCH_H
#define THUNDERLAKE_MGMT_QMP_DISPATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "mgmt/qmp_machine.h"
#include "vmm/base/compiler.h"

struct loop;

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
	/* Kept by qmp_dispatch.c. */
	struct qmp_session *session;
	json_t *id;
};

/* Tells in `failure` that the reply comes later; returns NULL, so that a handler can return it. */
json_t *qmp_defer(struct qmp_failure *failure, struct qmp_pending *pending);

/* Replies, once, after the handler has returned: with `result`, a reference that is taken, or, when
 * that is NULL, with `failure`. `pending` may be freed afterwards. Main loop; the client's next
 * request does not run before the callers have returned. */
void qmp_finish(struct qmp_pending *pending, json_t *result, const struct qmp_failure *failure);

enum qmp_kind {
	QMP_BOOL,
	QMP_INTEGER,
	QMP_STRING,
	QMP_ARRAY,
	QMP_OBJECT,
};

struct qmp_argument {
	const char *name;
	enum qmp_kind kind;
	bool optional;
};

/* For objects inside of arguments; `path` is where the object is: "keys[0].", or "" for the
 * arguments themselves. Each fills `failure` in QEMU's words when it returns NULL, false or -1. */

/* The member `name`, which has to be there and of this kind. */
const json_t *qmp_member(const json_t *object, const char *path, const char *name,
			 enum qmp_kind kind, struct qmp_failure *failure);
/* The member `index` of an array, which has to be an object. */
const json_t *qmp_element(const json_t *array, const char *path, size_t index,
			  struct qmp_failure *failure);
/* Whether the object has no members but these; NULL ends. */
bool qmp_has_only(const json_t *object, const char *path, const char *const *names,
		  struct qmp_failure *failure);
/* The place of a string member's value among `values`; NULL ends. */
int qmp_choice(const json_t *object, const char *path, const char *name, const char *const *values,
	       struct qmp_failure *failure);

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

/* Each ends with a NULL name. */
extern const struct qmp_command qmp_control_commands[];	  /* qmp_commands_control.c */
extern const struct qmp_command qmp_query_commands[];	  /* qmp_commands_query.c */
extern const struct qmp_command qmp_pci_commands[];	  /* qmp_commands_pci.c */
extern const struct qmp_command qmp_screen_commands[];	  /* qmp_commands_screen.c */
extern const struct qmp_command qmp_wait_commands[];	  /* qmp_commands_wait.c */
extern const struct qmp_command qmp_clipboard_commands[]; /* qmp_commands_clipboard.c */
extern const struct qmp_command qmp_hotplug_commands[];	  /* qmp_commands_hotplug.c */
extern const struct qmp_command qmp_record_commands[];	  /* qmp_commands_record.c */
extern const struct qmp_command qmp_audio_commands[];	  /* qmp_commands_audio.c */
extern const struct qmp_command qmp_input_commands[];	  /* qmp_commands_input.c */

/* The tables above, ending with NULL: qmp_commands.c. */
extern const struct qmp_command *const qmp_command_tables[];

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
