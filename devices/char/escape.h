/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_ESCAPE_H
#define THUNDERLAKE_DEVICES_CHAR_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds the commands in what is typed at the terminal: Ctrl-A followed by a letter. Ctrl-A twice is
 * one Ctrl-A for the guest; before anything else it is passed on, so that a guest that uses Ctrl-A
 * itself loses little.
 */
#define ESCAPE_BYTE 0x01u

enum escape_command {
	ESCAPE_NONE,
	ESCAPE_QUIT, /* x */
	ESCAPE_HELP, /* h */
};

/* Zero-initialised. */
struct escape {
	bool armed; /* the last byte was Ctrl-A */
};

/* Returns the command that `byte` completes. Writes the bytes that are for the guest to `out`, 0 to
 * 2, and their count to `*count`. */
enum escape_command escape_next(struct escape *escape, uint8_t byte, uint8_t out[2], size_t *count);

#endif
