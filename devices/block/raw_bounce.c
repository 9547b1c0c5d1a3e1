/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/block/raw.h"
#include "vmm/base/compiler.h"

/* What a guest can make us allocate for one request. A multiple of any logical block. */
#define BOUNCE_MAX (256u << 10)

bool raw_needs_bounce(const struct block_raw *raw, const struct block_request *request)
{
	size_t mask = raw->direct_alignment ? raw->direct_alignment - 1 : 0;

	for (unsigned i = 0; i < request->iov_count; i++) {
		if (((uintptr_t)request->iov[i].iov_base | request->iov[i].iov_len) & mask) {
			return true;
		}
	}
	return false;
}

void raw_advance(struct block_request *request, uint64_t bytes)
{
	while (bytes > 0) {
		struct iovec *iov = request->iov;
		size_t part = MIN(bytes, iov->iov_len);

		iov->iov_base = (char *)iov->iov_base + part;
		iov->iov_len -= part;
		bytes -= part;
		if (iov->iov_len == 0) {
			request->iov++;
			request->iov_count--;
		}
	}
}

/* Copies between the front of the slices and `buffer`. */
static void copy(const struct block_request *request, char *buffer, size_t bytes)
{
	for (const struct iovec *iov = request->iov; bytes > 0; iov++) {
		size_t part = MIN(bytes, iov->iov_len);

		if (request->operation == BLOCK_READ) {
			memcpy(iov->iov_base, buffer, part);
		} else {
			memcpy(buffer, iov->iov_base, part);
		}
		buffer += part;
		bytes -= part;
	}
}

int raw_bounce_begin(const struct block_raw *raw, struct block_request *request)
{
	size_t bytes = MIN(request->bytes - request->progress, BOUNCE_MAX);

	if (!request->bounce) {
		request->bounce = aligned_alloc(raw->direct_alignment, bytes);
		if (!request->bounce) {
			return -ENOMEM;
		}
	}
	if (request->operation == BLOCK_WRITE) {
		copy(request, request->bounce, bytes);
	}
	request->own_iov = (struct iovec){ request->bounce, bytes };
	return 0;
}

void raw_bounce_end(struct block_request *request, uint64_t bytes)
{
	if (request->operation == BLOCK_READ) {
		copy(request, request->bounce, bytes);
	}
	raw_advance(request, bytes);
}
