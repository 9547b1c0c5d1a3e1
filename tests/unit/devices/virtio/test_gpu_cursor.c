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
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/virtio/gpu.h"
#include "tests/unit/devices/virtio/fake_gpu.h"

#define OK	      VIRTIO_GPU_RESP_OK_NODATA
#define BAD_RESOURCE  VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define SIDE	      64u
#define BYTES	      (SIDE * SIDE * 4)

static struct fake_gpu gpu;

static void set_up(void)
{
	fake_gpu_init(&gpu, "scanouts=2,boot-screen=off", FAKE_GPU_FEATURES);
}

static void tear_down(void)
{
	fake_gpu_finish(&gpu);
}

TestSuite(gpu_cursor, .init = set_up, .fini = tear_down, .timeout = 20);

static struct display_viewer viewer;

static void ignore_wake(void *arg, unsigned scanout)
{
	(void)arg;
	(void)scanout;
}

static uint32_t update_cursor(uint32_t id, uint32_t scanout, int32_t x, int32_t y)
{
	const struct virtio_gpu_update_cursor c = {
		.hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR,
		.pos = { .scanout_id = scanout, .x = (uint32_t)x, .y = (uint32_t)y },
		.resource_id = id,
		.hot_x = 5,
		.hot_y = 9,
	};

	return fake_gpu_send(&gpu, 1, &c, sizeof(c));
}

/* Resource 2, a blob of one colour as drivers send them. */
static void make_cursor(uint32_t pixel)
{
	const uint64_t gpa = fake_driver_alloc(&gpu.driver, BYTES);
	uint32_t *pixels = fake_driver_at(&gpu.driver, gpa, BYTES);

	for (unsigned i = 0; i < SIDE * SIDE; i++) {
		pixels[i] = pixel;
	}
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 2, BYTES, gpa, BYTES), OK));
}

/* What a viewer gets of the cursor now. */
static struct display_frame look_for_cursor(void)
{
	struct display_frame frame;

	viewer = (struct display_viewer){ .name = "test", .wake = ignore_wake };
	cr_assert(zero(int, display_add_viewer(gpu.display, &viewer)));
	cr_assert(display_take(gpu.display, &viewer, 0, &frame));
	return frame;
}

static void look_away(struct display_frame *frame)
{
	display_frame_done(gpu.display, &viewer, 0, frame, 0);
	display_remove_viewer(gpu.display, &viewer);
}

Test(gpu_cursor, a_cursor_has_its_hot_spot)
{
	struct display_frame frame;

	make_cursor(0xff112233);
	cr_assert(eq(u32, update_cursor(2, 0, -3, 20), OK));
	frame = look_for_cursor();
	cr_assert(ne(ptr, frame.cursor, NULL));
	cr_assert(eq(u32, frame.cursor->hot_x, 5));
	cr_assert(eq(u32, frame.cursor->pixels[70], 0xff112233));
	cr_assert(eq(i32, frame.cursor_x, 2), "its corner is outside");
	cr_assert(eq(i32, frame.cursor_y, 29));
	look_away(&frame);
}

Test(gpu_cursor, a_cursor_moves_and_goes)
{
	const struct virtio_gpu_update_cursor c = { .hdr.type = VIRTIO_GPU_CMD_MOVE_CURSOR,
						    .pos = { .x = 100, .y = 50 } };
	struct display_frame frame;

	make_cursor(0xff112233);
	cr_assert(eq(u32, update_cursor(2, 0, 0, 0), OK));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 1, &c, sizeof(c)), OK));
	frame = look_for_cursor();
	cr_assert(eq(i32, frame.cursor_x, 105));
	cr_assert(eq(i32, frame.cursor_y, 59));
	display_frame_done(gpu.display, &viewer, 0, &frame, 0);
	cr_assert(eq(u32, update_cursor(0, 0, 0, 0), OK));
	cr_assert(display_take(gpu.display, &viewer, 0, &frame));
	cr_assert(eq(ptr, frame.cursor, NULL));
	look_away(&frame);
}

/* A pixel of a cursor that has no other, as viewers get it. */
static uint32_t pixel_of_cursor(uint32_t sent)
{
	struct display_frame frame;
	uint32_t pixel;

	make_cursor(sent);
	cr_assert(eq(u32, update_cursor(2, 0, 0, 0), OK));
	frame = look_for_cursor();
	pixel = frame.cursor->pixels[0];
	look_away(&frame);
	return pixel;
}

/* Half of white, as Linux sends it. */
Test(gpu_cursor, alpha_of_a_cursor_becomes_straight)
{
	cr_assert(eq(u32, pixel_of_cursor(0x80808080), 0x80ffffff));
}

Test(gpu_cursor, straight_alpha_of_a_cursor_stays)
{
	cr_assert(eq(u32, pixel_of_cursor(0x80c08080), 0x80c08080));
}

Test(gpu_cursor, a_cursor_in_host_memory)
{
	struct display_frame frame;
	const struct virtio_gpu_mem_entry entry = { .addr = fake_driver_alloc(&gpu.driver, BYTES),
						    .length = BYTES };
	uint32_t *pixels = fake_driver_at(&gpu.driver, entry.addr, BYTES);

	pixels[0] = 0xff332211; /* red 0x11 */
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, SIDE, SIDE),
		     OK));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 2, &entry, 1), OK));
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 2, (struct rect){ 0, 0, SIDE, SIDE }, 0), OK));
	cr_assert(eq(u32, update_cursor(2, 0, 0, 0), OK));
	frame = look_for_cursor();
	cr_assert(eq(u32, frame.cursor->pixels[0], 0xff112233));
	look_away(&frame);
}

Test(gpu_cursor, cursors_refuse_what_cannot_be)
{
	const struct virtio_gpu_update_cursor move = { .hdr.type = VIRTIO_GPU_CMD_MOVE_CURSOR,
						       .pos.scanout_id = 2 };
	const uint64_t gpa = fake_driver_alloc(&gpu.driver, 4096);

	cr_assert(eq(u32, update_cursor(2, 0, 0, 0), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 2, 4096, gpa, 4096), OK));
	cr_assert(eq(u32, update_cursor(2, 0, 0, 0), BAD_PARAMETER), "too small");
	cr_assert(
		eq(u32, fake_gpu_create_2d(&gpu, 3, VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 32, 64), OK));
	cr_assert(eq(u32, update_cursor(3, 0, 0, 0), BAD_PARAMETER), "another size");
	cr_assert(eq(u32, update_cursor(0, 2, 0, 0), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 1, &move, sizeof(move)),
		     VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID));
}
