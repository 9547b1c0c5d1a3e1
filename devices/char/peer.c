/* SPDX-License-Identifier: MIT */
#include "devices/char/peer.h"

#include <errno.h>
#include <fcntl.h>

static void close_output(struct peer *peer)
{
	writer_stop(&peer->writer);
	if (peer->out_fd >= 0) {
		(void)close(peer->out_fd);
		peer->out_fd = -1;
	}
}

size_t peer_write(struct char_backend *backend, const uint8_t *bytes, size_t length)
{
	return writer_write(&container_of(backend, struct peer, backend)->writer, bytes, length);
}

void peer_accept_input(struct char_backend *backend)
{
	reader_accept(&container_of(backend, struct peer, backend)->reader);
}

static void disconnect(void *arg)
{
	struct peer *peer = arg;
	bool refused = peer->writer.refused;

	if (!peer->backend.connected) {
		return;
	}
	reader_pause(&peer->reader);
	close_output(peer);
	peer->on_gone(peer);
	char_set_connected(&peer->backend, false);
	/* Who waits for room has it now: output is dropped. */
	if (refused && peer->backend.user.on_writable) {
		peer->backend.user.on_writable(peer->backend.user.user);
	}
}

static void on_writable(void *arg)
{
	struct peer *peer = arg;

	if (peer->backend.user.on_writable) {
		peer->backend.user.on_writable(peer->backend.user.user);
	}
}

void peer_init(struct peer *peer, const struct char_ops *ops, struct loop *loop,
	       const struct char_user *user)
{
	peer->out_fd = -1;
	peer->backend = (struct char_backend){ .ops = ops, .loop = loop, .user = *user };
	peer->reader = (struct reader){ .loop = loop,
					.fd = -1,
					.is_peer = true,
					.user = &peer->backend.user,
					.on_end = disconnect,
					.arg = peer };
	peer->writer = (struct writer){ .loop = loop,
					.fd = -1,
					.label = peer->backend.description,
					.on_writable = on_writable,
					.on_broken = disconnect,
					.arg = peer };
}

void peer_finish(struct peer *peer)
{
	writer_drain(&peer->writer);
	close_output(peer);
	reader_stop(&peer->reader);
}

int peer_connect(struct peer *peer, int fd)
{
	int code;

	peer->out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (peer->out_fd < 0) {
		return -errno;
	}
	peer->writer.fd = peer->out_fd;
	peer->reader.fd = fd;
	code = writer_start(&peer->writer);
	if (code == 0) {
		code = reader_start(&peer->reader);
	}
	if (code < 0) {
		close_output(peer);
		return code;
	}
	char_set_connected(&peer->backend, true);
	return 0;
}
