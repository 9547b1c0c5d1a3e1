/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/gpu.c devices/virtio/gpu_backing.c devices/virtio/gpu_commands.c */
/* LINK: devices/virtio/gpu_cursor.c devices/virtio/gpu_flush.c devices/virtio/gpu_lookup.c */
/* LINK: devices/virtio/gpu_resource.c devices/virtio/gpu_scanout.c devices/virtio/edid.c */
/* LINK: display/display.c display/display_viewer.c display/display_stats.c display/cursor.c */
/* LINK: display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c */
/* LINK: devices/virtio/edid_displayid.c devices/virtio/boot_screen.c display/surface.c */
/* LINK: display/damage.c display/rect.c display/input.c display/input_sinks.c */
/* LINK: devices/virtio/virtio.c devices/virtio/virtqueue.c devices/virtio/virtio_pci.c */
/* LINK: devices/virtio/virtio_pci_common.c devices/pci/ devices/legacy/reset_port.c */
/* LINK: vmm/bus/ vmm/mem/ vmm/kvm/ tests/unit/devices/virtio/fake_gpu.c */
/* LINK: tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/gpu.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "tests/unit/devices/virtio/fake_gpu.h"
#include "vmm/base/compiler.h"

#define OK		 VIRTIO_GPU_RESP_OK_NODATA
#define UNSPEC		 VIRTIO_GPU_RESP_ERR_UNSPEC
#define NO_MEMORY	 VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define BAD_SCANOUT	 VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define BAD_RESOURCE	 VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER	 VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BGRX		 VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define SIDE		 64u
#define BYTES		 (SIDE * SIDE * 4)
#define PAGE		 4096u
#define EVENTS_READ	 offsetof(struct virtio_gpu_config, events_read)
#define EVENTS_CLEAR	 offsetof(struct virtio_gpu_config, events_clear)
#define INTERRUPT_CONFIG 2

static struct fake_gpu gpu;

static const struct rect whole = { 0, 0, SIDE, SIDE };
static const struct rect nothing = { 0 };

static void tear_down(void)
{
	fake_gpu_finish(&gpu);
}

static void set_up(void)
{
	fake_gpu_init(&gpu, "scanouts=2,boot-screen=off", FAKE_GPU_FEATURES);
}

TestSuite(gpu, .init = set_up, .fini = tear_down, .timeout = 20);
/* Tests that choose their options. */
TestSuite(gpu_options, .fini = tear_down, .timeout = 20);

/* Resource 1: SIDE × SIDE with backing, in two pieces that are no neighbours. */
static void make_picture(void)
{
	const uint64_t first = fake_gpu_make_pixels(&gpu, BYTES / 2);
	const uint64_t gap = fake_driver_alloc(&gpu.driver, PAGE);
	const uint64_t second = fake_gpu_make_pixels(&gpu, BYTES / 2);
	const struct virtio_gpu_mem_entry entries[] = {
		{ .addr = first, .length = BYTES / 2 },
		{ .addr = second, .length = BYTES / 2 },
	};

	cr_assert(gt(u64, gap, first));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 2), OK));
}

/* --- the device ------------------------------------------------------------------------------ */

Test(gpu, offers_edid_and_blobs)
{
	cr_assert(eq(u64, fake_driver_features(&gpu.driver) & 0x1f, FAKE_GPU_FEATURES));
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, 8, 4), 2), "scanouts");
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, 12, 4), 0), "capability sets");
}

Test(gpu_options, without_a_display_it_is_not_made)
{
	struct device_env env;
	struct error err;
	AUTO_FREE void *other = calloc(1, virtio_gpu_type.state_size);
	AUTO_FREE void *options = calloc(1, virtio_gpu_type.options_size);

	set_up();
	env = gpu.machine.env;
	env.display = NULL;
	cr_assert(zero(int, options_parse(&virtio_gpu_type.options, "", options, &err)));
	cr_assert(eq(int, virtio_gpu_type.init(other, &env, options, &err), -ENODEV));
}

Test(gpu_options, a_second_card_is_refused)
{
	struct error err;
	AUTO_FREE void *other = calloc(1, virtio_gpu_type.state_size);
	AUTO_FREE void *options = calloc(1, virtio_gpu_type.options_size);

	set_up();
	cr_assert(zero(int, options_parse(&virtio_gpu_type.options, "", options, &err)));
	cr_assert(eq(int, virtio_gpu_type.init(other, &gpu.machine.env, options, &err), -EBUSY));
}

Test(gpu, unknown_commands_are_answered)
{
	const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_SUBMIT_3D };

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), UNSPEC));
	cr_assert(eq(u32, gpu.written, sizeof(c)));
}

