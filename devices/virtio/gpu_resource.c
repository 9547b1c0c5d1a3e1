/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"

/* --- making and ending ----------------------------------------------------------------------- */

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
		gpu_uncharge(gpu, gpu_pixel_bytes(resource));
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

static bool is_side(uint32_t pixels)
{
	return pixels > 0 && pixels <= SURFACE_SIDE_MAX;
}

/* Pages that no transfer has touched cost nothing: calloc gives them as the kernel does. */
static bool allocate_pixels(struct gpu *gpu, struct gpu_resource *resource)
{
	const uint64_t bytes = gpu_pixel_bytes(resource);

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
