/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/virtio/fake_gpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/gpu.h"
#include "display/image.h"

#define COMMAND_BYTES  65536u
#define RESPONSE_BYTES 2048u
#define SLOTS	       16u

static void require(bool ok, const char *what)
{
	if (!ok) {
		(void)fprintf(stderr, "fake gpu: not true: %s\n", what);
		abort();
	}
}

#define REQUIRE(condition) require(condition, #condition)

void fake_gpu_init(struct fake_gpu *gpu, const char *options, uint64_t features)
{
	const struct device_type *type = &virtio_gpu_type;
	void *parsed = calloc(1, type->options_size);

	memset(gpu, 0, sizeof(*gpu));
	fake_machine_init(&gpu->machine);
	REQUIRE(display_create(DISPLAY_SCANOUTS_MAX, &gpu->display) == 0);
	REQUIRE(input_create(&gpu->input) == 0);
	gpu->machine.env.display = gpu->display;
	gpu->machine.env.input = gpu->input;
	gpu->state = calloc(1, type->state_size);
	REQUIRE(parsed && gpu->state);
	REQUIRE(options_parse(&type->options, options, parsed, NULL) == 0);
	REQUIRE(type->init(gpu->state, &gpu->machine.env, parsed, NULL) == 0);
	options_finish(&type->options, parsed);
	free(parsed);
	fake_driver_attach(&gpu->driver, &gpu->machine, 1);
	fake_driver_start(&gpu->driver, features, 0);
	gpu->command_gpa = fake_driver_alloc(&gpu->driver, COMMAND_BYTES * SLOTS);
	gpu->response_gpa = fake_driver_alloc(&gpu->driver, RESPONSE_BYTES * SLOTS);
}

void fake_gpu_finish(struct fake_gpu *gpu)
{
	virtio_gpu_type.finish(gpu->state);
	free(gpu->state);
	input_destroy(gpu->input);
	display_destroy(gpu->display);
	fake_machine_finish(&gpu->machine);
}

/* Each of a few commands in flight has its own place. */
static unsigned slot_of(const struct fake_gpu *gpu, unsigned queue)
{
	return gpu->driver.rings[queue].avail->idx % SLOTS;
}

uint16_t fake_gpu_queue(struct fake_gpu *gpu, unsigned queue, const void *command, size_t bytes)
{
	const unsigned slot = slot_of(gpu, queue);
	const struct fake_buffer buffers[] = {
		{ gpu->command_gpa + slot * COMMAND_BYTES, (uint32_t)bytes, false },
		{ gpu->response_gpa + slot * RESPONSE_BYTES, RESPONSE_BYTES, true },
	};
	struct virtio_gpu_ctrl_hdr *header =
		fake_driver_at(&gpu->driver, buffers[0].gpa, COMMAND_BYTES);

	memcpy(header, command, bytes);
	if (gpu->fence) {
		header->flags |= VIRTIO_GPU_FLAG_FENCE;
		header->fence_id = gpu->fence;
	}
	memset(fake_driver_at(&gpu->driver, buffers[1].gpa, RESPONSE_BYTES), 0xee, RESPONSE_BYTES);
	return fake_ring_add(&gpu->driver.rings[queue], buffers, 2);
}

void *fake_gpu_response(struct fake_gpu *gpu)
{
	/* The one that was queued last. */
	const unsigned slot = (gpu->driver.rings[0].avail->idx + SLOTS - 1) % SLOTS;

	return fake_driver_at(&gpu->driver, gpu->response_gpa + slot * RESPONSE_BYTES,
			      RESPONSE_BYTES);
}

uint32_t fake_gpu_send(struct fake_gpu *gpu, unsigned queue, const void *command, size_t bytes)
{
	const unsigned slot = slot_of(gpu, queue);
	const uint16_t head = fake_gpu_queue(gpu, queue, command, bytes);
	uint32_t used_head;

	fake_driver_kick(&gpu->driver, queue);
	REQUIRE(fake_ring_take(&gpu->driver.rings[queue], &used_head, &gpu->written));
	REQUIRE(used_head == head);
	memcpy(&gpu->header,
	       fake_driver_at(&gpu->driver, gpu->response_gpa + slot * RESPONSE_BYTES,
			      RESPONSE_BYTES),
	       sizeof(gpu->header));
	return gpu->header.type;
}

#define SEND(gpu, command) fake_gpu_send(gpu, 0, &(command), sizeof(command))

static struct virtio_gpu_rect rect_of(struct rect r)
{
	return (struct virtio_gpu_rect){ r.x, r.y, r.width, r.height };
}

