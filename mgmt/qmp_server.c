/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "mgmt/qmp.h"
#include "mgmt/qmp_dispatch.h"
#include "mgmt/qmp_events.h"
#include "mgmt/qmp_json.h"
#include "vmm/base/list.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"
#include "vmm/base/unix_socket.h"

#define LOG_TAG	   "qmp"
#define READ_BYTES 4096 /* of one client in one round; then others get their turn */

struct qmp_listener {
	struct list node;
	struct qmp_server *server;
	struct loop_watch watch; /* removed while there are too many clients */
	int fd;
	char *path;
};

struct qmp_client {
	struct list node;
	struct qmp_server *server;
	struct loop_watch watch; /* removed when the client is gone; then reaped soon */
	int fd;
	struct qmp_session session;
	struct qmp_framer framer;
	/* Read, but held back while a reply is pending. */
	char input[READ_BYTES];
	size_t input_start, input_end;
	struct loop_timer resume; /* goes on with what was held back */
	char *output;		  /* not yet taken by the client */
	size_t output_length, output_capacity;
};

struct qmp_server {
	struct loop *loop;
	struct qmp_context context;
	struct list listeners;
	struct list clients;
	unsigned client_count;
	struct loop_timer reaper; /* frees clients that went away while their data was in use */
};

static void watch_listeners(struct qmp_server *server);

/* --- clients go ------------------------------------------------------------------------------ */

static bool is_gone(const struct qmp_client *client)
{
	return !client->watch.loop;
}

static void drop_client(struct qmp_client *client)
{
	if (!is_gone(client)) {
		loop_watch_remove(&client->watch);
		loop_timer_disarm(&client->resume);
		loop_timer_arm(client->server->loop, &client->server->reaper, 0);
		qmp_cancel(&client->session);
	}
}

static void destroy_client(struct qmp_client *client)
{
	loop_watch_remove(&client->watch);
	loop_timer_disarm(&client->resume);
	qmp_cancel(&client->session);
	list_remove(&client->node);
	client->server->client_count--;
	qmp_framer_finish(&client->framer);
	free(client->output);
	(void)close(client->fd);
	free(client);
}

static void reap_clients(void *arg)
{
	struct qmp_server *server = arg;
	struct qmp_client *client;

	list_for_each (client, &server->clients, struct qmp_client, node) {
		if (is_gone(client)) {
			destroy_client(client);
		}
	}
	watch_listeners(server);
}

/* --- output ---------------------------------------------------------------------------------- */

/* A client whose reply is pending is not read; that it leaves is noticed all the same. */
static void watch_client(struct qmp_client *client)
{
	const uint32_t input = client->session.pending ? 0 : EPOLLIN;
	const uint32_t output = client->output_length ? EPOLLOUT : 0;

	if (!is_gone(client)) {
		(void)loop_watch_modify(&client->watch, input | output);
	}
}

/* Gives the client what it takes; the rest waits for it to read. */
static void flush(struct qmp_client *client)
{
	ssize_t sent;

	if (client->output_length == 0) {
		return;
	}
	sent = send(client->fd, client->output, client->output_length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		drop_client(client);
		return;
	}
	if (sent > 0) {
		client->output_length -= (size_t)sent;
		memmove(client->output, client->output + sent, client->output_length);
	}
	watch_client(client);
}

static bool reserve_output(struct qmp_client *client, size_t bytes)
{
	const size_t needed = client->output_length + bytes;
	size_t capacity = client->output_capacity;
	char *output;

	if (needed <= capacity) {
		return true;
	}
	/* Twice as much each time: a backlog grows by one event after the other. */
	capacity = needed > 2 * capacity ? needed : 2 * capacity;
	output = realloc(client->output, capacity);
	if (!output) {
		return false;
	}
	client->output = output;
	client->output_capacity = capacity;
	return true;
}

