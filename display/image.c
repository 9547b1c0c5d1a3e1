/* SPDX-License-Identifier: MIT */
#include "display/image.h"

#include <errno.h>
#include <stdlib.h>

#include "display/pixels.h"
#include "display/surface.h"

int image_create(uint32_t width, uint32_t height, struct image **out)
{
	struct image *image;

	*out = NULL;
	if (width == 0 || width > SURFACE_SIDE_MAX || height == 0 || height > SURFACE_SIDE_MAX) {
		return -EINVAL;
	}
	image = malloc(sizeof(*image) + sizeof(uint32_t) * width * height);
	if (!image) {
		return -ENOMEM;
	}
	image->width = width;
	image->height = height;
	pixels_fill_black(image->pixels, (size_t)width * height);
	*out = image;
	return 0;
}
