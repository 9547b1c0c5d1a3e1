/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_READER_H
#define THUNDERLAKE_DEVICES_CHAR_READER_H

#include <stdbool.h>

#include "devices/char/byte_ring.h"
#include "devices/char/char.h"
#include "vmm/base/loop.h"

/*
 * Input from a descriptor for a char_user. What the user does not take is kept, up to
 * CHAR_BUFFER_BYTES; then the host's side has to wait. One loop.
 */
struct reader {
	/* Filled before reader_start. */
	struct loop *loop;
	int fd;	      /* borrowed; read only when it is readable, so it may be in blocking mode */
	bool is_peer; /* a socket or pty: a hang-up ends it though unread bytes are left */
	const struct char_user *user; /* borrowed */
	/* Looks at what was read and writes what is left of it, at most twice `length` bytes, to
	 * `out`; returns how many. May be NULL. */
	size_t (*filter)(void *arg, const uint8_t *bytes, size_t length, uint8_t *out);
	void (*on_end)(void *arg); /* end of file, or an error; may be NULL */
	void *arg;

	/* Kept by reader.c. */
	bool ended;
	bool offering; /* the user is being called */
	struct byte_ring kept;
	struct loop_watch watch;
	struct loop_task task; /* reads what epoll does not know: regular files, /dev/null */
};

/* 0 or -ENOMEM. After the end, starts over with another descriptor; what is kept stays. */
int reader_start(struct reader *reader);

/* Forgets what is kept. Harmless on a reader that is not started. */
void reader_stop(struct reader *reader);

/* Offers what is kept to the user again, and goes on reading. */
void reader_accept(struct reader *reader);

/* Does not read for a while, and again. */
void reader_pause(struct reader *reader);
void reader_resume(struct reader *reader);

#endif
