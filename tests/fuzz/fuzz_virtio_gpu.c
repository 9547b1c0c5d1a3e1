/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/gpu.c devices/virtio/gpu_backing.c devices/virtio/gpu_commands.c */
/* LINK: devices/virtio/gpu_cursor.c devices/virtio/gpu_flush.c devices/virtio/gpu_lookup.c */
/* LINK: devices/virtio/gpu_resource.c devices/virtio/gpu_scanout.c devices/virtio/edid.c */
/* LINK: devices/virtio/edid_displayid.c devices/virtio/boot_screen.c devices/virtio/virtqueue.c */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c */
/* LINK: display/surface.c */
/* LINK: display/damage.c display/rect.c display/input.c display/input_sinks.c */
/* LINK: vmm/mem/ vmm/kvm/ tests/unit/devices/virtio/fake_ring.c */
/* LINK: tests/unit/devices/virtio/fake_transport.c */
/*
 * A graphics card whose driver is hostile. Input: commands, each with one byte for its type, one
 * for flags, queue and what a viewer does afterwards, one for the number of entries behind it, and
 * then one byte for each of its 32-bit words.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/gpu.h"
#include "devices/virtio/gpu_state.h"
#include "display/image.h"
#include "display/input.h"
#include "tests/unit/devices/virtio/fake_ring.h"
#include "tests/unit/devices/virtio/fake_transport.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/mem/guest_mem.h"

#define RINGS_GPA      0x10000u
#define COMMAND_GPA    0x80000u
#define RESPONSE_GPA   0x90000u
#define RESPONSE_BYTES 2048u
#define RING_SIZE      16u
#define WORDS_MAX      64u
#define MEMORY_MAX     (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest_mem *mem;
static struct loop *loop;
static struct display *display;
static struct display_viewer viewer;
static struct gpu *gpu;
static struct fake_ring rings[GPU_QUEUES];

struct input_bytes {
	const uint8_t *data;
	size_t size;
};

static uint8_t next(struct input_bytes *in)
{
	if (!in->size) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

/* Small numbers are likely to mean something; large ones to break something. */
static uint32_t next_word(struct input_bytes *in)
{
	static const uint32_t LARGE[] = { 256,	      4096,	  0x10000,	  0x100000,
					  0x00fff000, 0x3fff,	  0x4001,	  0x40000000,
					  0x7fffffff, 0x80000000, UINT32_MAX - 3, UINT32_MAX };
	const uint8_t byte = next(in);

	return byte < 200 ? byte : LARGE[byte % ARRAY_SIZE(LARGE)];
}

static void ignore_wake(void *arg, unsigned scanout)
{
	(void)arg;
	(void)scanout;
}

static void make_card(void)
{
	const struct device_type *type = &virtio_gpu_type;
	void *options = calloc(1, type->options_size);
	struct device_env env = { .id = "gpu0" };

	if (guest_mem_create(NULL, GUEST_MEM_MIN_BYTES, &mem, NULL) < 0 ||
	    loop_create("fuzz", &loop) < 0 || display_create(2, &display) < 0) {
		abort();
	}
	env.mem = mem;
	env.loop = loop;
	env.display = display;
	gpu = calloc(1, type->state_size);
	if (!gpu ||
	    options_parse(&type->options, "scanouts=2,memory=4M,boot-screen=off", options, NULL) <
		    0 ||
	    type->init(gpu, &env, options, NULL) < 0) {
		abort();
	}
	options_finish(&type->options, options);
	free(options);
	viewer = (struct display_viewer){ .name = "fuzz", .wake = ignore_wake, .sets_pace = true };
	if (display_add_viewer(display, &viewer) < 0) {
		abort();
	}
	log_set_level(LOG_LEVEL_ERROR);
}

static uint32_t next_type(struct input_bytes *in)
{
	static const uint32_t TYPES[] = {
		VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
		VIRTIO_GPU_CMD_RESOURCE_UNREF,
		VIRTIO_GPU_CMD_SET_SCANOUT,
		VIRTIO_GPU_CMD_RESOURCE_FLUSH,
		VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
		VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
		VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
		VIRTIO_GPU_CMD_GET_EDID,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
		VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
		VIRTIO_GPU_CMD_UPDATE_CURSOR,
		VIRTIO_GPU_CMD_MOVE_CURSOR,
		VIRTIO_GPU_CMD_CTX_CREATE,
	};

	return TYPES[next(in) % ARRAY_SIZE(TYPES)];
}

/* The bytes of a flags byte: bit 0 fence, bit 1 queue, bits 2 to 7 the length in words. */
static void run_command(struct input_bytes *in)
{
	uint32_t *words = guest_mem_slice(mem, COMMAND_GPA, WORDS_MAX * 4);
	struct virtio_gpu_ctrl_hdr header = { .type = next_type(in) };
	const uint8_t flags = next(in);
	const unsigned queue = flags >> 1 & 1;
	const unsigned count = flags >> 2;
	const struct fake_buffer buffers[] = {
		{ COMMAND_GPA, (uint32_t)sizeof(header) + count * 4, false },
		{ RESPONSE_GPA, RESPONSE_BYTES, true },
	};

	header.flags = flags & VIRTIO_GPU_FLAG_FENCE;
	memset(words, 0, WORDS_MAX * 4);
	memcpy(words, &header, sizeof(header));
	for (unsigned i = 0; i < count && i + sizeof(header) / 4 < WORDS_MAX; i++) {
		words[sizeof(header) / 4 + i] = next_word(in);
	}
	(void)fake_ring_add(&rings[queue], buffers, 2);
	gpu->device.type->on_notify(&gpu->device, queue);
}

static void look(unsigned scanout)
{
	struct image *image;
	struct display_frame frame;

	if (display_take(display, &viewer, scanout, &frame)) {
		display_frame_done(display, &viewer, scanout, &frame, 1);
	}
	if (display_capture(display, scanout, true, &image) == 0) {
		free(image);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_bytes in = { data, size };

	if (!gpu) {
		make_card();
	}
	for (unsigned i = 0; i < GPU_QUEUES; i++) {
		fake_ring_init(&rings[i], mem, RINGS_GPA + i * FAKE_RING_BYTES, RING_SIZE);
	}
	fake_transport_start(mem, UINT64_MAX, rings);
	for (unsigned i = 0; i < 200 && in.size > 0; i++) {
		run_command(&in);
		if (i % 8 == 7) {
			look(i / 8 % 2);
		}
	}
	look(0);
	virtio_gpu_type.quiesce(gpu);
	assert(list_is_empty(&gpu->waits) && gpu->memory_used <= MEMORY_MAX);
	virtio_gpu_type.reset(gpu);
	assert(gpu->resource_count == 0 && gpu->memory_used == 0);
	return 0;
}
