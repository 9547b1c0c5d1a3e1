/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_dispatch.h"

#include <stdio.h>
#include <string.h>

#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "vmm/base/utf8.h"

static const char negotiation[] = "qmp_capabilities";

json_t *qmp_error_reply(const char *class, const char *text)
{
	char desc[ERROR_TEXT_MAX];

	/* A text that was cut to fit, or that quotes a file name, need not be UTF-8; JSON is. */
	(void)snprintf(desc, sizeof(desc), "%s", text);
	utf8_mend(desc);
	return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", desc);
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
	if (!qmp_check_arguments(command->arguments, command->takes_more, arguments, failure)) {
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

/* The session may have its next one. */
static void release(struct qmp_pending *pending)
{
	pending->session->pending = NULL;
	json_decref(pending->id);
	pending->id = NULL;
}

/* What qmp_finish does. */
static void reply_later(struct qmp_pending *pending, json_t *result,
			const struct qmp_failure *failure)
{
	struct qmp_session *session = pending->session;
	json_t *reply = make_reply(result, failure, pending->id);

	release(pending);
	session->on_reply(session->arg, reply);
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
		session->pending->on_finish = reply_later;
		session->pending->session = session;
		session->pending->id = json_incref(id);
	} else {
		reply = make_reply(result, &failure, id);
	}
	json_decref(request);
	return reply;
}

void qmp_cancel(struct qmp_session *session)
{
	struct qmp_pending *pending = session->pending;

	if (pending) {
		release(pending);
		pending->on_cancel(pending);
	}
}
