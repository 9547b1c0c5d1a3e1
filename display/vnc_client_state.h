/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_CLIENT_STATE_H
#define THUNDERLAKE_DISPLAY_VNC_CLIENT_STATE_H

#include <rfb/rfb.h>
#include <stdbool.h>
#include <stdint.h>

#include "display/clipboard.h"
#include "display/display.h"
#include "display/vnc_client.h"
#include "display/vnc_input.h"
#include "display/vnc_picture.h"
#include "vmm/base/loop.h"

/* What the parts of a client share. All on the client's thread, but for the callbacks that wake. */
struct vnc_client {
	struct vnc_client_config config;
	struct loop *loop;
	rfbClientRec *rfb; /* the library's */
	int fd; /* a second descriptor of its socket: watched, and shut down at the end */
	struct loop_watch watch;
	bool is_gone;

	struct vnc_picture picture;
	struct vnc_input input;
	struct display_viewer viewer;
	bool is_viewer;
	bool has_news; /* the display woke us since the last frame */
	bool is_hidden;
	uint64_t asked_ns;   /* when the viewer wanted pixels last */
	uint64_t pointed_ns; /* when it moved the pointer last */
	struct loop_task news_task, pace_task, leds_task;
	struct loop_timer patience_timer; /* runs while there is news that nobody asks for */

	struct loop_timer resize_timer; /* runs until the wish has been the same for a while */
	uint32_t wished_width, wished_height;

	struct clipboard_peer clipboard;
	struct loop_task copied_task;
	uint64_t skip; /* bytes of a text that is too long, still to come */

	bool shows_leds; /* the viewer wants to know them */
};

/* --- vnc_messages.c: what the viewer sends --------------------------------------------------- */

/* Before any client: the protocol's extensions. */
void vnc_messages_register(void);
/* The library's hooks for what comes in. */
void vnc_messages_set_hooks(rfbScreenInfo *screen);
/* Takes what has come, up to a bound. The library's socket is closed at the end, as after all that
 * follows. */
void vnc_messages_take(struct vnc_client *client);
/* Tells a viewer that wants to know. */
void vnc_messages_send_leds(struct vnc_client *client);
/* Frees what the library does not. */
void vnc_messages_finish(rfbClientRec *rfb);

/* --- vnc_copy.c: the clipboard, both ways ---------------------------------------------------- */

void vnc_copy_start(struct vnc_client *client);
/* Harmless when not started. */
void vnc_copy_stop(struct vnc_client *client);
/* Takes a whole ClientCutText message, or what is to be skipped of one. */
void vnc_copy_take(struct vnc_client *client);

#endif
