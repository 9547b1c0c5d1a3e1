/* SPDX-License-Identifier: MIT */
#include "display/vnc_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <rfb/rfb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "config.h"
#include "display/vnc_client.h"
#include "display/vnc_library.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define TAG "vnc"

/* Strangers: how many at a time, how long each may take, and how long a wrong password is pondered.
 */
#define CALLERS_MAX	  16u
#define CALLER_LIMIT_NS	  UINT64_C(10000000000)
#define WRONG_PASSWORD_NS UINT64_C(1000000000)

/* Somebody at the door. */
struct caller {
	struct vnc_server *server;
	int fd; /* -1: nobody */
	struct loop_watch watch;
	struct loop_timer limit;
	uint64_t since_ns;
	struct vnc_handshake handshake;
	uint8_t input[VNC_HANDSHAKE_INPUT_MAX];
	size_t have;
};

/* A place for a client. */
struct seat {
	struct vnc_server *server;
	rfbScreenInfo *screen;
	struct vnc_client *client;  /* NULL: free */
	struct loop_task gone_task; /* it has left */
};

struct vnc_server {
	struct vnc_server_config config;
	struct loop *loop;
	struct vnc_tls *tls;
	char title[64];
	struct loop_watch listen_watches[VNC_SOCKETS_MAX];
	struct caller callers[CALLERS_MAX];
	struct seat seats[VNC_CLIENTS_MAX];
	struct seat *pacer; /* whose client sets the pace */
	struct log_limit limit;
};

/* --- seats --- */

static void on_gone(void *arg, struct vnc_client *client UNUSED)
{
	struct seat *seat = arg;

	loop_post(seat->server->loop, &seat->gone_task);
}

static struct seat *find_seat(struct vnc_server *server, bool taken)
{
	for (unsigned i = 0; i < server->config.clients_max; i++) {
		if ((server->seats[i].client != NULL) == taken) {
			return &server->seats[i];
		}
	}
	return NULL;
}

/* On the loop: cleans up after a client, and another one sets the pace. */
static void on_seat_free(void *arg)
{
	struct seat *seat = arg;
	struct vnc_server *server = seat->server;

	vnc_client_destroy(seat->client);
	seat->client = NULL;
	log_debug(TAG, "a viewer left");
	if (server->pacer == seat) {
		server->pacer = find_seat(server, true);
		if (server->pacer) {
			vnc_client_set_pace(server->pacer->client);
		}
	}
}

static void seat_client(struct vnc_server *server, int fd)
{
	struct seat *seat = find_seat(server, false);
	struct vnc_client_config config;
	int code;

	if (!seat) {
		log_guest(&server->limit, TAG, "a viewer was sent away: there are %u already",
			  server->config.clients_max);
		(void)close(fd);
		return;
	}
	config = (struct vnc_client_config){ .env = &server->config.env,
					     .keymap = server->config.keymap,
					     .scanout = server->config.scanout,
					     .screen = seat->screen,
					     .sets_pace = !server->pacer,
					     .on_gone = on_gone,
					     .arg = seat };
	code = vnc_client_create(&config, fd, &seat->client);
	if (code < 0) {
		log_warn(TAG, "a viewer cannot be served: %s", strerror(-code));
		return;
	}
	server->pacer = server->pacer ?: seat;
	log_debug(TAG, "a viewer came");
}

/* --- callers --- */

static void dismiss(struct caller *caller)
{
	loop_watch_remove(&caller->watch);
	loop_timer_disarm(&caller->limit);
	if (caller->fd >= 0) {
		(void)close(caller->fd);
	}
	caller->fd = -1;
}

