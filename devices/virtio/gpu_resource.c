/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"

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

/* --- making and finding ---------------------------------------------------------------------- */

static const struct list *bucket_of(const struct gpu *gpu, uint32_t id)
{
	return &gpu->buckets[id % GPU_BUCKETS]; /* drivers count */
}

struct gpu_resource *gpu_resource_find(const struct gpu *gpu, uint32_t id)
{
	struct gpu_resource *resource;

	list_for_each (resource, bucket_of(gpu, id), struct gpu_resource, node) {
		if (resource->id == id) {
			return resource;
		}
	}
	return NULL;
}

static uint64_t pixel_bytes(const struct surface_layout *layout)
{
	return (uint64_t)layout->stride * layout->height;
}

/* A new resource of this number, or NULL with *error set. */
static struct gpu_resource *add(struct gpu *gpu, uint32_t id, uint32_t *error)
{
	struct gpu_resource *resource;

	if (id == 0 || gpu_resource_find(gpu, id)) {
		*error = VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
		return NULL;
	}
	resource = gpu->resource_count < GPU_RESOURCES_MAX ? calloc(1, sizeof(*resource)) : NULL;
	if (!resource) {
		*error = VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
		return NULL;
	}
	resource->id = id;
	list_append(&gpu->buckets[id % GPU_BUCKETS], &resource->node);
	gpu->resource_count++;
	return resource;
}

static void destroy(struct gpu *gpu, struct gpu_resource *resource)
{
	gpu_scanouts_forget(gpu, resource);
	gpu_backing_detach(gpu, resource);
	if (resource->pixels) {
		free(resource->pixels);
		gpu_uncharge(gpu, pixel_bytes(&resource->layout));
	}
	list_remove(&resource->node);
	gpu->resource_count--;
	free(resource);
}

void gpu_resource_destroy_all(struct gpu *gpu)
{
	struct gpu_resource *resource;

	for (unsigned i = 0; i < GPU_BUCKETS && gpu->resource_count > 0; i++) {
		list_for_each (resource, &gpu->buckets[i], struct gpu_resource, node) {
			destroy(gpu, resource);
		}
	}
}

/* --- pictures in host memory ----------------------------------------------------------------- */

bool gpu_format(uint32_t format, enum surface_format *out)
{
	static const struct {
		enum virtio_gpu_formats theirs;
		enum surface_format ours;
	} FORMATS[] = {
		{ VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, SURFACE_BGRA },
		{ VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, SURFACE_BGRX },
		{ VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, SURFACE_ARGB },
		{ VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, SURFACE_XRGB },
		{ VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, SURFACE_RGBA },
		{ VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, SURFACE_XBGR },
		{ VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, SURFACE_ABGR },
		{ VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, SURFACE_RGBX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(FORMATS); i++) {
		if (FORMATS[i].theirs == format) {
			*out = FORMATS[i].ours;
			return true;
		}
	}
	return false;
}

static bool is_side(uint32_t pixels)
{
	return pixels > 0 && pixels <= SURFACE_SIDE_MAX;
}

/* Pages that no transfer has touched cost nothing: calloc gives them as the kernel does. */
static bool allocate_pixels(struct gpu *gpu, struct gpu_resource *resource)
{
	const uint64_t bytes = pixel_bytes(&resource->layout);

	if (!gpu_charge(gpu, bytes)) {
		return false;
	}
	resource->pixels = calloc(1, bytes);
	if (!resource->pixels) {
		gpu_uncharge(gpu, bytes);
	}
	return resource->pixels;
}

uint32_t gpu_resource_create_2d(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_resource_create_2d *c = &r->command.create_2d;
	struct gpu_resource *resource;
	enum surface_format format;
	uint32_t error;

	if (!gpu_format(c->format, &format) || !is_side(c->width) || !is_side(c->height)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	resource = add(gpu, c->resource_id, &error);
	if (!resource) {
		return error;
	}
	resource->layout = (struct surface_layout){ .width = c->width,
						    .height = c->height,
						    .stride = c->width * SURFACE_PIXEL_BYTES,
						    .format = format };
	if (!allocate_pixels(gpu, resource)) {
		destroy(gpu, resource);
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- blobs: nothing but guest memory --------------------------------------------------------- */

#define BLOB_FLAGS                                                                \
	(VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE | VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE | \
	 VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE)

uint32_t gpu_resource_create_blob(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_resource_create_blob *c = &r->command.create_blob;
	struct gpu_resource *resource;
	uint32_t error;

	if (c->blob_mem != VIRTIO_GPU_BLOB_MEM_GUEST || (c->blob_flags & ~BLOB_FLAGS) ||
	    c->size == 0) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	resource = add(gpu, c->resource_id, &error);
	if (!resource) {
		return error;
	}
	resource->is_blob = true;
	resource->blob_bytes = c->size;
	error = gpu_backing_attach(gpu, r, sizeof(*c), c->nr_entries, resource);
	if (error != VIRTIO_GPU_RESP_OK_NODATA) {
		destroy(gpu, resource);
	}
	return error;
}

uint32_t gpu_resource_unref(struct gpu *gpu, struct gpu_request *r)
{
	struct gpu_resource *resource = gpu_resource_find(gpu, r->command.unref.resource_id);

	if (!resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	destroy(gpu, resource);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- surfaces -------------------------------------------------------------------------------- */

static bool is_same(const struct surface_layout *a, const struct surface_layout *b)
{
	return a->width == b->width && a->height == b->height && a->stride == b->stride &&
	       a->format == b->format;
}

int gpu_resource_surface(struct gpu *gpu, struct gpu_resource *resource,
			 const struct gpu_framebuffer *framebuffer, struct surface **out)
{
	const struct iovec pixels = { resource->pixels,
				      resource->pixels ? pixel_bytes(&resource->layout) : 0 };
	struct surface *old = resource->surface;
	int code;

	if (old && is_same(surface_layout(old), &framebuffer->layout) &&
	    resource->surface_offset == framebuffer->offset) {
		*out = old;
		return 0;
	}
	if (resource->is_blob && !resource->pieces) {
		return -ENODATA;
	}
	code = resource->is_blob ? surface_create(&framebuffer->layout, resource->pieces,
						  resource->piece_count, framebuffer->offset, out)
				 : surface_create(&framebuffer->layout, &pixels, 1, 0, out);
	if (code < 0) {
		return code;
	}
	resource->surface = *out;
	resource->surface_offset = framebuffer->offset;
	gpu_surface_drop(gpu, old);
	return 0;
}
