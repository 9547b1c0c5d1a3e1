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

#include "tests/unit/devices/virtio/fake_gpu.h"

#define OK	      VIRTIO_GPU_RESP_OK_NODATA
#define UNSPEC	      VIRTIO_GPU_RESP_ERR_UNSPEC
#define BAD_SCANOUT   VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define BAD_RESOURCE  VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BGRX	      VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define SIDE	      64u
#define BYTES	      (SIDE * SIDE * 4)
#define PAGE	      4096u

static struct fake_gpu gpu;
static const struct rect whole = { 0, 0, SIDE, SIDE };

static void set_up(void)
{
	fake_gpu_init(&gpu, "scanouts=2,boot-screen=off", FAKE_GPU_FEATURES);
}

static void tear_down(void)
{
	fake_gpu_finish(&gpu);
}

TestSuite(gpu_blob, .init = set_up, .fini = tear_down, .timeout = 20);

static bool is_blank(unsigned scanout)
{
	uint32_t width, height;

	display_picture_size(gpu.display, scanout, &width, &height);
	return width == 0;
}

Test(gpu_blob, a_blob_is_shown_where_it_lies)
{
	const uint64_t gpa = fake_gpu_make_pixels(&gpu, BYTES);
	uint32_t *pixels = fake_driver_at(&gpu.driver, gpa, BYTES);
	const struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);

	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, BYTES, gpa, BYTES), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 5, 0), 6));
	pixels[5] = 0x123456;
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 5, 0), 0x123456), "no copy");
	cr_assert(eq(u32, fake_gpu_transfer(&gpu, 1, whole, 0), OK), "nothing to do");
}

Test(gpu_blob, a_blob_has_stride_and_offset)
{
	const uint64_t gpa = fake_gpu_make_pixels(&gpu, BYTES);
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, 8, 4);

	c.strides[0] = SIDE * 4;
	c.offsets[0] = 400;
	c.r = (struct virtio_gpu_rect){ 2, 1, 6, 3 };
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, BYTES, gpa, BYTES), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 100 + SIDE + 2 + 1));
}

Test(gpu_blob, create_blob_refuses_what_cannot_be)
{
	const uint64_t gpa = fake_gpu_make_pixels(&gpu, PAGE);
	const struct virtio_gpu_resource_create_blob host = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
		.resource_id = 1,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_HOST3D,
		.size = PAGE,
	};
	struct virtio_gpu_resource_create_blob flags = host;

	flags.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST;
	flags.blob_flags = 8;
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 0, PAGE, gpa, PAGE), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, 0, gpa, PAGE), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, PAGE + 1, gpa, PAGE), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, UINT64_MAX, gpa, PAGE), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, PAGE, FAKE_MEMORY_BYTES, PAGE),
		     BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &host, sizeof(host)), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &flags, sizeof(flags)), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, PAGE, gpa, PAGE), OK), "nothing was left");
}

Test(gpu_blob, set_scanout_blob_refuses_what_cannot_be)
{
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);

	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, BGRX, SIDE, SIDE), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_RESOURCE), "not a blob");
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), OK));
	cr_assert(eq(u32,
		     fake_gpu_create_blob(&gpu, 1, BYTES, fake_gpu_make_pixels(&gpu, BYTES), BYTES),
		     OK));
	c.strides[0] = SIDE * 4 - 1;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER), "short rows");
	c.strides[0] = UINT32_MAX;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER), "long rows");
	c.strides[0] = SIDE * 4;
	c.offsets[0] = 4;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER), "beyond its end");
	c.offsets[0] = 0;
	c.width = UINT32_MAX;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER));
	c.width = SIDE;
	c.format = 99;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER), "format");
	c.format = BGRX;
	c.r.x = 1;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_PARAMETER), "part");
	c.r.x = 0;
	c.scanout_id = 2;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), BAD_SCANOUT));
	c.scanout_id = 0;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	c.resource_id = 0;
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	cr_assert(is_blank(0));
}

Test(gpu_blob, a_blob_without_backing_goes_blank_and_comes_back)
{
	const uint64_t gpa = fake_gpu_make_pixels(&gpu, BYTES);
	const struct virtio_gpu_mem_entry entry = { .addr = gpa, .length = BYTES };
	const struct virtio_gpu_mem_entry short_entry = { .addr = gpa, .length = BYTES - 4 };
	const struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);

	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, BYTES, gpa, BYTES), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	cr_assert(eq(u32, fake_gpu_detach(&gpu, 1), OK));
	cr_assert(is_blank(0));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), UNSPEC));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, &short_entry, 1), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_attach(&gpu, 1, &entry, 1), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 5, 0), 6));
}

/* Two scanouts of one blob in two layouts, then neither may see its memory any more. */
Test(gpu_blob, layouts_of_a_blob_are_apart)
{
	const struct virtio_gpu_set_scanout_blob wide = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);
	const struct virtio_gpu_set_scanout_blob tall = fake_gpu_blob_scanout(1, 1, SIDE / 2, SIDE);

	cr_assert(eq(u32,
		     fake_gpu_create_blob(&gpu, 1, BYTES, fake_gpu_make_pixels(&gpu, BYTES), BYTES),
		     OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &wide), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &tall), OK));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 1), SIDE + 1));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 1, 0, 1), SIDE / 2 + 1));
	cr_assert(eq(u32, fake_gpu_unref(&gpu, 1), OK));
	cr_assert(is_blank(0));
	cr_assert(is_blank(1));
}
