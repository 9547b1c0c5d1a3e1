/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_UTF8_H
#define THUNDERLAKE_VMM_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* UTF-8 as Unicode 15, table 3-7 has it: the shortest form only, no surrogates, nothing beyond
 * U+10FFFF. */

/* The length in bytes of the character at `bytes`, of which `left` may be read, and its code point
 * in `out` (NULL: not wanted). 0: that is not UTF-8, or it is cut off; `out` is unchanged. */
size_t utf8_decode(const void *bytes, size_t left, uint32_t *out);

/* Puts a question mark in place of each byte of the string that belongs to no character. */
void utf8_mend(char *text);

#endif
