/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_PICTURE_H
#define THUNDERLAKE_DISPLAY_VNC_PICTURE_H

#include <rfb/rfb.h>
#include <stdbool.h>
#include <stdint.h>

#include "display/display.h"

/*
 * The picture and the cursor that one VNC viewer sees: the library's frame buffer, filled with what
 * changed. On one thread.
 */

/* The library sends whole rows from a buffer of 32 KiB; what lies beyond is not shown. */
#define VNC_SIDE_MAX   8184u
#define VNC_PIXELS_MAX (1u << 26)

struct vnc_picture {
	rfbScreenInfo *screen; /* borrowed */
	uint32_t *pixels;      /* the library's frame buffer, ours */
	uint32_t *band;	       /* a few rows of it, for comparing */
	uint32_t width, height;
};

/* Black. -ENOMEM. */
int vnc_picture_init(struct vnc_picture *picture, rfbScreenInfo *screen, uint32_t width,
		     uint32_t height);
void vnc_picture_finish(struct vnc_picture *picture);

/* Copies what is new in the frame, cursor included, and tells the library; of large damage only
 * those parts that have other pixels than before, since guests like to draw the same again.
 * `*has_changed`: there is something to send. -ENOMEM: nothing was drawn. */
int vnc_picture_draw(struct vnc_picture *picture, const struct display_frame *frame,
		     bool *has_changed);

#endif
