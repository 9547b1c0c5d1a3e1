/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands_control.c
 *       mgmt/qmp_commands_query.c
 *       mgmt/qmp_commands_block.c mgmt/qmp_commands_disc.c mgmt/qmp_drives.c
 *       mgmt/qmp_events.c mgmt/qmp_json.c mgmt/qmp_server.c
 *       mgmt/qmp_socket.c mgmt/paths.c mgmt/ctl_client.c tests/unit/mgmt/fake_qmp_machine.c */
/* Replies that come later, with a command of the test's own that does nothing else. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mgmt/ctl_client.h"
#include "mgmt/qmp.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_dispatch.h"
#include "tests/unit/mgmt/fake_qmp_machine.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

/* Set on the server's loop, read there or when it is idle. */
static struct qmp_pending *begun;
static unsigned begun_count, cancelled_count;

static void on_cancel(struct qmp_pending *pending)
{
	cancelled_count++;
	free(pending);
	begun = NULL;
}

static json_t *run_later(const struct qmp_context *c, const json_t *arguments,
			 struct qmp_failure *failure)
{
	(void)c;
	(void)arguments;
	begun = calloc(1, sizeof(*begun));
	begun->on_cancel = on_cancel;
	begun_count++;
	return qmp_defer(failure, begun);
}

static const struct qmp_command later_commands[] = { { "later", NULL, run_later },
						     { .name = NULL } };
const struct qmp_command *const qmp_command_tables[] = { later_commands, qmp_control_commands,
							 qmp_query_commands, NULL };

static struct fake_qmp_machine machine;
static struct loop *loop;
static struct qmp_server *server;
static struct ctl_client client, other;
static char folder[64];
static char *path;
static struct error err;

static void listen_on_loop(void *arg)
{
	(void)arg;
	(void)qmp_server_listen(server, path, &err);
}

static void set_up(void)
{
	begun = NULL;
	begun_count = cancelled_count = 0;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_qmp.XXXXXX");
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	machine = (struct fake_qmp_machine)FAKE_QMP_MACHINE;
	cr_assert(eq(int, loop_create("test", &loop), 0));
	cr_assert(eq(int, qmp_server_create(loop, &fake_qmp_machine_ops, &machine, &server), 0));
	cr_assert(eq(int, qmp_socket_path("vm", &path, &err), 0));
	cr_assert(eq(int, loop_start(loop), 0));
	loop_call(loop, listen_on_loop, NULL);
	cr_assert(eq(int, ctl_client_connect(&client, "vm", &err), 0), "%s", err.text);
	cr_assert(eq(int, ctl_client_connect(&other, "vm", &err), 0), "%s", err.text);
}

static void destroy_server(void *arg)
{
	(void)arg;
	qmp_server_destroy(server);
	server = NULL;
}

static void tear_down(void)
{
	char inner[80];

	ctl_client_close(&client);
	ctl_client_close(&other);
	loop_call(loop, destroy_server, NULL);
	loop_destroy(loop);
	(void)unlink(path);
	free(path);
	(void)snprintf(inner, sizeof(inner), "%s/thunderlake", folder);
	(void)rmdir(inner);
	(void)rmdir(folder);
}

TestSuite(qmp_pending, .init = set_up, .fini = tear_down, .timeout = 20);

static void write_text(const struct ctl_client *c, const char *text)
{
	cr_assert(eq(i64, (int64_t)send(c->fd, text, strlen(text), 0), (int64_t)strlen(text)));
}

/* A round trip of another client: what came before it has been seen by the server. */
static void settle(void)
{
	json_t *value;

	cr_assert(eq(int, ctl_client_execute(&other, "query-status", NULL, &value, &err), 0));
	json_decref(value);
}

static void begin(const char *requests)
{
	write_text(&client, requests);
	while (begun_count == 0) {
		settle();
	}
}

static void finish_on_loop(void *arg)
{
	const struct qmp_failure *failure = arg;
	struct qmp_pending *pending = begun;

	begun = NULL;
	qmp_finish(pending, failure ? NULL : json_string("done"), failure);
	free(pending);
}

static void finish(const struct qmp_failure *failure)
{
	loop_call(loop, finish_on_loop, (void *)(uintptr_t)failure);
}

/* The next message has this text somewhere. */
static void expect(const char *text)
{
	json_t *message = NULL;
	char *dump;

	cr_assert(eq(int, ctl_client_next(&client, &message, &err), 0), "%s", err.text);
	dump = json_dumps(message, JSON_COMPACT);
	cr_assert(ne(ptr, strstr(dump, text), NULL), "%s", dump);
	free(dump);
	json_decref(message);
}

Test(qmp_pending, reply_comes_later_with_its_id)
{
	begin("{\"execute\": \"later\", \"id\": 7}");
	finish(NULL);
	expect("{\"return\":\"done\",\"id\":7}");
}

Test(qmp_pending, failure_comes_later_too)
{
	struct qmp_failure failure;

	(void)qmp_fail(&failure, QMP_DEVICE_NOT_ACTIVE, "too late");
	begin("{\"execute\": \"later\", \"id\": [1]}");
	finish(&failure);
	expect("{\"error\":{\"class\":\"DeviceNotActive\",\"desc\":\"too late\"},\"id\":[1]}");
}

Test(qmp_pending, next_requests_wait_for_their_turn)
{
	begin("{\"execute\": \"later\"}{\"execute\": \"stop\"} {\"execute\": \"query-name\"}");
	write_text(&client, "{\"execute\": \"query-status\"}");
	settle();
	cr_assert(eq(int, machine.status, MACHINE_RUNNING));
	finish(NULL);
	expect("done");
	expect("{}");
	expect("shape");
	expect("paused");
}

Test(qmp_pending, one_can_follow_another)
{
	begin("{\"execute\": \"later\", \"id\": 1}{\"execute\": \"later\", \"id\": 2}");
	cr_assert(eq(uint, begun_count, 1u));
	finish(NULL);
	expect("\"id\":1");
	while (begun_count < 2) {
		settle();
	}
	finish(NULL);
	expect("\"id\":2");
}

static void emit_on_loop(void *arg)
{
	const struct machine_event_info info = { .event = MACHINE_EVENT_POWERDOWN };

	(void)arg;
	qmp_server_on_event(server, &info);
}

Test(qmp_pending, events_come_meanwhile)
{
	begin("{\"execute\": \"later\"}");
	loop_call(loop, emit_on_loop, NULL);
	expect("POWERDOWN");
	finish(NULL);
	expect("done");
}

Test(qmp_pending, client_that_leaves_cancels)
{
	begin("{\"execute\": \"later\"}{\"execute\": \"stop\"}");
	ctl_client_close(&client);
	while (cancelled_count == 0) {
		settle();
	}
	cr_assert(eq(int, machine.status, MACHINE_RUNNING));
	cr_assert(eq(ptr, begun, NULL));
}

Test(qmp_pending, client_that_only_stops_writing_gets_its_reply)
{
	begin("{\"execute\": \"later\"}{\"execute\": \"query-name\"}");
	cr_assert(eq(int, shutdown(client.fd, SHUT_WR), 0));
	settle();
	finish(NULL);
	expect("done");
	expect("shape");
}

Test(qmp_pending, end_of_the_server_cancels)
{
	begin("{\"execute\": \"later\"}");
	loop_call(loop, destroy_server, NULL);
	cr_assert(eq(uint, cancelled_count, 1u));
}
