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
#include "vmm/base/clock.h"

#define OK	      VIRTIO_GPU_RESP_OK_NODATA
#define BAD_RESOURCE  VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define SIDE	      64u
#define BYTES	      (SIDE * SIDE * 4)
#define MS	      UINT64_C(1000000)
#define PATIENCE_NS   (100 * MS)
#define FENCE	      7

static struct fake_gpu gpu;
static const struct rect whole = { 0, 0, SIDE, SIDE };

/* Somebody who watches, in this thread. */
static struct display_viewer viewer;
static unsigned wakes;

static void count_wake(void *arg, unsigned scanout)
{
	(void)arg;
	(void)scanout;
	wakes++;
}

static void watch(bool sets_pace)
{
	viewer = (struct display_viewer){ .name = "test",
					  .wake = count_wake,
					  .sets_pace = sets_pace };
	wakes = 0;
	cr_assert(zero(int, display_add_viewer(gpu.display, &viewer)));
}

/* Takes what is new and gives the pixels back; returns what was damaged. */
static struct damage look(unsigned scanout)
{
	struct display_frame frame;

	cr_assert(display_take(gpu.display, &viewer, scanout, &frame));
	display_frame_done(gpu.display, &viewer, scanout, &frame, clock_now_ns());
	return frame.damage;
}

/* Resource 1, a blob, on scanout 0. */
static void set_up(void)
{
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);
	uint64_t gpa;

	fake_gpu_init(&gpu, "scanouts=2,boot-screen=off", FAKE_GPU_FEATURES);
	gpa = fake_driver_alloc(&gpu.driver, BYTES);
	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 1, BYTES, gpa, BYTES), OK));
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
}

static void tear_down(void)
{
	if (viewer.name) {
		display_remove_viewer(gpu.display, &viewer);
	}
	fake_gpu_finish(&gpu);
}

TestSuite(gpu_flush, .init = set_up, .fini = tear_down, .timeout = 20);

/* Whether the card has answered another chain; its head. */
static bool take_answer(uint32_t *head)
{
	uint32_t written;

	fake_machine_run(&gpu.machine);
	return fake_ring_take(&gpu.driver.rings[0], head, &written);
}

static void wait_for_answer(uint16_t head)
{
	uint32_t answered = UINT32_MAX;

	while (!take_answer(&answered)) {
	}
	cr_assert(eq(u32, answered, head));
}

/* --- errors and damage ----------------------------------------------------------------------- */

Test(gpu_flush, refuses_what_cannot_be)
{
	const struct rect outside = { 1, 0, 1, 1 };
	const struct rect wraps = { UINT32_MAX, 0, UINT32_MAX, 1 };

	cr_assert(eq(u32, fake_gpu_flush(&gpu, 9, whole), BAD_RESOURCE));
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 1, wraps), BAD_PARAMETER));
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 1, 1), OK));
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 2, outside), BAD_PARAMETER));
}

Test(gpu_flush, damage_is_in_the_pictures_coordinates)
{
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);
	const struct rect changed = { 8, 0, 10, 20 };
	struct damage damage;

	c.r = (struct virtio_gpu_rect){ 10, 10, 30, 30 };
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	watch(false);
	(void)look(0);
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 1, changed), OK));
	damage = look(0);
	cr_assert(eq(sz, damage.count, 1));
	cr_assert(eq(u32, damage.rects[0].x, 0));
	cr_assert(eq(u32, damage.rects[0].y, 0));
	cr_assert(eq(u32, damage.rects[0].width, 8));
	cr_assert(eq(u32, damage.rects[0].height, 10));
}

Test(gpu_flush, what_is_not_shown_damages_nothing)
{
	struct display_frame frame;
	const struct rect changed = { 0, 0, 5, 5 };
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 1, SIDE, SIDE);

	c.r = (struct virtio_gpu_rect){ 10, 10, 30, 30 };
	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	watch(false);
	(void)look(0);
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 1, changed), OK));
	cr_assert(not(display_take(gpu.display, &viewer, 0, &frame)));
}

/* A page flip: the viewer has to copy once, not for the scanout and again for the flush. */
Test(gpu_flush, a_flip_is_one_change)
{
	const uint64_t gpa = fake_driver_alloc(&gpu.driver, BYTES);
	const struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(0, 2, SIDE, SIDE);
	const struct virtio_gpu_resource_flush flush = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
		.r = { 0, 0, SIDE, SIDE },
		.resource_id = 2,
	};
	struct display_stats stats;
	struct display_frame frame;

	cr_assert(eq(u32, fake_gpu_create_blob(&gpu, 2, BYTES, gpa, BYTES), OK));
	watch(true);
	(void)look(0);
	wakes = 0;
	(void)fake_gpu_queue(&gpu, 0, &c, sizeof(c));
	(void)fake_gpu_queue(&gpu, 0, &flush, sizeof(flush));
	fake_driver_kick(&gpu.driver, 0);
	cr_assert(eq(uint, wakes, 1));
	(void)look(0);
	cr_assert(not(display_take(gpu.display, &viewer, 0, &frame)));
	display_stats(gpu.display, 0, &stats);
	cr_assert(eq(u64, stats.flushes, 1));
}

/* --- fences ---------------------------------------------------------------------------------- */

