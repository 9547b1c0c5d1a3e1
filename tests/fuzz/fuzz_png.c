/* SPDX-License-Identifier: MIT */
/* LINK: display/image.c display/image_png.c display/pixels.c */
/* LIBS: zlib */

/* A hostile picture, as a script may hand one to be compared with the screen. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "display/image_png.h"

#define SIGNATURE_BYTES 8u
#define HEADER_BYTES	8u /* of a chunk: length and kind */
#define CHECKSUM_BYTES	4u
#define INPUT_MAX	(64u << 10)

/* Makes the checksums right, so that not they but what is behind them is tried. */
static void mend(uint8_t *bytes, size_t size)
{
	size_t at = SIGNATURE_BYTES;

	while (at < size && size - at >= HEADER_BYTES + CHECKSUM_BYTES) {
		uint32_t length = (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 |
				  (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
		uint32_t checksum;

		if (length > size - at - HEADER_BYTES - CHECKSUM_BYTES) {
			return;
		}
		checksum = (uint32_t)crc32(0, bytes + at + 4, length + 4);
		for (unsigned i = 0; i < CHECKSUM_BYTES; i++) {
			bytes[at + HEADER_BYTES + length + i] = (uint8_t)(checksum >> (24 - 8 * i));
		}
		at += HEADER_BYTES + length + CHECKSUM_BYTES;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file;
	uint32_t sum = 0;
	struct image *image;
	struct error err;

	if (size == 0 || size > sizeof(bytes)) {
		return 0;
	}
	memcpy(bytes, data, size);
	mend(bytes, size);
	file = fmemopen(bytes, size, "r");
	if (!file) {
		return 0;
	}
	if (image_png_read(file, &image, &err) == 0) {
		for (size_t i = 0; i < (size_t)image->width * image->height; i++) {
			sum |= ~image->pixels[i]; /* each pixel is there, and opaque */
		}
		if (sum >> 24) {
			abort();
		}
		free(image);
	}
	(void)fclose(file);
	return 0;
}