/* Sends `message` and takes its reference. */
static void send_message(struct qmp_client *client, json_t *message)
{
	char *text =
		message ? json_dumps(message, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)) : NULL;
	size_t length = text ? strlen(text) : 0;

	json_decref(message);
	if (is_gone(client)) {
		free(text);
		return;
	}
	if (!text || client->output_length + length > QMP_BACKLOG_MAX ||
	    !reserve_output(client, length + 2)) {
		log_warn(LOG_TAG, "dropped a client that does not read (%zu bytes wait for it)",
			 client->output_length);
		drop_client(client);
		free(text);
		return;
	}
	memcpy(client->output + client->output_length, text, length);
	memcpy(client->output + client->output_length + length, "\r\n", 2);
	client->output_length += length + 2;
	free(text);
	flush(client);
}

/* --- input ----------------------------------------------------------------------------------- */

static const char *frame_error(enum qmp_frame frame)
{
	switch (frame) {
	case QMP_FRAME_TOO_LONG:
		return "JSON parse error, the request is too long; closing";
	case QMP_FRAME_TOO_DEEP:
		return "JSON parse error, the request is nested too deeply; closing";
	default:
		return "out of memory; closing";
	}
}

/* Runs one request; its reply may come later, by on_reply. */
static void answer(struct qmp_client *client)
{
	json_t *reply = qmp_dispatch(&client->session, client->framer.text, client->framer.length);

	qmp_framer_reset(&client->framer);
	if (client->session.pending) {
		watch_client(client);
	} else {
		send_message(client, reply);
	}
}

/* Takes what was read, up to a request whose reply comes later. */
static void take_input(struct qmp_client *client)
{
	while (client->input_start < client->input_end && !client->session.pending &&
	       !is_gone(client)) {
		size_t used;
		enum qmp_frame frame =
			qmp_framer_feed(&client->framer, client->input + client->input_start,
					client->input_end - client->input_start, &used);

		client->input_start += used;
		if (frame == QMP_FRAME_VALUE) {
			answer(client);
		} else if (frame != QMP_FRAME_MORE) {
			send_message(client,
				     qmp_error_reply(QMP_GENERIC_ERROR, frame_error(frame)));
			drop_client(client);
		}
	}
}

static void resume_input(void *arg)
{
	struct qmp_client *client = arg;

	take_input(client);
	watch_client(client);
}

/* Whoever finished the reply returns first, then the next request runs. */
static void on_reply(void *arg, json_t *reply)
{
	struct qmp_client *client = arg;

	send_message(client, reply);
	if (!is_gone(client)) {
		loop_timer_arm(client->server->loop, &client->resume, 0);
	}
}

static void on_client(void *arg, uint32_t events)
{
	struct qmp_client *client = arg;
	const bool is_held = client->session.pending || client->input_start < client->input_end;
	ssize_t got;

	if (events & EPOLLOUT) {
		flush(client);
	}
	if (is_gone(client) || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		return;
	}
	if (is_held) {
		if (events & (EPOLLHUP | EPOLLERR)) {
			drop_client(client);
		}
		return;
	}
	got = recv(client->fd, client->input, sizeof(client->input), MSG_DONTWAIT);
	if (got > 0) {
		client->input_start = 0;
		client->input_end = (size_t)got;
		take_input(client);
	} else if (got == 0 || errno != EAGAIN) {
		drop_client(client);
	}
}

/* --- clients come ---------------------------------------------------------------------------- */

static void add_client(struct qmp_server *server, int fd)
{
	struct qmp_client *client = calloc(1, sizeof(*client));

	if (!client ||
	    loop_watch_add(server->loop, &client->watch, fd, EPOLLIN, on_client, client) < 0) {
		log_warn(LOG_TAG, "no memory for another client");
		free(client);
		(void)close(fd);
		return;
	}
	client->server = server;
	client->fd = fd;
	client->session = (struct qmp_session){ .context = server->context,
						.on_reply = on_reply,
						.arg = client };
	loop_timer_init(&client->resume, resume_input, client);
	qmp_framer_init(&client->framer, QMP_REQUEST_MAX);
	list_append(&server->clients, &client->node);
	server->client_count++;
	send_message(client, qmp_greeting());
}

