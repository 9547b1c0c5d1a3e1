/* SPDX-License-Identifier: MIT */
#include "devices/virtio/gpu_state.h"
#include "vmm/base/compiler.h"

#define CURSOR_PIXELS (GPU_CURSOR_SIDE * GPU_CURSOR_SIDE)

/* --- the picture ----------------------------------------------------------------------------- */

static uint32_t channel(uint32_t pixel, unsigned shift)
{
	return pixel >> shift & 0xff;
}

/*
 * The specification (virtio 1.2 §5.7.6.10) does not say whether colours are multiplied with alpha.
 * Linux hands on what programs gave its cursor plane, and those are: DRM's "pixel blend mode" is
 * "Pre-multiplied" where a plane does not have that property, and virtio-gpu's has none. Windows
 * gives drivers straight alpha. No colour of a multiplied pixel is above its alpha.
 */
static bool is_multiplied(const struct cursor *cursor)
{
	for (unsigned i = 0; i < CURSOR_PIXELS; i++) {
		const uint32_t pixel = cursor->pixels[i];
		const uint32_t alpha = channel(pixel, 24);

		if (channel(pixel, 0) > alpha || channel(pixel, 8) > alpha ||
		    channel(pixel, 16) > alpha) {
			return false;
		}
	}
	return true;
}

static void divide_by_alpha(struct cursor *cursor)
{
	for (unsigned i = 0; i < CURSOR_PIXELS; i++) {
		const uint32_t pixel = cursor->pixels[i];
		const uint32_t alpha = channel(pixel, 24);
		uint32_t straight = alpha << 24;

		if (alpha == 0 || alpha == 0xff) {
			continue;
		}
		for (unsigned shift = 0; shift < 24; shift += 8) {
			straight |= (channel(pixel, shift) * 0xff + alpha / 2) / alpha << shift;
		}
		cursor->pixels[i] = straight;
	}
}

/* The surface of a cursor's resource, for the moment that its pixels are read. NULL: unfit. */
static struct surface *make_surface(const struct gpu_resource *resource)
{
	struct surface_layout layout = { .width = GPU_CURSOR_SIDE,
					 .height = GPU_CURSOR_SIDE,
					 .stride = GPU_CURSOR_SIDE * SURFACE_PIXEL_BYTES,
					 .format = SURFACE_BGRA };
	const struct iovec pixels = { resource->pixels, CURSOR_PIXELS * SURFACE_PIXEL_BYTES };
	struct surface *surface = NULL;
	int code = -1;

	if (resource->is_blob) {
		/* It tells no format: this one is what drivers use. */
		code = surface_create(&layout, resource->pieces, resource->piece_count, 0,
				      &surface);
	} else if (resource->layout.width == GPU_CURSOR_SIDE &&
		   resource->layout.height == GPU_CURSOR_SIDE) {
		layout.format = resource->layout.format;
		code = surface_create(&layout, &pixels, 1, 0, &surface);
	}
	return code == 0 ? surface : NULL;
}

static uint32_t make_cursor(const struct gpu_resource *resource,
			    const struct virtio_gpu_update_cursor *c, struct cursor **out)
{
	const struct rect all = { 0, 0, GPU_CURSOR_SIDE, GPU_CURSOR_SIDE };
	struct surface *surface = make_surface(resource);
	struct cursor *cursor;

	if (!surface) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	cursor = cursor_create(GPU_CURSOR_SIDE, GPU_CURSOR_SIDE, MIN(c->hot_x, GPU_CURSOR_SIDE - 1),
			       MIN(c->hot_y, GPU_CURSOR_SIDE - 1));
	if (cursor) {
		surface_read(surface, &all, SURFACE_ALPHA, cursor->pixels,
			     GPU_CURSOR_SIDE * SURFACE_PIXEL_BYTES);
		if (is_multiplied(cursor)) {
			divide_by_alpha(cursor);
		}
	}
	surface_revoke(surface);
	surface_put(surface);
	*out = cursor;
	return cursor ? VIRTIO_GPU_RESP_OK_NODATA : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

/* --- the commands ---------------------------------------------------------------------------- */

/* Drivers tell the upper left corner, which may lie outside. */
static void move(struct gpu *gpu, const struct virtio_gpu_update_cursor *c)
{
	const struct gpu_scanout *scanout = &gpu->scanouts[c->pos.scanout_id];

	display_move_cursor(gpu->display, c->pos.scanout_id, (int32_t)(c->pos.x + scanout->hot_x),
			    (int32_t)(c->pos.y + scanout->hot_y));
}

uint32_t gpu_update_cursor(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_update_cursor *c = &r->command.cursor;
	const uint32_t scanout = c->pos.scanout_id;
	const struct gpu_resource *resource = gpu_resource_find(gpu, c->resource_id);
	struct cursor *cursor = NULL;
	uint32_t response = VIRTIO_GPU_RESP_OK_NODATA;

	if (scanout >= gpu->scanout_count) {
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	}
	if (c->resource_id && !resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	if (resource) {
		response = make_cursor(resource, c, &cursor);
	}
	if (response != VIRTIO_GPU_RESP_OK_NODATA) {
		return response;
	}
	gpu->scanouts[scanout].hot_x = cursor ? cursor->hot_x : 0;
	gpu->scanouts[scanout].hot_y = cursor ? cursor->hot_y : 0;
	display_set_cursor(gpu->display, scanout, cursor);
	cursor_put(cursor);
	move(gpu, c);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t gpu_move_cursor(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_update_cursor *c = &r->command.cursor;

	if (c->pos.scanout_id >= gpu->scanout_count) {
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	}
	move(gpu, c);
	return VIRTIO_GPU_RESP_OK_NODATA;
}
