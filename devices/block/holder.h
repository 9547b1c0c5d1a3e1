/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_BLOCK_HOLDER_H
#define THUNDERLAKE_DEVICES_BLOCK_HOLDER_H

#include <stddef.h>

struct stat;

/* Who else has a file or device open, as far as this user may know: the kernel does not tell whose
 * a lock is, but who has the file open is a good guess. Writes " by process 123 (name)" to `text`,
 * or nothing. */
void holder_name(const struct stat *file, char *text, size_t size);

#endif
