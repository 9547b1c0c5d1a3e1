/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_MGMT_QMP_CLIENT_H
#define THUNDERLAKE_TESTS_UNIT_MGMT_QMP_CLIENT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>

#include "mgmt/qmp_dispatch.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/loop.h"

/* A machine that only remembers, and the client who has its one session. For the one program that
 * includes this. */
static struct fake_qmp_machine machine;
static struct qmp_session session;
static json_t *reply; /* the last one */

static inline void on_reply(void *arg, json_t *later)
{
	(void)arg;
	reply = later;
	loop_stop(session.context.loop);
}

static inline void begin_session(void)
{
	machine = (struct fake_qmp_machine)FAKE_QMP_MACHINE;
	reply = NULL;
	session = (struct qmp_session){
		.context = { .ops = &fake_qmp_machine_ops, .machine = &machine },
		.is_negotiated = true,
		.on_reply = on_reply,
	};
	cr_assert(eq(int, loop_create("test", &session.context.loop), 0));
}

static inline void end_session(void)
{
	json_decref(reply);
	reply = NULL;
	loop_destroy(session.context.loop);
}

/* Waits for replies that come later, too. */
static inline void ask_machine(const char *request)
{
	json_decref(reply);
	reply = qmp_dispatch(&session, request, strlen(request));
	if (!reply && session.pending) {
		loop_run(session.context.loop);
	}
	cr_assert(ne(ptr, reply, NULL));
}

/* "" where there is none. */
static inline char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (char *)(uintptr_t)(text ? text : "");
}

/* Runs a command with arguments as a JSON object; returns the text of its refusal, or "". */
static inline char *ask(const char *name, const char *arguments)
{
	char request[512];

	(void)snprintf(request, sizeof(request), "{\"execute\": \"%s\", \"arguments\": %s}", name,
		       arguments);
	ask_machine(request);
	return text_of(json_object_get(reply, "error"), "desc");
}

static inline const char *refusal(void)
{
	const char *text = "none";

	(void)json_unpack(reply, "{s:{s:s}}", "error", "desc", &text);
	return text;
}

static inline const json_t *returned(void)
{
	cr_assert(ne(ptr, json_object_get(reply, "return"), NULL), "%s", refusal());
	return json_object_get(reply, "return");
}

#endif