Test(gpu, commands_of_the_other_queue_are_refused)
{
	const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
	const struct virtio_gpu_update_cursor move = { .hdr.type = VIRTIO_GPU_CMD_MOVE_CURSOR };

	cr_assert(eq(u32, fake_gpu_send(&gpu, 1, &c, sizeof(c)), UNSPEC));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &move, sizeof(move)), UNSPEC));
}

Test(gpu, short_commands_are_refused)
{
	const struct virtio_gpu_resource_create_2d c = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
		.resource_id = 1,
	};

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c) - 4), BAD_PARAMETER));
}

Test(gpu, a_chain_without_a_header_fails_the_device)
{
	const uint32_t type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;

	(void)fake_gpu_queue(&gpu, 0, &type, sizeof(type));
	fake_driver_kick(&gpu.driver, 0);
	cr_assert(ne(u32, fake_driver_status(&gpu.driver) & VIRTIO_CONFIG_S_NEEDS_RESET, 0));
}

Test(gpu, answers_echo_the_fence)
{
	const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
					       .ctx_id = 5 };

	gpu.fence = UINT64_C(0x123456789abc);
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), VIRTIO_GPU_RESP_OK_DISPLAY_INFO));
	cr_assert(eq(u32, gpu.header.flags, VIRTIO_GPU_FLAG_FENCE));
	cr_assert(eq(u64, gpu.header.fence_id, UINT64_C(0x123456789abc)));
	cr_assert(eq(u32, gpu.header.ctx_id, 5));
}

Test(gpu_options, commands_of_features_not_taken_are_refused)
{
	const struct virtio_gpu_cmd_get_edid c = { .hdr.type = VIRTIO_GPU_CMD_GET_EDID };

	fake_gpu_init(&gpu, "boot-screen=off", 0);
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), UNSPEC));
	cr_assert(eq(u32,
		     fake_gpu_create_blob(&gpu, 1, PAGE, fake_gpu_make_pixels(&gpu, PAGE), PAGE),
		     UNSPEC));
}

/* --- monitors -------------------------------------------------------------------------------- */

static const struct virtio_gpu_resp_display_info *get_display_info(void)
{
	const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), VIRTIO_GPU_RESP_OK_DISPLAY_INFO));
	cr_assert(eq(u32, gpu.written, sizeof(struct virtio_gpu_resp_display_info)));
	return fake_gpu_response(&gpu);
}

Test(gpu, display_info_tells_the_monitors_in_a_row)
{
	const struct display_mode second = { .is_connected = true, .width = 800, .height = 600 };
	const struct virtio_gpu_resp_display_info *info = get_display_info();

	cr_assert(eq(u32, info->pmodes[0].enabled, 1));
	cr_assert(eq(u32, info->pmodes[0].r.width, DISPLAY_DEFAULT_WIDTH));
	cr_assert(eq(u32, info->pmodes[1].enabled, 0));
	cr_assert(zero(int, display_request_mode(gpu.display, 1, &second)));
	info = get_display_info();
	cr_assert(eq(u32, info->pmodes[1].enabled, 1));
	cr_assert(eq(u32, info->pmodes[1].r.x, DISPLAY_DEFAULT_WIDTH));
	cr_assert(eq(u32, info->pmodes[1].r.height, 600));
	cr_assert(eq(u32, info->pmodes[2].enabled, 0));
}

Test(gpu, edid_has_the_mode)
{
	const struct virtio_gpu_cmd_get_edid c = { .hdr.type = VIRTIO_GPU_CMD_GET_EDID };
	const struct virtio_gpu_resp_edid *response;

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), VIRTIO_GPU_RESP_OK_EDID));
	response = fake_gpu_response(&gpu);
	cr_assert(eq(u32, gpu.written, sizeof(*response)));
	cr_assert(eq(u32, response->size, 128));
	cr_assert(eq(u8, response->edid[1], 0xff));
	cr_assert(eq(u32, response->edid[56] | (response->edid[58] >> 4) << 8,
		     DISPLAY_DEFAULT_WIDTH));
}

Test(gpu, edid_of_no_scanout_is_refused)
{
	const struct virtio_gpu_cmd_get_edid c = { .hdr.type = VIRTIO_GPU_CMD_GET_EDID,
						   .scanout = 2 };

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), BAD_SCANOUT));
}