uint64_t fake_gpu_make_pixels(struct fake_gpu *gpu, uint32_t bytes)
{
	const uint64_t gpa = fake_driver_alloc(&gpu->driver, bytes);
	uint32_t *pixels = fake_driver_at(&gpu->driver, gpa, bytes);

	for (uint32_t i = 0; i < bytes / 4; i++) {
		pixels[i] = i + 1;
	}
	return gpa;
}

uint32_t fake_gpu_create_2d(struct fake_gpu *gpu, uint32_t id, uint32_t format, uint32_t width,
			    uint32_t height)
{
	const struct virtio_gpu_resource_create_2d c = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
		.resource_id = id,
		.format = format,
		.width = width,
		.height = height,
	};

	return SEND(gpu, c);
}

uint32_t fake_gpu_create_blob(struct fake_gpu *gpu, uint32_t id, uint64_t size, uint64_t gpa,
			      uint32_t bytes)
{
	const struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry;
	} c = {
		.create = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
			    .resource_id = id,
			    .blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
			    .blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE,
			    .nr_entries = 1,
			    .size = size },
		.entry = { .addr = gpa, .length = bytes },
	};

	return SEND(gpu, c);
}

uint32_t fake_gpu_attach(struct fake_gpu *gpu, uint32_t id,
			 const struct virtio_gpu_mem_entry *entries, uint32_t count)
{
	const struct virtio_gpu_resource_attach_backing c = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
		.resource_id = id,
		.nr_entries = count,
	};
	static uint8_t bytes[COMMAND_BYTES];

	REQUIRE(sizeof(c) + count * sizeof(*entries) <= sizeof(bytes));
	memcpy(bytes, &c, sizeof(c));
	memcpy(bytes + sizeof(c), entries, count * sizeof(*entries));
	return fake_gpu_send(gpu, 0, bytes, sizeof(c) + count * sizeof(*entries));
}

uint32_t fake_gpu_detach(struct fake_gpu *gpu, uint32_t id)
{
	const struct virtio_gpu_resource_detach_backing c = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
		.resource_id = id,
	};

	return SEND(gpu, c);
}

uint32_t fake_gpu_unref(struct fake_gpu *gpu, uint32_t id)
{
	const struct virtio_gpu_resource_unref c = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF,
		.resource_id = id,
	};

	return SEND(gpu, c);
}

uint32_t fake_gpu_transfer(struct fake_gpu *gpu, uint32_t id, struct rect r, uint64_t offset)
{
	const struct virtio_gpu_transfer_to_host_2d c = {
		.hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
		.r = rect_of(r),
		.offset = offset,
		.resource_id = id,
	};

	return SEND(gpu, c);
}

uint32_t fake_gpu_set_scanout(struct fake_gpu *gpu, uint32_t scanout, uint32_t id, struct rect r)
{
	const struct virtio_gpu_set_scanout c = {
		.hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT,
		.r = rect_of(r),
		.scanout_id = scanout,
		.resource_id = id,
	};

	return SEND(gpu, c);
}

struct virtio_gpu_set_scanout_blob fake_gpu_blob_scanout(uint32_t scanout, uint32_t id,
							 uint32_t width, uint32_t height)
{
	return (struct virtio_gpu_set_scanout_blob){
		.hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
		.r = { 0, 0, width, height },
		.scanout_id = scanout,
		.resource_id = id,
		.width = width,
		.height = height,
		.format = VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
		.strides = { width * 4 },
	};
}

uint32_t fake_gpu_set_scanout_blob(struct fake_gpu *gpu,
				   const struct virtio_gpu_set_scanout_blob *command)
{
	return SEND(gpu, *command);
}

static struct virtio_gpu_resource_flush flush_of(uint32_t id, struct rect r)
{
	return (struct virtio_gpu_resource_flush){
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
		.r = rect_of(r),
		.resource_id = id,
	};
}

uint32_t fake_gpu_flush(struct fake_gpu *gpu, uint32_t id, struct rect r)
{
	const struct virtio_gpu_resource_flush c = flush_of(id, r);

	return SEND(gpu, c);
}

uint16_t fake_gpu_queue_flush(struct fake_gpu *gpu, uint32_t id, struct rect r, uint64_t fence)
{
	const struct virtio_gpu_resource_flush c = flush_of(id, r);
	uint16_t head;

	gpu->fence = fence;
	head = fake_gpu_queue(gpu, 0, &c, sizeof(c));
	gpu->fence = 0;
	fake_driver_kick(&gpu->driver, 0);
	return head;
}

uint32_t fake_gpu_pixel(struct fake_gpu *gpu, unsigned scanout, uint32_t x, uint32_t y)
{
	struct image *image;
	uint32_t pixel = 0;

	if (display_capture(gpu->display, scanout, false, &image) == 0) {
		REQUIRE(x < image->width && y < image->height);
		pixel = image->pixels[y * image->width + x] & 0xffffff;
		free(image);
	}
	return pixel;
}
