/* SPDX-License-Identifier: MIT */
#include "devices/char/escape.h"

enum escape_command escape_next(struct escape *escape, uint8_t byte, uint8_t out[2], size_t *count)
{
	*count = 0;
	if (!escape->armed) {
		if (byte == ESCAPE_BYTE) {
			escape->armed = true;
		} else {
			out[(*count)++] = byte;
		}
		return ESCAPE_NONE;
	}
	escape->armed = false;
	switch (byte) {
	case 'x':
	case 'X':
		return ESCAPE_QUIT;
	case 'h':
	case 'H':
	case '?':
		return ESCAPE_HELP;
	case ESCAPE_BYTE:
		out[(*count)++] = ESCAPE_BYTE;
		return ESCAPE_NONE;
	default:
		out[(*count)++] = ESCAPE_BYTE;
		out[(*count)++] = byte;
		return ESCAPE_NONE;
	}
}
