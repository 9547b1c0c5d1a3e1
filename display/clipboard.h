/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_CLIPBOARD_H
#define THUNDERLAKE_DISPLAY_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/list.h"

/*
 * What was copied last, in the guest or on the host, shared by their peers: the guest's agent, the
 * window, VNC clients, scripts. Whoever has something new puts it; the others are woken and take
 * it. Each direction can be switched off. All functions from any thread.
 */
#define CLIPBOARD_BYTES_MAX (8u << 20) /* of one content; more is refused */

struct clipboard;

enum clipboard_side {
	CLIPBOARD_HOST,
	CLIPBOARD_GUEST,
};

enum clipboard_format {
	CLIPBOARD_TEXT, /* UTF-8 without any zero, lines end in \n */
	CLIPBOARD_PNG,	/* a file of that format, of which only the first bytes were looked at */
};

/* Never changed once put; counted. */
struct clipboard_content {
	unsigned references; /* kept by get and put */
	enum clipboard_side side;
	enum clipboard_format format;
	size_t length;
	uint8_t bytes[];
};

struct clipboard_directions {
	bool to_guest, to_host;
};

int clipboard_create(const struct clipboard_directions *directions, struct clipboard **out);
/* Peers are gone before. NULL is fine. */
void clipboard_destroy(struct clipboard *clipboard);

/* Embedded in the peer's state. */
struct clipboard_peer {
	enum clipboard_side side;
	/* There is content of the other side, or of another peer of this side, that this one has
	 * not put itself. Any thread, no lock held; must only wake the peer's own. */
	void (*wake)(void *arg);
	void *arg;
	struct list node; /* kept by the clipboard */
	unsigned calls;
};

void clipboard_add_peer(struct clipboard *clipboard, struct clipboard_peer *peer);
/* No callback runs afterwards. Not from a callback. */
void clipboard_remove_peer(struct clipboard *clipboard, struct clipboard_peer *peer);

/* New content from a peer; bytes are copied, the other peers woken before it returns. -E2BIG: over
 * CLIPBOARD_BYTES_MAX; -EPERM: its direction is switched off; -EILSEQ: text that is not UTF-8 or
 * has a zero, a PNG that is none; -ENOMEM. What was there stays then. */
int clipboard_put(struct clipboard *clipboard, struct clipboard_peer *peer,
		  enum clipboard_format format, const void *bytes, size_t length);

/* What was put last, as far as this side may see it, or NULL. A reference of the caller's. */
struct clipboard_content *clipboard_get(struct clipboard *clipboard, enum clipboard_side side);
void clipboard_content_put(struct clipboard_content *content); /* NULL is fine */

struct clipboard_directions clipboard_directions(struct clipboard *clipboard);
/* Content that a side may see only from now on wakes the peers. */
void clipboard_set_directions(struct clipboard *clipboard,
			      const struct clipboard_directions *directions);

#endif
