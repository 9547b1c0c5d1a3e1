/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_X11_CLIPBOARD_STATE_H
#define THUNDERLAKE_DISPLAY_X11_CLIPBOARD_STATE_H

#include <stdatomic.h>

#include "display/clipboard.h"
#include "display/x11_library.h"
#include "vmm/base/loop.h"

/*
 * Inside of x11_clipboard.h: x11_clipboard.c is the connection, x11_copy.c fetches what another
 * program copied, x11_paste.c hands over what another program pastes. All on the loop's thread.
 */
#define X11_TAG		  "display:x11"
#define X11_STEP_LIMIT_NS UINT64_C(15000000000) /* another program's next step */
#define X11_LIMIT_NS	  UINT64_C(60000000000) /* a whole transfer */
#define X11_PASTES_MAX	  4u			/* transfers in pieces at a time */
#define X11_PROPERTIES	  8u

enum x11_atom {
	X11_CLIPBOARD,
	X11_INCR,
	X11_TARGETS,
	X11_TIMESTAMP,
	X11_UTF8,
	X11_TEXT_UTF8,
	X11_PNG,
	X11_PROPERTY, /* and the following: used in turn, so that late answers are known as such */
	X11_ATOMS = X11_PROPERTY + X11_PROPERTIES,
};

enum x11_copy_step {
	X11_COPY_IDLE,
	X11_COPY_TARGETS, /* asked what there is */
	X11_COPY_DATA,	  /* asked for it */
	X11_COPY_PIECES,
};

/* What is being fetched. */
struct x11_copy {
	bool is_new; /* somebody has copied something, and it was not asked for yet */
	enum x11_copy_step step;
	enum clipboard_format format;
	xcb_atom_t target, property; /* what was asked for, where it comes to */
	unsigned turn;
	uint8_t *bytes; /* of pieces */
	size_t length, capacity;
	uint64_t step_limit_ns, limit_ns;
};

/* What is being handed over in pieces. */
struct x11_paste {
	struct clipboard_content *content; /* one reference; NULL: this place is free */
	xcb_window_t window;
	xcb_atom_t property, type;
	size_t at;
	uint64_t step_limit_ns, limit_ns;
};

struct x11_clipboard {
	struct clipboard *clipboard; /* borrowed */
	struct clipboard_peer peer;
	struct loop *loop;
	struct loop_task task;
	struct loop_watch watch;
	struct loop_timer timer;
	_Atomic bool is_offer_new; /* set by any thread before it posts the task */
	_Atomic bool has_focus;

	xcb_connection_t *connection;
	xcb_window_t window; /* never shown: owns and asks */
	uint8_t owner_event; /* XFIXES' number of it */
	xcb_atom_t atoms[X11_ATOMS];
	xcb_timestamp_t owned_since;

	struct x11_copy copy;
	struct x11_paste pastes[X11_PASTES_MAX];
};

/* --- x11_copy.c --- */

/* There is another owner; XCB_NONE: none at all. */
void x11_copy_on_owner(struct x11_clipboard *x, xcb_window_t owner);
/* Fetches what is new, if the guest may have it now. */
void x11_copy_look(struct x11_clipboard *x);
void x11_copy_on_notify(struct x11_clipboard *x, const xcb_selection_notify_event_t *event);
/* A property of our window has a value. */
void x11_copy_on_value(struct x11_clipboard *x, xcb_atom_t property);
/* Gives up what took too long; returns when to look again, or UINT64_MAX. */
uint64_t x11_copy_keep_time(struct x11_clipboard *x, uint64_t now_ns);
void x11_copy_end(struct x11_clipboard *x);

/* --- x11_paste.c --- */

void x11_paste_on_request(struct x11_clipboard *x, const xcb_selection_request_event_t *event);
/* Another's window has taken a piece. */
void x11_paste_on_deleted(struct x11_clipboard *x, xcb_window_t window, xcb_atom_t property);
void x11_paste_on_destroyed(struct x11_clipboard *x, xcb_window_t window);
uint64_t x11_paste_keep_time(struct x11_clipboard *x, uint64_t now_ns);
void x11_paste_end_all(struct x11_clipboard *x);

#endif
