/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_CLIPBOARD_H
#define THUNDERLAKE_DISPLAY_SDL_CLIPBOARD_H

#include "display/clipboard.h"

struct x11_clipboard;

/* The host's clipboard as a peer of the machine's. On X11 that is x11_clipboard.h's, and SDL's own
 * is left alone; elsewhere texts only go both ways, for SDL knows no others. Window's thread. */
struct sdl_clipboard {
	struct x11_clipboard *x11;   /* NULL: SDL's own */
	struct clipboard *clipboard; /* NULL: x11 has it, or the machine has none */
	struct clipboard_peer peer;
	char *text; /* what both have; NULL: nothing yet */
};

/* `wake(arg)` comes on any thread, before sdl_clipboard_take. */
void sdl_clipboard_open(struct sdl_clipboard *c, struct clipboard *clipboard,
			void (*wake)(void *arg), void *arg);
/* Calls no SDL. */
void sdl_clipboard_close(struct sdl_clipboard *c);

/* Gives the host what the machine has. */
void sdl_clipboard_take(struct sdl_clipboard *c);

/* Whether one of the machine's windows has the focus: then the machine gets what the host has. */
void sdl_clipboard_focus(struct sdl_clipboard *c, bool has_focus);

/* SDL has seen something new: the machine gets it. */
void sdl_clipboard_give(struct sdl_clipboard *c);

#endif
