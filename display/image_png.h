/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_IMAGE_PNG_H
#define THUNDERLAKE_DISPLAY_IMAGE_PNG_H

#include <stdio.h>

#include "display/image.h"

/* Writes a PNG of 8 bits and three colours. -EIO with the reason, -ENOMEM. */
int image_png_write(const struct image *image, FILE *file, struct error *err);

/* As image_read_png, from a file that is open. */
int image_png_read(FILE *file, struct image **out, struct error *err);

#endif
