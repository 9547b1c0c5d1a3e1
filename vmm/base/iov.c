/* SPDX-License-Identifier: MIT */
#include "vmm/base/iov.h"

#include <string.h>

#include "vmm/base/compiler.h"

size_t iov_read(const struct iovec *iov, unsigned count, size_t offset, void *buffer, size_t length)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < length; i++) {
		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		size_t part = MIN(iov[i].iov_len - offset, length - done);

		memcpy((char *)buffer + done, (const char *)iov[i].iov_base + offset, part);
		done += part;
		offset = 0;
	}
	return done;
}

size_t iov_write(const struct iovec *iov, unsigned count, size_t offset, const void *buffer,
		 size_t length)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < length; i++) {
		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		size_t part = MIN(iov[i].iov_len - offset, length - done);

		memcpy((char *)iov[i].iov_base + offset, (const char *)buffer + done, part);
		done += part;
		offset = 0;
	}
	return done;
}

size_t iov_skip(struct iovec **iov, unsigned *count, size_t bytes)
{
	size_t left = 0;

	while (*count > 0 && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
	for (unsigned i = 0; i < *count; i++) {
		left += (*iov)[i].iov_len;
	}
	return left;
}

size_t iov_trim(struct iovec *iov, unsigned *count, size_t bytes)
{
	size_t kept = 0;
	unsigned used = 0;

	while (used < *count && kept < bytes) {
		iov[used].iov_len = MIN(iov[used].iov_len, bytes - kept);
		kept += iov[used++].iov_len;
	}
	*count = used;
	return kept;
}
