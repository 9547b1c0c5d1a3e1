/* SPDX-License-Identifier: MIT */
#include "vmm/base/utf8.h"

#include <string.h>

size_t utf8_decode(const void *bytes, size_t left, uint32_t *out)
{
	const uint8_t *byte = bytes;
	const uint8_t first = left > 0 ? byte[0] : 0xff;
	const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	/* What the second byte may be: no longer form than needed, no surrogate, no code point
	 * beyond the last. */
	const uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	const uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	uint32_t point = length == 1 ? first : first & (0xffu >> (length + 1));

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || length > left) {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		if (byte[i] < (i == 1 ? low : 0x80) || byte[i] > (i == 1 ? high : 0xbf)) {
			return 0;
		}
		point = point << 6 | (byte[i] & 0x3fu);
	}
	if (out) {
		*out = point;
	}
	return length;
}

void utf8_mend(char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t length = utf8_decode(text, left, NULL);

		if (length == 0) {
			*text = '?';
			length = 1;
		}
		text += length;
		left -= length;
	}
}
