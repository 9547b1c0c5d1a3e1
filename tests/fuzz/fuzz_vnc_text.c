/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc_text.c */
/* LIBS: zlib */
/* Copied texts as VNC viewers and guests may send them. */
#include <stdlib.h>
#include <string.h>

#include "display/vnc_text.h"

#define LIMIT 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = 0, back_length = 0;
	char *text, *back;

	/* Latin-1 survives the way there and back, but for line ends and closing zeros. */
	text = vnc_text_from_latin1((const char *)data, size, &length);
	back = vnc_text_to_latin1(text, length, &back_length);
	if (!memchr(data, '\r', size) && (size == 0 || data[size - 1] != 0) &&
	    (back_length != size || memcmp(back, data, size) != 0)) {
		abort();
	}
	free(text);
	free(back);

	text = vnc_text_to_latin1((const char *)data, size, &length);
	if (length > size) {
		abort();
	}
	free(text);

	text = vnc_text_to_crlf((const char *)data, size, &length);
	if (length < size || length > size * 2) {
		abort();
	}
	free(text);

	if (vnc_text_from_extended(data, size, LIMIT, &text, &length) == 0) {
		if (length > LIMIT) {
			abort();
		}
		free(text);
	}
	return 0;
}
