/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_CLIENT_H
#define THUNDERLAKE_DISPLAY_VNC_CLIENT_H

#include <rfb/rfb.h>

#include "display/backend.h"

struct keymap;

/*
 * One VNC viewer that was let in. Each has a thread, a frame buffer and a place at the display of
 * its own, so that a slow or hostile one holds up nobody else: libvncserver waits inside its calls
 * for bytes that do not come.
 */
struct vnc_client;

struct vnc_client_config {
	const struct display_backend_env *env; /* borrowed */
	const struct keymap *keymap;	       /* borrowed */
	unsigned scanout;
	rfbScreenInfo *screen; /* lent until the end, used by nobody else */
	bool sets_pace;	       /* if nobody else does */
	/* It is gone and waits to be destroyed. Once, on its own thread; must only hand it on. */
	void (*on_gone)(void *arg, struct vnc_client *client);
	void *arg;
};

/* The library's screens are made before any client runs: each time it initialises a lock that all
 * share. NULL without memory. Freed by rfbScreenCleanup. */
rfbScreenInfo *vnc_client_make_screen(const char *title);

/* Takes the descriptor, whose peer sends ClientInit next, in any case. One client at a time is
 * created. -ENOMEM; -EMFILE: the library's select() takes no descriptor so high; -EPROTO: it
 * refused. */
int vnc_client_create(const struct vnc_client_config *config, int fd, struct vnc_client **out);

/* Any thread: from now on it is this one that sets the pace, if nobody else does. */
void vnc_client_set_pace(struct vnc_client *client);

/* Hangs up and waits for the client's thread. Not on that thread. NULL is fine. */
void vnc_client_destroy(struct vnc_client *client);

#endif
