/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"
#include "vmm/mem/guest_mem.h"

/* --- the limit ------------------------------------------------------------------------------- */

bool gpu_charge(struct gpu *gpu, uint64_t bytes)
{
	if (bytes > gpu->memory_max - gpu->memory_used) {
		return false;
	}
	gpu->memory_used += bytes;
	return true;
}

void gpu_uncharge(struct gpu *gpu, uint64_t bytes)
{
	gpu->memory_used -= bytes;
}

/* --- attaching ------------------------------------------------------------------------------- */

#define ENTRIES_AT_ONCE 256u

/* Neighbours in host memory become one piece: fewer steps for every copy to come. */
static void add_piece(struct gpu_resource *resource, void *start, size_t bytes)
{
	struct iovec *last = resource->pieces + resource->piece_count;

	if (resource->piece_count > 0 &&
	    (uint8_t *)last[-1].iov_base + last[-1].iov_len == (uint8_t *)start) {
		last[-1].iov_len += bytes;
	} else {
		*last = (struct iovec){ start, bytes };
		resource->piece_count++;
	}
	resource->backing_bytes += bytes;
}

static bool add_entries(struct gpu *gpu, struct gpu_resource *resource,
			const struct virtio_gpu_mem_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		void *start = guest_mem_slice(gpu->mem, entries[i].addr, entries[i].length);

		if (!start) {
			return false;
		}
		add_piece(resource, start, entries[i].length);
	}
	return true;
}

/* Copied a few at a time, then checked. */
static bool take_entries(struct gpu *gpu, struct gpu_request *r, size_t offset, uint32_t count,
			 struct gpu_resource *resource)
{
	struct virtio_gpu_mem_entry entries[ENTRIES_AT_ONCE];

	while (count > 0) {
		const uint32_t part = MIN(count, ENTRIES_AT_ONCE);
		const size_t bytes = part * sizeof(entries[0]);

		if (iov_read(r->chain.iov, r->chain.readable_count, offset, entries, bytes) <
			    bytes ||
		    !add_entries(gpu, resource, entries, part)) {
			return false;
		}
		offset += bytes;
		count -= part;
	}
	return true;
}

/* What the list of pieces costs, one for each entry, and the surface with a longer copy of it. */
static uint64_t list_bytes(uint32_t entries)
{
	return (uint64_t)entries * 3 * sizeof(struct iovec);
}

uint32_t gpu_backing_attach(struct gpu *gpu, struct gpu_request *r, size_t offset, uint32_t count,
			    struct gpu_resource *resource)
{
	if (count == 0 || count > GPU_ENTRIES_MAX ||
	    r->chain.readable_bytes - offset < count * sizeof(struct virtio_gpu_mem_entry)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	if (!gpu_charge(gpu, list_bytes(count))) {
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	resource->entry_count = count;
	resource->pieces = calloc(count, sizeof(*resource->pieces));
	if (!resource->pieces) {
		gpu_backing_detach(gpu, resource);
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	if (!take_entries(gpu, r, offset, count, resource) ||
	    (resource->is_blob && resource->backing_bytes < resource->blob_bytes)) {
		gpu_backing_detach(gpu, resource);
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	return VIRTIO_GPU_RESP_OK_NODATA;
}

void gpu_backing_detach(struct gpu *gpu, struct gpu_resource *resource)
{
	if (resource->is_blob) {
		gpu_scanouts_forget(gpu, resource);
	}
	gpu_uncharge(gpu, list_bytes(resource->entry_count));
	free(resource->pieces);
	resource->pieces = NULL;
	resource->piece_count = 0;
	resource->entry_count = 0;
	resource->backing_bytes = 0;
}

uint32_t gpu_attach_backing(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_resource_attach_backing *c = &r->command.attach_backing;
	const uint32_t count = c->nr_entries;
	struct gpu_resource *resource = gpu_resource_find(gpu, c->resource_id);

	if (!resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	if (resource->pieces) {
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
	return gpu_backing_attach(gpu, r, sizeof(*c), count, resource);
}

uint32_t gpu_detach_backing(struct gpu *gpu, struct gpu_request *r)
{
	struct gpu_resource *resource =
		gpu_resource_find(gpu, r->command.detach_backing.resource_id);

	if (!resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	if (!resource->pieces) {
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
	gpu_backing_detach(gpu, resource);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- transfers ------------------------------------------------------------------------------- */

/* A place in the backing that only moves on. */
struct reader {
	const struct iovec *piece;
	uint64_t piece_offset; /* of the piece in the backing */
};

static void copy_from(struct reader *reader, uint64_t offset, uint8_t *to, size_t bytes)
{
	while (bytes > 0) {
		const uint64_t within = offset - reader->piece_offset;
		size_t part;

		if (within >= reader->piece->iov_len) {
			reader->piece_offset += reader->piece->iov_len;
			reader->piece++;
			continue;
		}
		part = MIN(bytes, reader->piece->iov_len - within);
		memcpy(to, (const uint8_t *)reader->piece->iov_base + within, part);
		offset += part;
		to += part;
		bytes -= part;
	}
}

/* Whether `height` rows of `bytes`, `stride` apart, from `offset` on, lie in the backing. */
static bool is_backed(const struct gpu_resource *resource, uint64_t offset, size_t bytes,
		      uint32_t height)
{
	const uint64_t needed = (uint64_t)resource->layout.stride * (height - 1) + bytes;

	return needed <= resource->backing_bytes && offset <= resource->backing_bytes - needed;
}

/* The backing's rows are as long as the picture's (virtio 1.2 §5.7.6.8). */
static void transfer(struct gpu_resource *resource, const struct rect *rect, uint64_t offset)
{
	struct reader reader = { resource->pieces, 0 };
	const uint32_t stride = resource->layout.stride;
	const size_t bytes = (size_t)rect->width * SURFACE_PIXEL_BYTES;
	uint8_t *to =
		resource->pixels + (size_t)rect->y * stride + (size_t)rect->x * SURFACE_PIXEL_BYTES;

	if (bytes == stride) {
		copy_from(&reader, offset, to, bytes * rect->height);
		return;
	}
	for (uint32_t row = 0; row < rect->height; row++) {
		copy_from(&reader, offset + (uint64_t)row * stride, to + (size_t)row * stride,
			  bytes);
	}
}

uint32_t gpu_transfer_to_host_2d(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_transfer_to_host_2d *c = &r->command.transfer;
	const struct rect rect = { c->r.x, c->r.y, c->r.width, c->r.height };
	struct gpu_resource *resource = gpu_resource_find(gpu, c->resource_id);

	if (!resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	if (!resource->pieces) {
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
	if (resource->is_blob) {
		/* Nothing to do: it is shown where it lies. Linux asks for it with cursors. */
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	if (!rect_is_inside(&rect, resource->layout.width, resource->layout.height)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	if (rect_is_empty(&rect)) {
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	if (!is_backed(resource, c->offset, (size_t)rect.width * SURFACE_PIXEL_BYTES,
		       rect.height)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	transfer(resource, &rect, c->offset);
	return VIRTIO_GPU_RESP_OK_NODATA;
}
