/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_GPU_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_VIRTIO_FAKE_GPU_H

#include <linux/virtio_gpu.h>
#include <stddef.h>

#include "display/display.h"
#include "display/input.h"
#include "tests/unit/devices/virtio/fake_driver.h"

/*
 * A machine with a display, its graphics card and a guest's driver for it. A test that uses it
 * links
 *
 *	LINK: devices/virtio/gpu.c devices/virtio/gpu_backing.c devices/virtio/gpu_commands.c
 *	LINK: devices/virtio/gpu_cursor.c devices/virtio/gpu_flush.c devices/virtio/gpu_lookup.c
 *	LINK: devices/virtio/gpu_resource.c devices/virtio/gpu_scanout.c devices/virtio/edid.c
 *	LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c
 *	LINK: display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c
 *	LINK: devices/virtio/edid_displayid.c devices/virtio/boot_screen.c display/surface.c
 *	LINK: display/damage.c display/rect.c display/input.c display/input_sinks.c
 *	LINK: tests/unit/devices/virtio/fake_gpu.c
 *
 * and what fake_driver.h names.
 */
struct fake_gpu {
	struct fake_machine machine;
	struct fake_driver driver;
	struct display *display;
	struct input *input;
	void *state;
	uint64_t command_gpa, response_gpa;
	/* Of the last answer. */
	uint32_t written;
	struct virtio_gpu_ctrl_hdr header;
	/* Commands get this fence as long as it is not 0. */
	uint64_t fence;
};

#define FAKE_GPU_FEATURES ((1u << VIRTIO_GPU_F_EDID) | (1u << VIRTIO_GPU_F_RESOURCE_BLOB))

/* The machine with its display; `options` are the card's. */
void fake_gpu_init(struct fake_gpu *gpu, const char *options, uint64_t features);
void fake_gpu_finish(struct fake_gpu *gpu);

/* Puts a command into the queue; returns its chain's head. */
uint16_t fake_gpu_queue(struct fake_gpu *gpu, unsigned queue, const void *command, size_t bytes);
/* Queues, kicks, takes the answer; returns its VIRTIO_GPU_RESP_*. */
uint32_t fake_gpu_send(struct fake_gpu *gpu, unsigned queue, const void *command, size_t bytes);
/* The whole answer of the last command. */
void *fake_gpu_response(struct fake_gpu *gpu);

/* Guest memory of `bytes`, each pixel with its number from 1 on. */
uint64_t fake_gpu_make_pixels(struct fake_gpu *gpu, uint32_t bytes);

/* The commands with what matters of them. */
uint32_t fake_gpu_create_2d(struct fake_gpu *gpu, uint32_t id, uint32_t format, uint32_t width,
			    uint32_t height);
uint32_t fake_gpu_create_blob(struct fake_gpu *gpu, uint32_t id, uint64_t size, uint64_t gpa,
			      uint32_t bytes);
uint32_t fake_gpu_attach(struct fake_gpu *gpu, uint32_t id,
			 const struct virtio_gpu_mem_entry *entries, uint32_t count);
uint32_t fake_gpu_detach(struct fake_gpu *gpu, uint32_t id);
uint32_t fake_gpu_unref(struct fake_gpu *gpu, uint32_t id);
uint32_t fake_gpu_transfer(struct fake_gpu *gpu, uint32_t id, struct rect r, uint64_t offset);
uint32_t fake_gpu_set_scanout(struct fake_gpu *gpu, uint32_t scanout, uint32_t id, struct rect r);
/* Without offset, rows without gaps, all of it shown, unless `command` says otherwise. */
struct virtio_gpu_set_scanout_blob fake_gpu_blob_scanout(uint32_t scanout, uint32_t id,
							 uint32_t width, uint32_t height);
uint32_t fake_gpu_set_scanout_blob(struct fake_gpu *gpu,
				   const struct virtio_gpu_set_scanout_blob *command);
uint32_t fake_gpu_flush(struct fake_gpu *gpu, uint32_t id, struct rect r);
/* Fenced, not waited for. */
uint16_t fake_gpu_queue_flush(struct fake_gpu *gpu, uint32_t id, struct rect r, uint64_t fence);

/* The pixel of the picture as a viewer gets it, without its highest byte; 0 also when blank. */
uint32_t fake_gpu_pixel(struct fake_gpu *gpu, unsigned scanout, uint32_t x, uint32_t y);

#endif
