/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_SDL_CLIPBOARD_H
#define THUNDERLAKE_DISPLAY_SDL_CLIPBOARD_H

#include "display/clipboard.h"

/* The host's clipboard as a peer of the machine's: texts only, for SDL knows no others. Window's
 * thread. */
struct sdl_clipboard {
	struct clipboard *clipboard; /* NULL: the machine has none */
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

/* Gives the machine what the host has. */
void sdl_clipboard_give(struct sdl_clipboard *c);

#endif
