/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_dispatch.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "version.h"
#include "vmm/base/utf8.h"

#define ARGUMENTS_MAX 16u /* of one command */

static const char negotiation[] = "qmp_capabilities";

json_t *qmp_fail(struct qmp_failure *failure, const char *class, const char *format, ...)
{
	va_list args;

	failure->class = class;
	va_start(args, format);
	(void)vsnprintf(failure->error.text, sizeof(failure->error.text), format, args);
	va_end(args);
	return NULL;
}

json_t *qmp_defer(struct qmp_failure *failure, struct qmp_pending *pending)
{
	failure->pending = pending;
	return NULL;
}

json_t *qmp_error_reply(const char *class, const char *text)
{
	char desc[ERROR_TEXT_MAX];

	/* A text that was cut to fit, or that quotes a file name, need not be UTF-8; JSON is. */
	(void)snprintf(desc, sizeof(desc), "%s", text);
	utf8_mend(desc);
	return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", desc);
}

json_t *qmp_version(void)
{
	unsigned major = 0;
	unsigned minor = 0;
	unsigned micro = 0;

	/* NOLINTNEXTLINE(cert-err34-c): our own text; what is missing stays 0. */
	(void)sscanf(THUNDERLAKE_VERSION, "%u.%u.%u", &major, &minor, &micro);
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", (int)major, "minor",
			 (int)minor, "micro", (int)micro, "package",
			 "Thunderlake " THUNDERLAKE_VERSION);
}

json_t *qmp_greeting(void)
{
	return json_pack("{s:{s:o, s:[]}}", "QMP", "version", qmp_version(), "capabilities");
}

/* --- the request's shape --------------------------------------------------------------------- */

static bool check_members(const json_t *request, struct qmp_failure *failure)
{
	static const char *const known[] = { "execute", "arguments", "id", NULL };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)request, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0) {
			i++;
		}
		if (!known[i]) {
			(void)qmp_fail(failure, QMP_GENERIC_ERROR,
				       "QMP input member '%s' is unexpected", key);
			return false;
		}
	}
	return true;
}

/* The command's name, or NULL. */
static const char *check_request(const json_t *request, struct qmp_failure *failure)
{
	const json_t *execute = json_object_get(request, "execute");
	const json_t *arguments = json_object_get(request, "arguments");

	if (!json_is_object(request)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "QMP input must be a JSON object");
	} else if (!check_members(request, failure)) {
		return NULL;
	} else if (!execute) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "QMP input lacks member 'execute'");
	} else if (!json_is_string(execute)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "QMP input member 'execute' must be a string");
	} else if (arguments && !json_is_object(arguments)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "QMP input member 'arguments' must be an object");
	} else {
		return json_string_value(execute);
	}
	return NULL;
}

/* --- arguments ------------------------------------------------------------------------------- */

static bool has_kind(const json_t *value, enum qmp_kind kind)
{
	switch (kind) {
	case QMP_BOOL:
		return json_is_boolean(value);
	case QMP_INTEGER:
		return json_is_integer(value);
	case QMP_STRING:
		return json_is_string(value);
	case QMP_ARRAY:
		return json_is_array(value);
	case QMP_OBJECT:
		return json_is_object(value);
	}
	return false;
}

static const char *kind_name(enum qmp_kind kind)
{
	static const char *const names[] = { [QMP_BOOL] = "boolean",
					     [QMP_INTEGER] = "integer",
					     [QMP_STRING] = "string",
					     [QMP_ARRAY] = "array",
					     [QMP_OBJECT] = "object" };

	return names[kind];
}

static bool check_kind(const json_t *value, const char *path, const char *name, enum qmp_kind kind,
		       struct qmp_failure *failure)
{
	if (!has_kind(value, kind)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Invalid parameter type for '%s%s', expected: %s", path, name,
			       kind_name(kind));
		return false;
	}
	return true;
}

const json_t *qmp_member(const json_t *object, const char *path, const char *name,
			 enum qmp_kind kind, struct qmp_failure *failure)
{
	const json_t *value = json_object_get(object, name);

	if (!value) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s%s' is missing", path,
			       name);
		return NULL;
	}
	return check_kind(value, path, name, kind, failure) ? value : NULL;
}

const json_t *qmp_element(const json_t *array, const char *path, size_t index,
			  struct qmp_failure *failure)
{
	const json_t *value = json_array_get(array, index);
	char name[32];

	(void)snprintf(name, sizeof(name), "[%zu]", index);
	return check_kind(value, path, name, QMP_OBJECT, failure) ? value : NULL;
}

bool qmp_has_only(const json_t *object, const char *path, const char *const *names,
		  struct qmp_failure *failure)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		size_t i = 0;

		while (names[i] && strcmp(names[i], key) != 0) {
			i++;
		}
		if (!names[i]) {
			(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s%s' is unexpected",
				       path, key);
			return false;
		}
	}
	return true;
}