Test(gpu, a_new_mode_is_an_event_until_it_is_cleared)
{
	const struct display_mode mode = { .is_connected = true, .width = 800, .height = 600 };

	cr_assert(eq(u64, fake_driver_config(&gpu.driver, EVENTS_READ, 4), 0));
	cr_assert(zero(int, display_request_mode(gpu.display, 0, &mode)));
	fake_machine_run(&gpu.machine);
	cr_assert(eq(u8, fake_driver_take_isr(&gpu.driver), INTERRUPT_CONFIG));
	cr_assert(
		eq(u64, fake_driver_config(&gpu.driver, EVENTS_READ, 4), VIRTIO_GPU_EVENT_DISPLAY));
	fake_driver_set_config(&gpu.driver, EVENTS_CLEAR, 4, VIRTIO_GPU_EVENT_DISPLAY);
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, EVENTS_READ, 4), 0));
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, EVENTS_CLEAR, 4), 0));
}

Test(gpu, the_rest_of_the_configuration_is_read_only)
{
	fake_driver_set_config(&gpu.driver, 8, 4, 16);
	fake_driver_set_config(&gpu.driver, EVENTS_READ, 4, 1);
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, 8, 4), 2));
	cr_assert(eq(u64, fake_driver_config(&gpu.driver, EVENTS_READ, 4), 0));
}

/* --- resources in host memory ---------------------------------------------------------------- */

Test(gpu, create_2d_refuses_what_cannot_be)
{
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 0, BGRX, SIDE, SIDE), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, 5, SIDE, SIDE), BAD_PARAMETER), "format");
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, 0, SIDE), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, 16385, SIDE), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, UINT32_MAX, 2), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), OK));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), BAD_RESOURCE), "twice");
}

Test(gpu_options, host_memory_is_bounded_and_comes_back)
{
	fake_gpu_init(&gpu, "memory=1M,boot-screen=off", FAKE_GPU_FEATURES);
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, 512, 512), OK), "all of it");
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, BGRX, 1, 1), NO_MEMORY));
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), OK));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, BGRX, 512, 512), OK));
}

Test(gpu_options, lists_of_backing_count_as_memory)
{
	struct virtio_gpu_mem_entry entries[11];

	fake_gpu_init(&gpu, "memory=1M,boot-screen=off", FAKE_GPU_FEATURES);
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
		entries[i] = (struct virtio_gpu_mem_entry){ .addr = PAGE, .length = 4 };
	}
	/* All but 512 bytes of the memory. */
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, 512, 511), OK));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, BGRX, 384, 1), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 11), NO_MEMORY));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 10), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 2, entries, 1), NO_MEMORY));
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 2, entries, 1), OK));
}

Test(gpu, resources_are_bounded_in_number)
{
	uint32_t id = 1;

	while (id <= 5000 && fake_gpu_create_2d(&gpu, id, BGRX, 1, 1) == OK) {
		id++;
	}
	cr_assert(eq(u32, id, 4097));
	cr_assert(eq(u32, gpu.header.type, NO_MEMORY));
}

Test(gpu, unref_of_nothing_is_refused)
{
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 0), BAD_RESOURCE));
}

/* --- backing --------------------------------------------------------------------------------- */

Test(gpu, attach_refuses_what_cannot_be)
{
	struct virtio_gpu_mem_entry entries[] = {
		{ .addr = fake_gpu_make_pixels(&gpu, PAGE), .length = PAGE },
		{ .addr = FAKE_MEMORY_BYTES - PAGE, .length = 2 * PAGE },
	};
	const struct virtio_gpu_resource_attach_backing too_many = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
		.resource_id = 1,
		.nr_entries = 65537,
	};

	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 1), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 0), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 2), BAD_PARAMETER), "beyond memory");
	entries[1] = (struct virtio_gpu_mem_entry){ .addr = PAGE, .length = 0 };
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 2), BAD_PARAMETER), "empty");
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &too_many, sizeof(too_many)), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 1), OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, entries, 1), UNSPEC), "twice");
}

Test(gpu, attach_refuses_a_list_shorter_than_told)
{
	const struct {
		struct virtio_gpu_resource_attach_backing attach;
		struct virtio_gpu_mem_entry entry;
	} c = {
		.attach = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
			    .resource_id = 1,
			    .nr_entries = 2 },
		.entry = { .addr = fake_gpu_make_pixels(&gpu, PAGE), .length = PAGE },
	};

	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), OK));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), BAD_PARAMETER));
}

Test(gpu, detach_needs_something_attached)
{
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), BAD_RESOURCE));
	make_picture();
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), OK));
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), UNSPEC));
}

/* --- transfers ------------------------------------------------------------------------------- */