/* There is room for these few bytes, or the caller is up to no good. */
static bool answer(struct caller *caller)
{
	size_t length = caller->handshake.output_length;

	return length == 0 || send(caller->fd, caller->handshake.output, length,
				   MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

static void on_limit(void *arg)
{
	struct caller *caller = arg;

	if (caller->handshake.has_failed) {
		(void)answer(caller);
	}
	dismiss(caller);
}

/* The answer comes late, so that few passwords can be tried. */
static void ponder(struct caller *caller)
{
	log_guest(&caller->server->limit, TAG, "a viewer gave a wrong password");
	loop_watch_remove(&caller->watch);
	loop_timer_arm(caller->server->loop, &caller->limit, clock_now_ns() + WRONG_PASSWORD_NS);
}

static void on_caller(void *arg, uint32_t events);

static bool listen_to(struct caller *caller)
{
	caller->have = 0;
	return loop_watch_add(caller->server->loop, &caller->watch, caller->fd, EPOLLIN, on_caller,
			      caller) == 0;
}

/* The same conversation goes on inside TLS. */
static bool secure(struct caller *caller)
{
	int fd = caller->fd;

	loop_watch_remove(&caller->watch);
	caller->fd = -1;
	if (HAVE_GNUTLS) {
		caller->fd = vnc_tls_wrap(caller->server->tls, fd);
	}
	return caller->fd >= 0 && listen_to(caller);
}

static void admit(struct caller *caller)
{
	int fd = caller->fd;

	loop_watch_remove(&caller->watch);
	caller->fd = -1;
	dismiss(caller);
	seat_client(caller->server, fd);
}

static void go_on(struct caller *caller, enum vnc_handshake_step step)
{
	if (step == VNC_HANDSHAKE_REFUSED && caller->handshake.has_failed) {
		ponder(caller);
	} else if (!answer(caller) || step == VNC_HANDSHAKE_REFUSED) {
		dismiss(caller);
	} else if (step == VNC_HANDSHAKE_DONE) {
		admit(caller);
	} else if (step == VNC_HANDSHAKE_START_TLS) {
		if (secure(caller)) {
			go_on(caller, vnc_handshake_secured(&caller->handshake));
		} else {
			dismiss(caller);
		}
	}
}

static void on_caller(void *arg, uint32_t events UNUSED)
{
	struct caller *caller = arg;
	size_t wants = vnc_handshake_wants(&caller->handshake);
	ssize_t count =
		recv(caller->fd, caller->input + caller->have, wants - caller->have, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count <= 0) {
		dismiss(caller);
		return;
	}
	caller->have += (size_t)count;
	if (caller->have == wants) {
		caller->have = 0;
		go_on(caller, vnc_handshake_take(&caller->handshake, caller->input));
	}
}

/* --- the door --- */

/* Nobody, or who has been there for the longest time. */
static struct caller *find_caller(struct vnc_server *server)
{
	struct caller *found = &server->callers[0];

	for (unsigned i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &server->callers[i];

		if (caller->fd < 0) {
			return caller;
		}
		if (caller->since_ns < found->since_ns) {
			found = caller;
		}
	}
	dismiss(found);
	return found;
}

static void greet(struct vnc_server *server, int fd)
{
	struct caller *caller = find_caller(server);
	uint8_t challenge[VNC_CHALLENGE_SIZE];
	const int one = 1;

	/* Fails on a Unix socket, which sends at once anyway. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	caller->fd = fd;
	caller->since_ns = clock_now_ns();
	if (getrandom(challenge, sizeof(challenge), 0) != (ssize_t)sizeof(challenge)) {
		dismiss(caller);
		return;
	}
	vnc_handshake_start(&caller->handshake, &server->config.policy, challenge);
	if (!answer(caller) || !listen_to(caller)) {
		dismiss(caller);
		return;
	}
	loop_timer_arm(server->loop, &caller->limit, caller->since_ns + CALLER_LIMIT_NS);
}

static void on_connection(void *arg, uint32_t events UNUSED)
{
	struct vnc_server *server = arg;

	for (size_t i = 0; i < server->config.listener->count; i++) {
		int fd = accept4(server->config.listener->fds[i], NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			greet(server, fd);
		}
	}
}

/* --- creation --- */

/* All seats before the first client: see vnc_client_make_screen. */
static int make_seats(struct vnc_server *server)
{
	(void)snprintf(server->title, sizeof(server->title), "%s - Thunderlake",
		       server->config.env.machine_name);
	for (unsigned i = 0; i < server->config.clients_max; i++) {
		struct seat *seat = &server->seats[i];

		seat->server = server;
		loop_task_init(&seat->gone_task, on_seat_free, seat);
		seat->screen = vnc_client_make_screen(server->title);
		if (!seat->screen) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void init_callers(struct vnc_server *server)
{
	for (unsigned i = 0; i < CALLERS_MAX; i++) {
		server->callers[i].server = server;
		server->callers[i].fd = -1;
		loop_timer_init(&server->callers[i].limit, on_limit, &server->callers[i]);
	}
}

static int open_door(struct vnc_server *server)
{
	const struct vnc_listen *listener = server->config.listener;
	int code = 0;

	for (size_t i = 0; i < listener->count && code == 0; i++) {
		code = loop_watch_add(server->loop, &server->listen_watches[i], listener->fds[i],
				      EPOLLIN, on_connection, server);
	}
	return code ?: loop_start(server->loop);
}

static int start_tls(struct vnc_server *server, struct error *err)
{
	if (HAVE_GNUTLS && server->config.policy.wants_tls) {
		return vnc_tls_create(&server->config.tls, server->loop, &server->tls, err);
	}
	return 0;
}

int vnc_server_create(const struct vnc_server_config *config, struct vnc_server **out,
		      struct error *err)
{
	struct vnc_server *server = calloc(1, sizeof(*server));
	int code;

	*out = NULL;
	if (!server) {
		return error_set_errno(err, -ENOMEM, "VNC");
	}
	server->config = *config;
	init_callers(server);
	code = loop_create("vnc", &server->loop);
	code = code ?: make_seats(server);
	if (code < 0) {
		(void)error_set_errno(err, code, "VNC");
	} else {
		code = start_tls(server, err);
	}
	if (code == 0) {
		code = open_door(server);
		if (code < 0) {
			(void)error_set_errno(err, code, "VNC");
		}
	}
	if (code < 0) {
		vnc_server_destroy(server);
		return code;
	}
	*out = server;
	return 0;
}

/* On the loop. */
static void close_all(void *arg)
{
	struct vnc_server *server = arg;

	for (unsigned i = 0; i < VNC_SOCKETS_MAX; i++) {
		loop_watch_remove(&server->listen_watches[i]);
	}
	for (unsigned i = 0; i < CALLERS_MAX; i++) {
		dismiss(&server->callers[i]);
	}
	for (unsigned i = 0; i < server->config.clients_max; i++) {
		struct seat *seat = &server->seats[i];

		vnc_client_destroy(seat->client);
		seat->client = NULL;
		if (seat->screen) {
			loop_task_cancel(server->loop, &seat->gone_task);
		}
	}
}

void vnc_server_destroy(struct vnc_server *server)
{
	if (!server) {
		return;
	}
	/* Clients post to the loop until they are gone. */
	if (server->loop) {
		loop_call(server->loop, close_all, server);
	}
	loop_destroy(server->loop);
	if (HAVE_GNUTLS) {
		vnc_tls_destroy(server->tls);
	}
	for (unsigned i = 0; i < VNC_CLIENTS_MAX; i++) {
		if (server->seats[i].screen) {
			libvnc.ScreenCleanup(server->seats[i].screen);
		}
	}
	free(server);
}