static void on_connection(void *arg, uint32_t events)
{
	struct qmp_listener *listener = arg;
	int fd;

	(void)events;
	if (listener->server->client_count < QMP_CLIENTS_MAX) {
		fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			add_client(listener->server, fd);
			return;
		}
		if (errno == EAGAIN || errno == ECONNABORTED) {
			return;
		}
		log_warn(LOG_TAG, "no client is let in before one leaves: %s", strerror(errno));
	}
	loop_watch_remove(&listener->watch); /* until a client leaves */
}

static void watch_listeners(struct qmp_server *server)
{
	struct qmp_listener *listener;

	list_for_each (listener, &server->listeners, struct qmp_listener, node) {
		if (!listener->watch.loop) {
			(void)loop_watch_add(server->loop, &listener->watch, listener->fd, EPOLLIN,
					     on_connection, listener);
		}
	}
}

/* --- the server ------------------------------------------------------------------------------ */

int qmp_server_create(struct loop *loop, const struct qmp_machine_ops *ops, void *machine,
		      struct qmp_server **out)
{
	struct qmp_server *server = calloc(1, sizeof(*server));

	*out = server;
	if (!server) {
		return -ENOMEM;
	}
	server->loop = loop;
	server->context = (struct qmp_context){ .ops = ops, .machine = machine, .loop = loop };
	list_init(&server->listeners);
	list_init(&server->clients);
	loop_timer_init(&server->reaper, reap_clients, server);
	return 0;
}

static void destroy_listener(struct qmp_listener *listener)
{
	loop_watch_remove(&listener->watch);
	list_remove(&listener->node);
	(void)unlink(listener->path);
	(void)close(listener->fd);
	free(listener->path);
	free(listener);
}

void qmp_server_destroy(struct qmp_server *server)
{
	struct qmp_listener *listener;
	struct qmp_client *client;

	if (!server) {
		return;
	}
	list_for_each (listener, &server->listeners, struct qmp_listener, node) {
		destroy_listener(listener);
	}
	list_for_each (client, &server->clients, struct qmp_client, node) {
		flush(client);
		destroy_client(client);
	}
	loop_timer_disarm(&server->reaper);
	free(server);
}

int qmp_server_listen(struct qmp_server *server, const char *path, struct error *err)
{
	struct qmp_listener *listener;
	int fd = unix_socket_listen("control socket", path, err);

	if (fd < 0) {
		return fd;
	}
	listener = calloc(1, sizeof(*listener));
	if (!listener || !(listener->path = strdup(path))) {
		free(listener);
		(void)unlink(path);
		(void)close(fd);
		return error_set_errno(err, -ENOMEM, "control socket %s", path);
	}
	listener->server = server;
	listener->fd = fd;
	list_append(&server->listeners, &listener->node);
	watch_listeners(server);
	return 0;
}

int qmp_server_listen_text(struct qmp_server *server, const char *text, struct error *err)
{
	static const char prefix[] = "unix:";
	const size_t length = sizeof(prefix) - 1;

	if (strncmp(text, prefix, length) != 0 || text[length] == '\0') {
		return error_set(err, -EINVAL, "qmp=%s: expected unix:PATH", text);
	}
	return qmp_server_listen(server, text + length, err);
}

void qmp_server_on_event(void *arg, const struct machine_event_info *info)
{
	struct qmp_server *server = arg;
	json_t *event = qmp_event(&server->context, info);
	struct qmp_client *client;
	struct timespec now;

	if (!event) {
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)json_object_set_new(event, "timestamp",
				  json_pack("{s:I, s:I}", "seconds", (json_int_t)now.tv_sec,
					    "microseconds", (json_int_t)(now.tv_nsec / 1000)));
	list_for_each (client, &server->clients, struct qmp_client, node) {
		if (client->session.is_negotiated) {
			send_message(client, json_incref(event));
		}
	}
	json_decref(event);
}
