/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_PEER_H
#define THUNDERLAKE_DEVICES_CHAR_PEER_H

#include "devices/char/backend.h"
#include "devices/char/reader.h"
#include "devices/char/writer.h"

/*
 * A back end whose far end comes and goes: the user of a pty, a client of a socket. Output without
 * a far end is dropped. First member of the back end's state.
 */
struct peer {
	struct char_backend backend;
	struct reader reader;
	struct writer writer;
	int out_fd; /* owned: the writer's, as epoll knows a descriptor only once */
	/* The far end has gone; wait for the next. */
	void (*on_gone)(struct peer *peer);
};

void peer_init(struct peer *peer, const struct char_ops *ops, struct loop *loop,
	       const struct char_user *user);
void peer_finish(struct peer *peer);

/* A far end is there, on `fd` (borrowed, non-blocking, until on_gone). 0 or -errno. */
int peer_connect(struct peer *peer, int fd);

/* For char_ops. */
size_t peer_write(struct char_backend *backend, const uint8_t *bytes, size_t length);
void peer_accept_input(struct char_backend *backend);

#endif
