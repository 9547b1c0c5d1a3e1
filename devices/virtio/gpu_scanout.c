/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/virtio/boot_screen.h"
#include "devices/virtio/edid.h"
#include "devices/virtio/gpu_state.h"
#include "display/input.h"
#include "vmm/base/compiler.h"

/* --- monitors -------------------------------------------------------------------------------- */

/* One row of monitors, left to right. */
uint32_t gpu_get_display_info(struct gpu *gpu, struct gpu_request *r)
{
	struct virtio_gpu_resp_display_info *info = &r->response.display_info;
	uint32_t x = 0;

	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		const struct display_mode mode = display_mode(gpu->display, i);

		info->pmodes[i].enabled = mode.is_connected;
		info->pmodes[i].r = (struct virtio_gpu_rect){ x, 0, mode.width, mode.height };
		x += mode.is_connected ? mode.width : 0;
	}
	r->response_bytes = sizeof(*info);
	return VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
}

uint32_t gpu_get_edid(struct gpu *gpu, struct gpu_request *r)
{
	const uint32_t scanout = r->command.get_edid.scanout;
	struct virtio_gpu_resp_edid *response = &r->response.edid;
	struct display_mode mode;
	struct edid_monitor monitor;

	if (scanout >= gpu->scanout_count) {
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	}
	mode = display_mode(gpu->display, scanout);
	monitor = (struct edid_monitor){ .width = mode.width ?: DISPLAY_DEFAULT_WIDTH,
					 .height = mode.height ?: DISPLAY_DEFAULT_HEIGHT,
					 .refresh_mhz =
						 mode.refresh_mhz ?: DISPLAY_DEFAULT_REFRESH_MHZ,
					 .width_mm = mode.width_mm,
					 .height_mm = mode.height_mm,
					 .number = scanout };
	response->size = (uint32_t)edid_write(&monitor, response->edid);
	r->response_bytes = sizeof(*response);
	return VIRTIO_GPU_RESP_OK_EDID;
}

/* --- what they show -------------------------------------------------------------------------- */

static void show(struct gpu *gpu, unsigned index, struct surface *surface, const struct rect *part)
{
	display_show(gpu->display, index, surface, part);
	if (gpu->input) {
		input_set_layout(gpu->input, index, part->width, part->height);
	}
}

void gpu_scanout_boot(struct gpu *gpu)
{
	const struct rect all = { 0, 0, BOOT_SCREEN_WIDTH, BOOT_SCREEN_HEIGHT };

	if (gpu->boot_screen) {
		gpu->is_booting = true;
		gpu->scanouts[0].is_due = false;
		show(gpu, 0, boot_screen_surface(gpu->boot_screen), &all);
		boot_screen_set_shown(gpu->boot_screen, true);
	}
}

/* A driver has taken over. */
static void end_boot(struct gpu *gpu, unsigned index)
{
	if (index == 0 && gpu->is_booting) {
		gpu->is_booting = false;
		boot_screen_set_shown(gpu->boot_screen, false);
	}
}

void gpu_scanout_show(struct gpu *gpu, unsigned index)
{
	struct gpu_scanout *scanout = &gpu->scanouts[index];

	if (!scanout->is_due) {
		return;
	}
	scanout->is_due = false;
	end_boot(gpu, index);
	show(gpu, index, scanout->surface, &scanout->part);
}

void gpu_scanouts_settle(struct gpu *gpu)
{
	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		gpu_scanout_show(gpu, i);
	}
}

static bool is_shown(const struct gpu *gpu, const struct surface *surface)
{
	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		const struct gpu_scanout *scanout = &gpu->scanouts[i];

		if (scanout->surface == surface) {
			return true;
		}
	}
	return false;
}

/* A scanout has a reference, and so has the resource of the surface that it would show next. What
 * neither has is out of use, and its memory may go away without our knowing of it. */
static void drop_surface(struct gpu *gpu, struct surface *surface)
{
	if (surface && !is_shown(gpu, surface)) {
		surface_revoke(surface);
	}
	surface_put(surface);
}

static void set(struct gpu *gpu, unsigned index, struct gpu_resource *resource,
		struct surface *surface, const struct rect *part)
{
	struct gpu_scanout *scanout = &gpu->scanouts[index];
	struct gpu_resource *old_resource = scanout->resource;
	struct surface *old = scanout->surface;

	scanout->resource = resource;
	scanout->surface = surface ? surface_get(surface) : NULL;
	scanout->part = *part;
	scanout->is_due = true;
	if (old && old_resource->surface == old) {
		surface_put(old); /* kept for the next time that it is shown */
	} else {
		drop_surface(gpu, old);
	}
}

