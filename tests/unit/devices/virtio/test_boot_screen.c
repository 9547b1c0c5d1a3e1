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
#include "devices/virtio/boot_screen.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "devices/pci/pci.h"
#include "devices/virtio/gpu.h"
#include "tests/unit/devices/virtio/fake_gpu.h"
#include "vmm/boot/boot.h"

#define OK	  VIRTIO_GPU_RESP_OK_NODATA
#define SIDE	  64u
#define BDF	  (1u << 3) /* slot 1 */
#define BAR	  (PCI_BASE_ADDRESS_0 + 2 * 4)
#define ELSEWHERE 0xd0000000u

static struct fake_gpu gpu;
static struct display_viewer viewer;
static uint64_t address;

static void set_up(void)
{
	struct boot_framebuffer framebuffer;

	fake_gpu_init(&gpu, "", FAKE_GPU_FEATURES);
	cr_assert(virtio_gpu_boot_framebuffer(gpu.state, &framebuffer));
	address = framebuffer.gpa;
}

static void tear_down(void)
{
	if (viewer.name) {
		display_remove_viewer(gpu.display, &viewer);
	}
	fake_gpu_finish(&gpu);
}

TestSuite(boot_screen, .init = set_up, .fini = tear_down, .timeout = 20);
TestSuite(boot_screen_off, .fini = tear_down, .timeout = 20);

static uint32_t read_config(unsigned offset, unsigned size)
{
	return pci_config_read(gpu.machine.pci, BDF, offset, size);
}

static void draw(uint32_t x, uint32_t y, uint32_t pixel)
{
	fake_driver_write(&gpu.driver, address + y * BOOT_SCREEN_STRIDE + x * 4, 4, pixel);
}

static void ignore_wake(void *arg, unsigned scanout)
{
	(void)arg;
	(void)scanout;
}

static void watch(void)
{
	viewer = (struct display_viewer){ .name = "test", .wake = ignore_wake };
	cr_assert(zero(int, display_add_viewer(gpu.display, &viewer)));
}

static bool look(void)
{
	struct display_frame frame;
	const bool is_new = display_take(gpu.display, &viewer, 0, &frame);

	if (is_new) {
		display_frame_done(gpu.display, &viewer, 0, &frame, 1);
	}
	return is_new;
}

static void expect_size(uint32_t expected_width, uint32_t expected_height)
{
	uint32_t width, height;

	display_picture_size(gpu.display, 0, &width, &height);
	cr_assert(eq(u32, width, expected_width));
	cr_assert(eq(u32, height, expected_height));
}

/* A resource of the driver's on scanout 0. */
static void take_over(void)
{
	const struct rect whole = { 0, 0, SIDE, SIDE };

	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, SIDE, SIDE),
		     OK));
	cr_assert(eq(u32, fake_gpu_set_scanout(&gpu, 0, 1, whole), OK));
}

Test(boot_screen, is_a_bar_of_a_vga_card)
{
	cr_assert(eq(u32, read_config(PCI_CLASS_REVISION, 4) >> 8, 0x030000));
	cr_assert(eq(u32, read_config(BAR, 4), address | PCI_BASE_ADDRESS_MEM_PREFETCH));
	cr_assert(ge(u64, BOOT_SCREEN_BYTES, (uint64_t)BOOT_SCREEN_STRIDE * BOOT_SCREEN_HEIGHT));
}

Test(boot_screen, shows_what_is_drawn)
{
	expect_size(BOOT_SCREEN_WIDTH, BOOT_SCREEN_HEIGHT);
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 0, 0)));
	draw(3, 2, 0x112233);
	draw(BOOT_SCREEN_WIDTH - 1, BOOT_SCREEN_HEIGHT - 1, 0x445566);
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 3, 2), 0x112233));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, BOOT_SCREEN_WIDTH - 1, BOOT_SCREEN_HEIGHT - 1),
		     0x445566));
	cr_assert(eq(u64, fake_driver_read(&gpu.driver, address + 12, 1), 0));
	cr_assert(eq(u64, fake_driver_read(&gpu.driver, address + 2 * BOOT_SCREEN_STRIDE + 12, 2),
		     0x2233));
}

Test(boot_screen, changes_reach_who_watches)
{
	watch();
	cr_assert(look());
	cr_assert(not(look()));
	draw(3, 2, 0x112233);
	while (!look()) {
		fake_machine_run(&gpu.machine);
	}
}

Test(boot_screen, moves_with_its_bar)
{
	draw(0, 0, 1);
	pci_config_write(gpu.machine.pci, BDF, BAR, 4, ELSEWHERE);
	address = ELSEWHERE;
	draw(1, 0, 2);
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 1));
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 1, 0), 2));
}

Test(boot_screen, gives_way_to_the_driver)
{
	struct display_stats stats;

	draw(0, 0, 1);
	take_over();
	expect_size(SIDE, SIDE);
	watch();
	(void)look();
	draw(0, 0, 2);
	fake_machine_run(&gpu.machine);
	display_stats(gpu.display, 0, &stats);
	cr_assert(eq(u64, stats.flushes, 0), "nobody looks for changes");
}

Test(boot_screen, comes_back_with_the_drivers_reset)
{
	draw(0, 0, 7);
	take_over();
	fake_driver_reset(&gpu.driver);
	expect_size(BOOT_SCREEN_WIDTH, BOOT_SCREEN_HEIGHT);
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 7));
	watch();
	(void)look();
	draw(0, 0, 8);
	while (!look()) {
		fake_machine_run(&gpu.machine);
	}
}

Test(boot_screen, is_black_after_the_machines_reset)
{
	draw(0, 0, 7);
	take_over();
	virtio_gpu_type.reset(gpu.state);
	expect_size(BOOT_SCREEN_WIDTH, BOOT_SCREEN_HEIGHT);
	cr_assert(zero(u32, fake_gpu_pixel(&gpu, 0, 0, 0)));
	draw(0, 0, 9);
	cr_assert(eq(u32, fake_gpu_pixel(&gpu, 0, 0, 0), 9));
}

Test(boot_screen_off, has_no_bar)
{
	struct boot_framebuffer framebuffer;

	fake_gpu_init(&gpu, "boot-screen=off", FAKE_GPU_FEATURES);
	cr_assert(eq(u32, read_config(PCI_CLASS_REVISION, 4) >> 8, 0x038000));
	cr_assert(zero(u32, read_config(BAR, 4)));
	cr_assert(not(virtio_gpu_boot_framebuffer(gpu.state, &framebuffer)));
	expect_size(0, 0);
}
