/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_CHAR_H
#define THUNDERLAKE_DEVICES_CHAR_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct loop;

/*
 * A stream of bytes between a guest's serial line or console port and the host: terminal, file,
 * pty, Unix socket, none. One loop; callbacks run on it. Output never blocks: what the host does
 * not take is kept up to CHAR_BUFFER_BYTES, then char_write takes less.
 */
#define CHAR_BUFFER_BYTES 65536u

struct char_backend;

struct char_user {
	/* Bytes from the host. Returns how many were taken; the rest is offered again after
	 * char_accept_input. */
	size_t (*on_input)(void *user, const uint8_t *bytes, size_t length);
	/* There is room for output again after char_write took less than asked. May be NULL. */
	void (*on_writable)(void *user);
	/* A peer came or went (socket, pty); may be NULL. */
	void (*on_connected)(void *user, bool connected);
	/* The terminal's size changed or is first known; may be NULL. */
	void (*on_resize)(void *user, unsigned columns, unsigned rows);
	void *user;
};

/*
 * Makes a back end from its text; a comma inside a path is written twice.
 *
 *   stdio      the terminal: raw mode, `Ctrl-A x` ends the VM, `Ctrl-A h` helps. Only one user.
 *   file:PATH  output into a file, no input. Truncated; `file:PATH,append=on` appends.
 *   pty        a new pseudo-terminal; its name is told by char_description and in the log.
 *   unix:PATH  listens on a Unix socket; one client at a time, a new one replaces a dead one.
 *   none       nothing in, nothing out.
 *
 * -EINVAL unknown kind (nearest suggested) or a missing path, -EBUSY stdio taken, or the host's
 * errno.
 */
int char_create(const char *text, struct loop *loop, const struct char_user *user,
		struct char_backend **out, struct error *err);
/* Restores the terminal, removes the socket. NULL is fine. */
void char_destroy(struct char_backend *backend);

/* Takes up to `length` bytes; returns how many. */
size_t char_write(struct char_backend *backend, const uint8_t *bytes, size_t length);
void char_accept_input(struct char_backend *backend);
/* The guest's program has opened or closed its end of a port. */
void char_set_guest_open(struct char_backend *backend, bool open);
bool char_is_connected(const struct char_backend *backend);
/* As QMP's query-chardev names it: "pty:/dev/pts/3". Valid as long as the back end. */
const char *char_description(const struct char_backend *backend);

/* What `Ctrl-A x` does: called on the back end's loop. Set once before the first char_create. */
void char_set_escape_handler(void (*on_quit)(void *arg), void *arg);

/* Restores the terminal's mode from any state; async-signal-safe, for faults and exits. */
void char_restore_terminal(void);

#endif
