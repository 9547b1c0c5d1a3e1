/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_RECORD_PICTURE_H
#define THUNDERLAKE_DISPLAY_RECORD_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "display/display.h"

struct image;

/* A screen as a film shows it: always of one size, with the cursor in it. Zero-initialised; of no
 * size until the first frame with a surface. One thread. */
struct record_picture {
	bool with_cursor;
	struct image *screen; /* as large as the screen is now; owned */
	struct image *scaled; /* as large as the film; NULL while both have one size; owned */
	uint32_t width, height;
	struct rect saved_area; /* of the screen, under the cursor */
	uint32_t *saved_pixels; /* owned, CURSOR_SIDE_MAX squared; NULL until a cursor comes */
};

/* What is new in a frame comes into the picture. -ENOMEM, -EFBIG for one of more than
 * IMAGE_PIXELS_MAX pixels: it is as it was then. */
int record_picture_update(struct record_picture *picture, const struct display_frame *frame);

/* NULL before the first. */
const struct image *record_picture_image(const struct record_picture *picture);

void record_picture_finish(struct record_picture *picture);

#endif
