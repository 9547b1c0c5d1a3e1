/* SPDX-License-Identifier: MIT */
#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"

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
