/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_TEXT_H
#define THUNDERLAKE_DISPLAY_VNC_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copied texts as VNC viewers send and want them. The clipboard has UTF-8 with \n at line ends; the
 * protocol's own form is Latin-1, its extension is UTF-8 with \r\n and a closing zero, deflated.
 * All results are malloc'ed, of `*out_length` bytes; NULL without memory.
 */
char *vnc_text_from_latin1(const char *text, size_t length, size_t *out_length);
/* What Latin-1 does not have, and what is no UTF-8, becomes a question mark. */
char *vnc_text_to_latin1(const char *text, size_t length, size_t *out_length);
char *vnc_text_to_crlf(const char *text, size_t length, size_t *out_length);

/* The text of an extended "provide" message: `length` deflated bytes with a big-endian size before
 * the text. -EINVAL: damaged; -E2BIG: over `limit` bytes; -ENOMEM. */
int vnc_text_from_extended(const void *deflated, size_t length, size_t limit, char **out,
			   size_t *out_length);

#endif