static void blank(struct gpu *gpu, unsigned index)
{
	const struct rect nothing = { 0 };

	set(gpu, index, NULL, NULL, &nothing);
}

void gpu_scanouts_forget(struct gpu *gpu, struct gpu_resource *resource)
{
	struct surface *surface = resource->surface;

	resource->surface = NULL;
	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		if (gpu->scanouts[i].resource == resource) {
			blank(gpu, i);
		}
	}
	drop_surface(gpu, surface);
}

/* --- the commands ---------------------------------------------------------------------------- */

static bool is_same(const struct surface_layout *a, const struct surface_layout *b)
{
	return a->width == b->width && a->height == b->height && a->stride == b->stride &&
	       a->format == b->format;
}

/* The resource's surface for this layout, made when it is not there; the reference is the
 * resource's. -EINVAL: does not fit, -ENODATA: no backing, -ENOMEM. */
static int find_surface(struct gpu *gpu, struct gpu_resource *resource,
			const struct gpu_framebuffer *framebuffer, struct surface **out)
{
	const struct iovec pixels = { resource->pixels,
				      resource->pixels ? gpu_pixel_bytes(resource) : 0 };
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
	drop_surface(gpu, old);
	return 0;
}

static uint32_t set_framebuffer(struct gpu *gpu, uint32_t index, struct gpu_resource *resource,
				const struct gpu_framebuffer *framebuffer,
				const struct virtio_gpu_rect *r)
{
	const struct rect part = { r->x, r->y, r->width, r->height };
	struct surface *surface;

	if (rect_is_empty(&part) ||
	    !rect_is_inside(&part, framebuffer->layout.width, framebuffer->layout.height)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	switch (find_surface(gpu, resource, framebuffer, &surface)) {
	case 0:
		set(gpu, index, resource, surface, &part);
		return VIRTIO_GPU_RESP_OK_NODATA;
	case -EINVAL:
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	case -ENOMEM:
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	default:
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
}

/* The resource that a scanout is to show. NULL: it is blank now, or the command is wrong; *response
 * tells. */
static struct gpu_resource *choose_resource(struct gpu *gpu, uint32_t scanout, uint32_t id,
					    bool is_blob, uint32_t *response)
{
	struct gpu_resource *resource = gpu_resource_find(gpu, id);

	*response = VIRTIO_GPU_RESP_OK_NODATA;
	if (scanout >= gpu->scanout_count) {
		*response = VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
		return NULL;
	}
	if (id == 0) {
		blank(gpu, scanout);
		return NULL;
	}
	if (!resource || resource->is_blob != is_blob) {
		*response = VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
		return NULL;
	}
	return resource;
}

uint32_t gpu_set_scanout(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_set_scanout *c = &r->command.set_scanout;
	struct gpu_framebuffer framebuffer = { 0 };
	struct gpu_resource *resource;
	uint32_t response;

	resource = choose_resource(gpu, c->scanout_id, c->resource_id, false, &response);
	if (!resource) {
		return response;
	}
	framebuffer.layout = resource->layout;
	return set_framebuffer(gpu, c->scanout_id, resource, &framebuffer, &c->r);
}

/* The pixels of a blob end inside of it, even if its pieces hold more. */
static bool fits(const struct gpu_framebuffer *framebuffer, uint64_t blob_bytes)
{
	const struct surface_layout *layout = &framebuffer->layout;
	const uint64_t row = (uint64_t)layout->width * SURFACE_PIXEL_BYTES;
	uint64_t needed;

	if (layout->width == 0 || layout->width > SURFACE_SIDE_MAX || layout->height == 0 ||
	    layout->height > SURFACE_SIDE_MAX || layout->stride < row) {
		return false;
	}
	needed = framebuffer->offset + (uint64_t)layout->stride * (layout->height - 1) + row;
	return needed <= blob_bytes;
}

uint32_t gpu_set_scanout_blob(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_set_scanout_blob *c = &r->command.set_scanout_blob;
	struct gpu_framebuffer framebuffer = {
		.layout = { .width = c->width, .height = c->height, .stride = c->strides[0] },
		.offset = c->offsets[0],
	};
	struct gpu_resource *resource;
	uint32_t response;

	resource = choose_resource(gpu, c->scanout_id, c->resource_id, true, &response);
	if (!resource) {
		return response;
	}
	if (!gpu_format(c->format, &framebuffer.layout.format) ||
	    !fits(&framebuffer, resource->blob_bytes)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	return set_framebuffer(gpu, c->scanout_id, resource, &framebuffer, &c->r);
}
