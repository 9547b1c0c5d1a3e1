/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_GPU_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_GPU_STATE_H

#include <linux/virtio_gpu.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/virtio/virtio.h"
#include "display/display.h"
#include "display/rect.h"
#include "display/surface.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

struct boot_screen;
struct guest_mem;
struct input;

/* What the files of the graphics card share; nobody else includes this. All of it belongs to the
 * card's loop, unless it says otherwise. */

enum {
	GPU_CONTROL,
	GPU_CURSOR,
	GPU_QUEUES,
};

#define GPU_QUEUE_SIZE	  256u
#define GPU_RESOURCES_MAX 4096u
#define GPU_ENTRIES_MAX	  65536u /* pieces of guest memory behind one resource */
#define GPU_BUCKETS	  256u
#define GPU_CURSOR_SIDE	  64u /* all that a cursor may have (virtio 1.2 §5.7.6.10) */

/* --- resources ------------------------------------------------------------------------------- */

struct gpu_resource {
	struct list node; /* in its bucket */
	uint32_t id;
	bool is_blob;

	/* Two-dimensional: pixels in memory of ours, filled by transfers. */
	struct surface_layout layout;
	uint8_t *pixels;

	uint64_t blob_bytes;

	/* Guest memory: the backing of a picture, the blob itself. NULL: none attached. */
	struct iovec *pieces;
	size_t piece_count;
	uint32_t entry_count; /* as attached; neighbours became one piece */
	uint64_t backing_bytes;

	/* Made when it is first shown; a blob's for the layout that it was shown with last. */
	struct surface *surface;
	uint64_t surface_offset;
};

/* Of a two-dimensional one. */
static inline uint64_t gpu_pixel_bytes(const struct gpu_resource *resource)
{
	return (uint64_t)resource->layout.stride * resource->layout.height;
}

/* Where a picture is in a resource: what the two set-scanout commands tell in two ways. */
struct gpu_framebuffer {
	struct surface_layout layout;
	uint64_t offset;
};

/* --- scanouts -------------------------------------------------------------------------------- */

struct gpu_scanout {
	struct gpu_resource *resource; /* NULL: blank */
	struct surface *surface;       /* a reference */
	struct rect part;
	/* The display has not been told: a flush is likely to follow, and one change of the
	 * picture is less work than two. */
	bool is_due;
	uint32_t hot_x, hot_y;
};

/* --- requests -------------------------------------------------------------------------------- */

/* A fenced flush that waits for a viewer to take the pixels, or for a tick of the clock. */
struct gpu_wait {
	struct list node; /* among gpu.waits or gpu.free_waits */
	struct gpu *gpu;
	uint16_t head; /* the chain, with the answer already in it */
	uint32_t written;
	uint64_t due_ns;      /* answered then at the latest */
	bool is_tick;	      /* and not before */
	unsigned outstanding; /* parts not yet taken; guarded by gpu.waits_lock */
	struct gpu_wait_part {
		struct display_flush flush;
		struct gpu_wait *wait;
		bool is_given; /* to the display */
	} parts[DISPLAY_SCANOUTS_MAX];
};

/* The command being run. */
struct gpu_request {
	unsigned queue;
	struct virtqueue_chain chain;
	union {
		struct virtio_gpu_ctrl_hdr header;
		struct virtio_gpu_cmd_get_edid get_edid;
		struct virtio_gpu_resource_create_2d create_2d;
		struct virtio_gpu_resource_create_blob create_blob;
		struct virtio_gpu_resource_unref unref;
		struct virtio_gpu_resource_attach_backing attach_backing;
		struct virtio_gpu_resource_detach_backing detach_backing;
		struct virtio_gpu_transfer_to_host_2d transfer;
		struct virtio_gpu_set_scanout set_scanout;
		struct virtio_gpu_set_scanout_blob set_scanout_blob;
		struct virtio_gpu_resource_flush flush;
		struct virtio_gpu_update_cursor cursor;
	} command; /* our copy, little-endian as the host */
	union {
		struct virtio_gpu_ctrl_hdr header;
		struct virtio_gpu_resp_display_info display_info;
		struct virtio_gpu_resp_edid edid;
	} response; /* zeroed; the header is filled in later */
	size_t response_bytes;
	struct gpu_wait *wait; /* set by a command that is answered later */
};

