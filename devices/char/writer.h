/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_WRITER_H
#define THUNDERLAKE_DEVICES_CHAR_WRITER_H

#include <stdbool.h>

#include "devices/char/byte_ring.h"
#include "vmm/base/loop.h"

/*
 * Output into a descriptor that never waits: what the host does not take at once is kept, up to
 * CHAR_BUFFER_BYTES, and written when it can be. When nothing moves for WRITER_STALL_MS while the
 * buffer is full, new bytes are dropped until the host takes some again: a reader that has died
 * must not hold up the guest for ever. One loop.
 */
#define WRITER_STALL_MS 5000u
#define WRITER_DRAIN_MS 2000

struct writer {
	/* Filled before writer_start. */
	struct loop *loop;
	int fd;		   /* borrowed */
	bool may_block;	   /* the descriptor is in blocking mode: ask poll() before each write */
	const char *label; /* for the log: the back end's description; borrowed */
	void (*on_writable)(void *arg); /* room again after writer_write took less than asked */
	void (*on_broken)(void *arg);	/* the far end is gone; the writer has stopped */
	void *arg;

	/* Kept by writer.c. */
	bool started;
	bool is_socket;
	struct byte_ring kept;
	struct loop_watch watch;
	struct loop_timer stall_timer;
	bool refused;	/* took less than asked, and has not told on_writable yet */
	bool dropping;	/* the host takes nothing any more */
	size_t dropped; /* bytes, since then */
};

/* 0 or -ENOMEM. */
int writer_start(struct writer *writer);

/* Forgets what is kept. Harmless on a writer that is not started. */
void writer_stop(struct writer *writer);

/* Returns how many bytes were taken. A stopped writer takes all and drops them. */
size_t writer_write(struct writer *writer, const uint8_t *bytes, size_t length);

/* Waits for the host to take what is kept, until nothing moves for WRITER_DRAIN_MS. */
void writer_drain(struct writer *writer);

#endif
