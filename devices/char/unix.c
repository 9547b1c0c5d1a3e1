/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "devices/char/peer.h"
#include "vmm/base/options.h"

/* A listening Unix socket with one client at a time; others wait until it leaves. */

struct unix_options {
	char *path;
};

static const struct option options_of_unix[] = {
	{ .name = "path",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct unix_options, path),
	  .help = "the socket to listen on",
	  .value_name = "PATH",
	  .required = true },
};

static const struct option_table unix_table = { options_of_unix, ARRAY_SIZE(options_of_unix),
						"path" };

struct char_unix {
	struct peer peer;
	int listen_fd; /* owned, as is the next */
	int client_fd;
	struct loop_watch listen_watch; /* armed while there is no client */
	struct sockaddr_un address;
	bool bound; /* the socket file is ours to remove */
};

static void destroy(struct char_backend *backend)
{
	struct char_unix *listener = container_of(backend, struct char_unix, peer.backend);

	peer_finish(&listener->peer);
	loop_watch_remove(&listener->listen_watch);
	if (listener->client_fd >= 0) {
		(void)close(listener->client_fd);
	}
	if (listener->listen_fd >= 0) {
		(void)close(listener->listen_fd);
	}
	if (listener->bound) {
		(void)unlink(listener->address.sun_path);
	}
	free(listener);
}

static const struct char_ops unix_ops = {
	.write = peer_write,
	.accept_input = peer_accept_input,
	.destroy = destroy,
};

static void on_client(void *arg, uint32_t events);

static int wait_for_client(struct char_unix *listener)
{
	return loop_watch_add(listener->peer.backend.loop, &listener->listen_watch,
			      listener->listen_fd, EPOLLIN, on_client, listener);
}

static void on_gone(struct peer *peer)
{
	struct char_unix *listener = container_of(peer, struct char_unix, peer);

	(void)close(listener->client_fd);
	listener->client_fd = -1;
	(void)wait_for_client(listener);
}

static void on_client(void *arg, uint32_t events)
{
	struct char_unix *listener = arg;
	int fd = accept4(listener->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		return; /* gone again, or the host is short of descriptors */
	}
	loop_watch_remove(&listener->listen_watch);
	listener->client_fd = fd;
	if (peer_connect(&listener->peer, fd) < 0) {
		on_gone(&listener->peer);
	}
}

/* Removes a socket file that nobody listens on any more. */
static int remove_stale(const struct sockaddr_un *address)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(status.st_mode)) {
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED) {
		return -EADDRINUSE;
	}
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int start(struct char_unix *listener)
{
	const struct sockaddr_un *address = &listener->address;
	int code = remove_stale(address);

	if (code < 0) {
		return code;
	}
	listener->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode set before bind is the file's from its first moment on. */
	if (listener->listen_fd < 0 || fchmod(listener->listen_fd, 0600) < 0 ||
	    bind(listener->listen_fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		return -errno;
	}
	listener->bound = true;
	if (listen(listener->listen_fd, 1) < 0) {
		return -errno;
	}
	return wait_for_client(listener);
}

static int make(const char *path, struct loop *loop, const struct char_user *user,
		struct char_backend **out, struct error *err)
{
	struct char_unix *listener = calloc(1, sizeof(*listener));
	int code;

	if (!listener) {
		return error_set_errno(err, -ENOMEM, "unix");
	}
	listener->listen_fd = -1;
	listener->client_fd = -1;
	peer_init(&listener->peer, &unix_ops, loop, user);
	listener->peer.on_gone = on_gone;
	listener->address.sun_family = AF_UNIX;
	(void)snprintf(listener->address.sun_path, sizeof(listener->address.sun_path), "%s", path);
	char_set_description(&listener->peer.backend, "unix:%s", path);
	code = start(listener);
	if (code < 0) {
		destroy(&listener->peer.backend);
		return error_set_errno(err, code, "unix: can't listen on '%s'", path);
	}
	*out = &listener->peer.backend;
	return 0;
}

static int create(const char *text, struct loop *loop, const struct char_user *user,
		  struct char_backend **out, struct error *err)
{
	struct unix_options options = { 0 };
	int code = options_parse(&unix_table, text, &options, err);

	if (code < 0) {
		error_prefix(err, "unix");
		return code;
	}
	if (strlen(options.path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		code = error_set(err, -ENAMETOOLONG,
				 "unix: the path '%s' is longer than a socket's may be (%zu bytes)",
				 options.path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	} else {
		code = make(options.path, loop, user, out, err);
	}
	options_finish(&unix_table, &options);
	return code;
}

const struct char_kind char_unix_kind = { .name = "unix", .has_options = true, .create = create };
