/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_WRITE_ALL_H
#define THUNDERLAKE_VMM_BASE_WRITE_ALL_H

#include <stddef.h>

/* Writes to a descriptor that takes everything in the end: 0 or a negative errno, after which some
 * of it may have been written. */
int write_all(int fd, const void *bytes, size_t length);

#endif
