/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_IOV_H
#define THUNDERLAKE_VMM_BASE_IOV_H

#include <stddef.h>
#include <sys/uio.h>

/* Copy between slices of memory and a buffer, from `offset` within the slices; return the bytes
 * copied, less than `length` at the end of the slices. */
size_t iov_read(const struct iovec *iov, unsigned count, size_t offset, void *buffer,
		size_t length);
size_t iov_write(const struct iovec *iov, unsigned count, size_t offset, const void *buffer,
		 size_t length);

/* Take bytes off the front, or all but `bytes` off the end. Change the slices themselves; where
 * there are fewer bytes, nothing is left, or all. Return the bytes that the slices now have. */
size_t iov_skip(struct iovec **iov, unsigned *count, size_t bytes);
size_t iov_trim(struct iovec *iov, unsigned *count, size_t bytes);

#endif
