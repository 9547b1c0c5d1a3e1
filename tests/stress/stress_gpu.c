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
/*
 * A driver that shows blobs, flushes with fences, takes memory away and resets the card, often in
 * the middle of a flush, while a viewer comes, takes frames, hides and goes, and wishes other
 * modes. Every fence that the driver waits for must come, and nobody may read what was taken away.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "devices/virtio/gpu.h"
#include "tests/unit/devices/virtio/fake_gpu.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define RUN_NS	    UINT64_C(2000000000)
#define PATIENCE_NS UINT64_C(10000000000)
#define SIDE	    64u
#define BYTES	    (SIDE * SIDE * 4)
#define FLUSHES	    5u

static struct fake_gpu gpu;
static atomic_bool ending;
static atomic_ulong flushed, restarts, frames;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_gpu: %s\n", text);
	abort();
}

/* --- the driver ------------------------------------------------------------------------------ */

static void ring_doorbell(void)
{
	fake_driver_write(&gpu.driver, gpu.driver.notify, 2, 0);
}

static void wait_for(unsigned count)
{
	const uint64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	uint32_t head, written;

	while (count > 0) {
		count -= fake_ring_take(&gpu.driver.rings[0], &head, &written);
		if (clock_now_ns() > deadline_ns) {
			fail("commands did not come back");
		}
	}
}

static void show_blob(uint32_t id, uint64_t gpa)
{
	const struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry;
	} blob = {
		.create = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
			    .resource_id = id,
			    .blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
			    .nr_entries = 1,
			    .size = BYTES },
		.entry = { .addr = gpa, .length = BYTES },
	};
	const struct virtio_gpu_set_scanout_blob set =
		fake_gpu_blob_scanout(id % 2, id, SIDE, SIDE);

	(void)fake_gpu_queue(&gpu, 0, &blob, sizeof(blob));
	(void)fake_gpu_queue(&gpu, 0, &set, sizeof(set));
}

static void queue_flushes(uint32_t id)
{
	const struct virtio_gpu_resource_flush flush = {
		.hdr = { .type = VIRTIO_GPU_CMD_RESOURCE_FLUSH, .flags = VIRTIO_GPU_FLAG_FENCE },
		.r = { 0, 0, SIDE, SIDE },
		.resource_id = id,
	};

	for (unsigned i = 0; i < FLUSHES; i++) {
		(void)fake_gpu_queue(&gpu, 0, &flush, sizeof(flush));
	}
	ring_doorbell();
}

static void drop_blob(uint32_t id)
{
	const struct virtio_gpu_resource_unref unref = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF,
		.resource_id = id,
	};

	(void)fake_gpu_queue(&gpu, 0, &unref, sizeof(unref));
	ring_doorbell();
}

static void *drive(void *arg UNUSED)
{
	const uint64_t gpa = fake_driver_alloc(&gpu.driver, BYTES);

	for (uint32_t round = 0; !atomic_load(&ending); round++) {
		fake_driver_start(&gpu.driver, FAKE_GPU_FEATURES, 0);
		for (uint32_t id = 1; id <= round % 3; id++) {
			show_blob(id, gpa);
			queue_flushes(id);
			drop_blob(id);
			wait_for(FLUSHES + 3);
			atomic_fetch_add(&flushed, FLUSHES);
		}
		show_blob(9, gpa);
		queue_flushes(9); /* and away */
		fake_driver_reset(&gpu.driver);
		atomic_fetch_add(&restarts, 1);
	}
	return NULL;
}

/* --- the viewer ------------------------------------------------------------------------------ */

static struct display_viewer viewer;

static void ignore_wake(void *arg UNUSED, unsigned scanout UNUSED)
{
}

static void look(unsigned scanout)
{
	static uint32_t pixels[SIDE * SIDE];
	struct display_frame frame;
	struct rect part;

	if (!display_take(gpu.display, &viewer, scanout, &frame)) {
		return;
	}
	part = (struct rect){ 0, 0, MIN(frame.part.width, SIDE), MIN(frame.part.height, SIDE) };
	display_frame_read(&frame, &part, pixels, sizeof(uint32_t) * SIDE);
	display_frame_taken(gpu.display, &viewer, scanout, &frame);
	display_frame_done(gpu.display, &viewer, scanout, &frame, clock_now_ns());
	atomic_fetch_add(&frames, 1);
}

static void wish_mode(unsigned round)
{
	const struct display_mode mode = {
		.is_connected = true, .width = 640 + round % 2, .height = 480, .refresh_mhz = 500000
	};

	(void)display_request_mode(gpu.display, round % 2, &mode);
}

static void *watch(void *arg UNUSED)
{
	for (unsigned round = 0; !atomic_load(&ending); round++) {
		viewer = (struct display_viewer){ .name = "stress",
						  .wake = ignore_wake,
						  .sets_pace = true };
		if (display_add_viewer(gpu.display, &viewer) < 0) {
			fail("the viewer is refused");
		}
		for (unsigned i = 0; i < 50; i++) {
			look(i % 2);
		}
		display_set_hidden(gpu.display, &viewer, 1, true);
		look(0);
		wish_mode(round);
		display_remove_viewer(gpu.display, &viewer);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	const struct timespec run = { .tv_sec = RUN_NS / 1000000000 };

	fake_gpu_init(&gpu, "scanouts=2", FAKE_GPU_FEATURES);
	if (loop_start(gpu.machine.loop) < 0 ||
	    thread_start(&threads[0], "driver", drive, NULL) < 0 ||
	    thread_start(&threads[1], "viewer", watch, NULL) < 0) {
		fail("no threads");
	}
	(void)nanosleep(&run, NULL);
	atomic_store(&ending, true);
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	fake_gpu_finish(&gpu);
	printf("%lu flushes, %lu restarts, %lu frames\n", flushed, restarts, frames);
	return 0;
}