struct gpu {
	struct virtio_device device;
	struct loop *loop; /* borrowed, as the next three */
	struct display *display;
	struct input *input; /* may be NULL */
	struct guest_mem *mem;
	struct display_source source;
	struct virtio_gpu_config config; /* what the driver is to see */
	struct virtio_type type;
	struct boot_screen *boot_screen; /* owned; NULL: switched off */
	bool is_booting;		 /* scanout 0 has it: no driver has set it yet */
	unsigned scanout_count;

	struct list buckets[GPU_BUCKETS];
	unsigned resource_count;
	uint64_t memory_max, memory_used; /* of ours, for resources */

	struct gpu_scanout scanouts[DISPLAY_SCANOUTS_MAX];

	struct mutex waits_lock;
	struct condition taken; /* a part of a wait was */
	struct list waits, free_waits;
	struct loop_timer wait_timer;

	struct loop_task take_task; /* posted by any thread: something was taken */
	struct loop_task mode_task; /* likewise: a viewer wishes another mode */

	struct gpu_request request;
	struct iovec slices[VIRTQUEUE_MAX_SIZE];
	unsigned fresh_waits; /* of the pool, those after it were never used */
	struct gpu_wait wait_pool[GPU_QUEUE_SIZE];
};
VIRTIO_DEVICE_IS_FIRST(struct gpu, device);

/* --- gpu_commands.c -------------------------------------------------------------------------- */

/* Runs gpu->request, whose chain was popped, and fills in its response. -EPROTO: the chain has no
 * room for a command. */
int gpu_run(struct gpu *gpu);

/* What the commands below return: VIRTIO_GPU_RESP_*. */

/* --- gpu_lookup.c ---------------------------------------------------------------------------- */

/* NULL: no such resource. */
struct gpu_resource *gpu_resource_find(const struct gpu *gpu, uint32_t id);

/* VIRTIO_GPU_FORMAT_* to ours. False: unknown. */
bool gpu_format(uint32_t format, enum surface_format *out);

/* --- gpu_resource.c -------------------------------------------------------------------------- */

uint32_t gpu_resource_create_2d(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_resource_create_blob(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_resource_unref(struct gpu *gpu, struct gpu_request *r);

void gpu_resource_destroy_all(struct gpu *gpu);

/* --- gpu_backing.c --------------------------------------------------------------------------- */

/* Counts memory against the limit; false: beyond it. */
bool gpu_charge(struct gpu *gpu, uint64_t bytes);
void gpu_uncharge(struct gpu *gpu, uint64_t bytes);

uint32_t gpu_attach_backing(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_detach_backing(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_transfer_to_host_2d(struct gpu *gpu, struct gpu_request *r);

/* Takes `count` entries that follow `offset` bytes of command. VIRTIO_GPU_RESP_*. */
uint32_t gpu_backing_attach(struct gpu *gpu, struct gpu_request *r, size_t offset, uint32_t count,
			    struct gpu_resource *resource);
void gpu_backing_detach(struct gpu *gpu, struct gpu_resource *resource);

/* --- gpu_scanout.c --------------------------------------------------------------------------- */

uint32_t gpu_get_display_info(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_get_edid(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_set_scanout(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_set_scanout_blob(struct gpu *gpu, struct gpu_request *r);

/* Shows the boot screen, if there is one, until a driver sets scanout 0. */
void gpu_scanout_boot(struct gpu *gpu);
/* Tells the display what was put off. */
void gpu_scanout_show(struct gpu *gpu, unsigned index);
void gpu_scanouts_settle(struct gpu *gpu);
/* The resource's memory goes away: scanouts that show it go blank, its surfaces are revoked. */
void gpu_scanouts_forget(struct gpu *gpu, struct gpu_resource *resource);

/* --- gpu_flush.c ----------------------------------------------------------------------------- */

void gpu_flush_init(struct gpu *gpu);
void gpu_flush_finish(struct gpu *gpu);
uint32_t gpu_resource_flush(struct gpu *gpu, struct gpu_request *r);
/* Ends all waits, with their answers or without. */
void gpu_flush_end(struct gpu *gpu, bool answer);

/* --- gpu_cursor.c ---------------------------------------------------------------------------- */

uint32_t gpu_update_cursor(struct gpu *gpu, struct gpu_request *r);
uint32_t gpu_move_cursor(struct gpu *gpu, struct gpu_request *r);

#endif
