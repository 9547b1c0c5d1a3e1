/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_SMALL_FILE_H
#define THUNDERLAKE_MGMT_SMALL_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Files that are read and written as a whole. */

/* Reads a file, of a longer one the first `max` bytes. malloc'ed also when empty. 0 or -errno. */
int small_file_read(const char *path, size_t max, uint8_t **out, size_t *length);

/* Makes or overwrites a file; a new one is for its owner alone. 0 or -errno. */
int small_file_write(const char *path, const void *bytes, size_t length);

#endif
