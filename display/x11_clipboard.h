/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_X11_CLIPBOARD_H
#define THUNDERLAKE_DISPLAY_X11_CLIPBOARD_H

#include <stdbool.h>

#include "vmm/base/error.h"

struct clipboard;

/*
 * The X server's clipboard (the CLIPBOARD selection of ICCCM 2.0 §2) as a peer of the machine's:
 * texts and PNG pictures both ways, long ones in pieces. It has a connection and a thread of its
 * own, so that neither a slow program nor a long picture holds up the window, and only the X
 * server, no other program, is ever waited for. Only in builds with HAVE_XCB. Any thread.
 */
struct x11_clipboard;

/* Connects to the server that DISPLAY names. What was copied there before counts as news.
 * -ENOENT: libxcb is not on this host; -ENOTCONN: no server, or one without XFIXES 1.0. */
int x11_clipboard_create(struct clipboard *clipboard, struct x11_clipboard **out,
			 struct error *err);
/* Also from a server that hangs; the server's end leaves it idle. NULL is fine. */
void x11_clipboard_destroy(struct x11_clipboard *x);

/* Whether one of the machine's windows has the focus: what other programs copy is none of the
 * guest's before, and is fetched then. */
void x11_clipboard_set_focus(struct x11_clipboard *x, bool has_focus);

#endif