Test(gpu, transfer_brings_the_picture)
{
	make_picture();
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 0, 0)));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 0), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 1));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 3, 2), 2 * SIDE + 4));
	/* The second piece counts from 1 again. */
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 3, SIDE / 2), 4));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, SIDE - 1, SIDE - 1), BYTES / 8));
}

Test(gpu, transfer_of_a_part_leaves_the_rest)
{
	/* Across the seam of the two pieces. */
	const struct rect part = { 10, SIDE / 2 - 1, 4, 2 };
	const uint64_t offset = (part.y * SIDE + part.x) * 4;

	make_picture();
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, part, offset), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 10, SIDE / 2 - 1), part.y * SIDE + 11));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 13, SIDE / 2), 14));
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 9, SIDE / 2)));
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 14, SIDE / 2)));
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 10, SIDE / 2 + 1)));
}

Test(gpu, transfer_refuses_what_cannot_be)
{
	const struct rect right = { SIDE, 0, 1, 1 };
	const struct rect below = { 0, 1, SIDE, SIDE };
	const struct rect wraps = { 8, 0, UINT32_MAX, 1 };

	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 0), BAD_RESOURCE));
	make_picture();
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, right, 0), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, below, 0), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, wraps, 0), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 4), BAD_PARAMETER), "beyond");
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, UINT64_MAX), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, nothing, UINT64_MAX), OK));
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), OK));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 0), UNSPEC), "no backing");
}

/* --- scanouts -------------------------------------------------------------------------------- */

Test(gpu, all_formats_come_out_right)
{
	static const struct {
		uint32_t format, bytes;
	} formats[] = {
		/* Red 0x11, green 0x22, blue 0x33, as bytes in memory. */
		{ VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 0xff112233 },
		{ VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 0x00112233 },
		{ VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, 0x332211ff },
		{ VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, 0x33221100 },
		{ VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, 0xff332211 },
		{ VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, 0x11223300 },
		{ VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, 0x112233ff },
		{ VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, 0x00332211 },
	};
	const struct rect one = { 0, 0, 1, 1 };
	struct virtio_gpu_mem_entry entry = { .addr = fake_gpu_make_pixels(&gpu, PAGE),
					      .length = 4 };
	uint32_t *pixel = fake_driver_at(&gpu.driver, entry.addr, 4);

	for (uint32_t i = 0; i < ARRAY_SIZE(formats); i++) {
		*pixel = formats[i].bytes;
		cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1 + i, formats[i].format, 1, 1), OK));
		cr_assert(eq(u32, fake_gpu_attach(&gpu, 1 + i, &entry, 1), OK));
		cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1 + i, one, 0), OK));
		cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1 + i, one), OK));
		cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 0x112233), "format %u",
			  formats[i].format);
	}
}

Test(gpu, set_scanout_shows_a_part)
{
	const struct rect part = { 8, 16, 20, 10 };
	uint32_t width, height;

	make_picture();
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 0), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 1, 1, part), OK));
	display_picture_size(gpu.display, 1, &width, &height);
	cr_assert(eq(u32, width, 20));
	cr_assert(eq(u32, height, 10));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 1, 1, 2), 18 * SIDE + 10));
	display_picture_size(gpu.display, 0, &width, &height);
	cr_assert(zero(u32, width));
}

Test(gpu, set_scanout_refuses_what_cannot_be)
{
	const struct rect outside = { 1, 0, SIDE, SIDE };

	make_picture();
	cr_assert(eq(u32,
		     fake_gpu_create_blob(&gpu, 2, PAGE, fake_gpu_make_pixels(&gpu, PAGE), PAGE),
		     OK));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 2, 1, whole), BAD_SCANOUT));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 3, whole), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 2, whole), BAD_RESOURCE), "a blob");
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, outside), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, nothing), BAD_PARAMETER));
}

static bool is_blank(unsigned scanout)
{
	uint32_t width, height;

	display_picture_size(gpu.display, scanout, &width, &height);
	return width == 0;
}

Test(gpu, resource_0_blanks)
{
	make_picture();
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
	cr_assert(not(is_blank(0)));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 0, nothing), OK));
	cr_assert(is_blank(0));
}

Test(gpu, unref_blanks_all_that_show_it)
{
	make_picture();
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 1, 1, whole), OK));
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), OK));
	cr_assert(is_blank(0));
	cr_assert(is_blank(1));
}

Test(gpu, reset_blanks_and_forgets)
{
	make_picture();
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
	fake_driver_start(&gpu.driver, FAKE_GPU_FEATURES, 0);
	cr_assert(is_blank(0));
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), BAD_RESOURCE));
}