int qmp_choice(const json_t *object, const char *path, const char *name, const char *const *values,
	       struct qmp_failure *failure)
{
	const char *given = json_string_value(qmp_member(object, path, name, QMP_STRING, failure));

	if (!given) {
		return -1;
	}
	for (int i = 0; values[i]; i++) {
		if (strcmp(values[i], given) == 0) {
			return i;
		}
	}
	(void)qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter '%s' does not accept value '%s'",
		       name, given);
	return -1;
}

static bool check_arguments(const struct qmp_command *command, const json_t *arguments,
			    struct qmp_failure *failure)
{
	const struct qmp_argument *argument = command->arguments;
	const char *names[ARGUMENTS_MAX + 1] = { NULL };

	for (size_t i = 0; argument && argument->name; argument++) {
		if (!(argument->optional && !json_object_get(arguments, argument->name)) &&
		    !qmp_member(arguments, "", argument->name, argument->kind, failure)) {
			return false;
		}
		assert(i < ARGUMENTS_MAX);
		names[i++] = argument->name;
	}
	return command->takes_more || qmp_has_only(arguments, "", names, failure);
}

/* --- running --------------------------------------------------------------------------------- */

static const struct qmp_command *find_command(const char *name)
{
	for (size_t i = 0; qmp_command_tables[i]; i++) {
		for (const struct qmp_command *c = qmp_command_tables[i]; c->name; c++) {
			if (strcmp(c->name, name) == 0) {
				return c;
			}
		}
	}
	return NULL;
}

/* Until the client has negotiated, that is all it may do; afterwards, it may not again. */
static bool check_phase(const struct qmp_session *session, const char *name,
			struct qmp_failure *failure)
{
	const bool negotiates = strcmp(name, negotiation) == 0;

	if (!session->is_negotiated && !negotiates) {
		(void)qmp_fail(failure, QMP_COMMAND_NOT_FOUND,
			       "Expecting capabilities negotiation with 'qmp_capabilities'");
		return false;
	}
	if (session->is_negotiated && negotiates) {
		(void)qmp_fail(failure, QMP_COMMAND_NOT_FOUND,
			       "Capabilities negotiation is already complete, command ignored");
		return false;
	}
	return true;
}

static json_t *run_request(struct qmp_session *session, const json_t *request,
			   struct qmp_failure *failure)
{
	const char *name = check_request(request, failure);
	const json_t *arguments = json_object_get(request, "arguments");
	const struct qmp_command *command;
	json_t *result;

	if (!name || !check_phase(session, name, failure)) {
		return NULL;
	}
	command = find_command(name);
	if (!command) {
		return qmp_fail(failure, QMP_COMMAND_NOT_FOUND, "The command %s has not been found",
				name);
	}
	if (!check_arguments(command, arguments, failure)) {
		return NULL;
	}
	result = command->run(&session->context, arguments, failure);
	session->is_negotiated |= result && strcmp(name, negotiation) == 0;
	return result;
}

/* Takes the references to `result`; `failure` counts when that is NULL. */
static json_t *make_reply(json_t *result, const struct qmp_failure *failure, json_t *id)
{
	json_t *reply = result ? json_pack("{s:o}", "return", result)
			       : qmp_error_reply(failure->class, failure->error.text);

	if (reply && id) {
		(void)json_object_set(reply, "id", id);
	}
	return reply;
}

json_t *qmp_dispatch(struct qmp_session *session, const char *text, size_t length)
{
	struct qmp_failure failure = { .class = QMP_GENERIC_ERROR, .error.text = "out of memory" };
	json_error_t where;
	json_t *request =
		json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	json_t *id = json_object_get(request, "id");
	json_t *result = NULL;
	json_t *reply = NULL;

	if (request) {
		result = run_request(session, request, &failure);
	} else {
		(void)qmp_fail(&failure, QMP_GENERIC_ERROR, "JSON parse error, %s", where.text);
	}
	if (failure.pending) {
		session->pending = failure.pending;
		session->pending->session = session;
		session->pending->id = json_incref(id);
	} else {
		reply = make_reply(result, &failure, id);
	}
	json_decref(request);
	return reply;
}

/* The session may have its next one. */
static void release(struct qmp_pending *pending)
{
	pending->session->pending = NULL;
	json_decref(pending->id);
	pending->id = NULL;
}

void qmp_finish(struct qmp_pending *pending, json_t *result, const struct qmp_failure *failure)
{
	struct qmp_session *session = pending->session;
	json_t *reply = make_reply(result, failure, pending->id);

	release(pending);
	session->on_reply(session->arg, reply);
}

void qmp_cancel(struct qmp_session *session)
{
	struct qmp_pending *pending = session->pending;

	if (pending) {
		release(pending);
		pending->on_cancel(pending);
	}
}