Test(gpu_flush, without_fence_the_answer_comes_at_once)
{
	watch(true);
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 1, whole), OK));
}

Test(gpu_flush, the_fence_waits_until_the_pixels_are_taken)
{
	uint32_t head;

	watch(true);
	(void)look(0);
	const uint16_t flush = fake_gpu_queue_flush(&gpu, 1, whole, FENCE);

	cr_assert(not(take_answer(&head)));
	(void)look(0);
	cr_assert(take_answer(&head));
	cr_assert(eq(u32, head, flush));
	const struct virtio_gpu_ctrl_hdr *answer = fake_gpu_response(&gpu);
	cr_assert(eq(u32, answer->type, OK));
	cr_assert(eq(u64, answer->fence_id, FENCE));
}

Test(gpu_flush, other_commands_overtake_a_fence_that_waits)
{
	const struct virtio_gpu_ctrl_hdr c = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };

	watch(true);
	(void)look(0);
	const uint16_t flush = fake_gpu_queue_flush(&gpu, 1, whole, FENCE);

	cr_assert(eq(u32, fake_gpu_send(&gpu, 0, &c, sizeof(c)), VIRTIO_GPU_RESP_OK_DISPLAY_INFO));
	(void)look(0);
	wait_for_answer(flush);
}

Test(gpu_flush, a_viewer_that_hangs_is_not_waited_for_longer)
{
	uint64_t start_ns;

	watch(true);
	start_ns = clock_now_ns();
	wait_for_answer(fake_gpu_queue_flush(&gpu, 1, whole, FENCE));
	cr_assert(ge(u64, clock_now_ns() - start_ns, PATIENCE_NS));
	(void)look(0); /* too late, and nobody's business any more */
	fake_machine_run(&gpu.machine);
}

/* At 10 Hz the tick is far enough from both the start and the end of patience to be told apart. */
Test(gpu_flush, an_unwatched_guest_is_paced_by_the_monitors_refresh)
{
	const struct display_mode slow = {
		.is_connected = true, .width = SIDE, .height = SIDE, .refresh_mhz = 10000
	};
	uint64_t first_ns, second_ns;

	cr_assert(zero(int, display_request_mode(gpu.display, 0, &slow)));
	wait_for_answer(fake_gpu_queue_flush(&gpu, 1, whole, FENCE));
	first_ns = clock_now_ns();
	wait_for_answer(fake_gpu_queue_flush(&gpu, 1, whole, FENCE));
	second_ns = clock_now_ns();
	cr_assert(ge(u64, second_ns - first_ns, 50 * MS));
}

Test(gpu_flush, of_a_resource_not_shown_is_over_at_once)
{
	gpu.fence = FENCE;
	cr_assert(eq(u32, fake_gpu_create_2d(&gpu, 2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 8, 8), OK));
	cr_assert(eq(u32, fake_gpu_flush(&gpu, 2, (struct rect){ 0, 0, 8, 8 }), OK));
}

Test(gpu_flush, of_two_scanouts_waits_for_both)
{
	struct virtio_gpu_set_scanout_blob c = fake_gpu_blob_scanout(1, 1, SIDE, SIDE);
	uint32_t head;

	cr_assert(eq(u32, fake_gpu_set_scanout_blob(&gpu, &c), OK));
	watch(true);
	(void)look(0);
	(void)look(1);
	const uint16_t flush = fake_gpu_queue_flush(&gpu, 1, whole, FENCE);

	(void)look(1);
	cr_assert(not(take_answer(&head)));
	(void)look(0);
	wait_for_answer(flush);
}

Test(gpu_flush, a_viewer_that_goes_ends_the_wait)
{
	watch(true);
	(void)look(0);
	const uint16_t flush = fake_gpu_queue_flush(&gpu, 1, whole, FENCE);

	display_remove_viewer(gpu.display, &viewer);
	viewer.name = NULL;
	wait_for_answer(flush);
}

/* --- ends ------------------------------------------------------------------------------------ */

Test(gpu_flush, quiesce_answers_what_waits)
{
	uint32_t head, written;

	watch(true);
	(void)look(0);
	const uint16_t flush = fake_gpu_queue_flush(&gpu, 1, whole, FENCE);

	virtio_gpu_type.quiesce(gpu.state);
	cr_assert(fake_ring_take(&gpu.driver.rings[0], &head, &written));
	cr_assert(eq(u32, head, flush));
	virtio_gpu_type.resume(gpu.state);
	(void)look(0);
	cr_assert(not(take_answer(&head)), "a second time");
}

Test(gpu_flush, reset_drops_what_waits)
{
	uint32_t head;

	watch(true);
	(void)look(0);
	(void)fake_gpu_queue_flush(&gpu, 1, whole, FENCE);
	virtio_gpu_type.reset(gpu.state);
	(void)look(0);
	cr_assert(not(take_answer(&head)));
}

Test(gpu_flush, more_waits_than_the_queue_has_room_for)
{
	uint32_t head;

	watch(true);
	(void)look(0);
	/* The fake driver uses its buffers again without waiting for answers. */
	for (unsigned i = 0; i < 300; i++) {
		(void)fake_gpu_queue_flush(&gpu, 1, whole, FENCE);
	}
	(void)look(0);
	for (unsigned i = 0; i < 300; i++) {
		cr_assert(take_answer(&head));
	}
}
