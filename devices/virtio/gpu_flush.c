/* SPDX-License-Identifier: MIT */
#include "devices/virtio/gpu_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* A viewer that sets the pace is waited for; one that hangs must not stop the guest. */
#define PATIENCE_NS	UINT64_C(100000000)
#define PICOSECONDS_MHZ UINT64_C(1000000000000)

/* --- answers --------------------------------------------------------------------------------- */

static void arm(struct gpu *gpu)
{
	uint64_t next_ns = UINT64_MAX;
	struct gpu_wait *wait;

	list_for_each (wait, &gpu->waits, struct gpu_wait, node) {
		next_ns = MIN(next_ns, wait->due_ns);
	}
	if (next_ns == UINT64_MAX) {
		loop_timer_disarm(&gpu->wait_timer);
	} else {
		loop_timer_arm(gpu->loop, &gpu->wait_timer, next_ns);
	}
}

static bool is_taken(struct gpu_wait *wait)
{
	struct gpu *gpu = wait->gpu;
	bool taken;

	mutex_lock(&gpu->waits_lock);
	taken = wait->outstanding == 0;
	mutex_unlock(&gpu->waits_lock);
	return taken;
}

/* Takes the parts back from the display; those it is about to call back for are waited for. */
static void withdraw(struct gpu_wait *wait)
{
	struct gpu *gpu = wait->gpu;
	unsigned withdrawn = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(wait->parts); i++) {
		if (wait->parts[i].is_given) {
			withdrawn += display_cancel_flush(gpu->display, &wait->parts[i].flush);
			wait->parts[i].is_given = false;
		}
	}
	mutex_lock(&gpu->waits_lock);
	wait->outstanding -= withdrawn;
	while (wait->outstanding > 0) {
		condition_wait(&gpu->taken, &gpu->waits_lock);
	}
	mutex_unlock(&gpu->waits_lock);
}

static void end(struct gpu_wait *wait, bool answer)
{
	struct gpu *gpu = wait->gpu;

	withdraw(wait);
	if (answer) {
		virtqueue_push(&gpu->device.queues[GPU_CONTROL], wait->head, wait->written);
	}
	list_remove(&wait->node);
	list_append(&gpu->free_waits, &wait->node);
}

/* Answers all that is taken, or due. */
static void answer_ready(void *arg)
{
	struct gpu *gpu = arg;
	const uint64_t now_ns = clock_now_ns();
	struct gpu_wait *wait;

	list_for_each (wait, &gpu->waits, struct gpu_wait, node) {
		if (wait->due_ns <= now_ns || (!wait->is_tick && is_taken(wait))) {
			end(wait, true);
		}
	}
	virtio_signal(&gpu->device, GPU_CONTROL);
	arm(gpu);
}

void gpu_flush_end(struct gpu *gpu, bool answer)
{
	struct gpu_wait *wait;

	list_for_each (wait, &gpu->waits, struct gpu_wait, node) {
		end(wait, answer);
	}
	loop_task_cancel(gpu->loop, &gpu->take_task);
	loop_timer_disarm(&gpu->wait_timer);
	if (answer) {
		virtio_signal(&gpu->device, GPU_CONTROL);
	}
}

/* Under the lock to the end: whoever sees the last part taken may free it all. */
static void on_taken(struct display_flush *flush)
{
	struct gpu_wait *wait = container_of(flush, struct gpu_wait_part, flush)->wait;
	struct gpu *gpu = wait->gpu;

	mutex_lock(&gpu->waits_lock);
	wait->outstanding--;
	condition_wake_all(&gpu->taken);
	loop_post(gpu->loop, &gpu->take_task);
	mutex_unlock(&gpu->waits_lock);
}

/* --- the command ----------------------------------------------------------------------------- */

/* The refresh that an unwatched monitor would have next: a guest that waits for its flushes must
 * not draw faster than anybody could see. */
static uint64_t next_tick_ns(struct gpu *gpu, unsigned scanout)
{
	const struct display_mode mode = display_mode(gpu->display, scanout);
	const uint64_t period_ns =
		PICOSECONDS_MHZ / MAX(mode.refresh_mhz, DISPLAY_DEFAULT_REFRESH_MHZ / 10);

	return (clock_now_ns() / period_ns + 1) * period_ns;
}

/* One that was never used: the pool's pages are touched as they are needed. */
static struct gpu_wait *fresh_wait(struct gpu *gpu)
{
	struct gpu_wait *wait = &gpu->wait_pool[gpu->fresh_waits++];

	wait->gpu = gpu;
	list_init(&wait->node);
	for (unsigned i = 0; i < ARRAY_SIZE(wait->parts); i++) {
		wait->parts[i].wait = wait;
		wait->parts[i].flush.on_taken = on_taken;
	}
	return wait;
}

/* A wait that nobody answers yet, or NULL: then the answer comes at once, too early but no fault of
 * a driver that has no more requests in flight than its queue has room for. */
static struct gpu_wait *take_wait(struct gpu *gpu)
{
	struct gpu_wait *wait = NULL;

	if (!list_is_empty(&gpu->free_waits)) {
		wait = list_entry(gpu->free_waits.next, struct gpu_wait, node);
	} else if (gpu->fresh_waits < ARRAY_SIZE(gpu->wait_pool)) {
		wait = fresh_wait(gpu);
	}
	if (wait) {
		list_remove(&wait->node);
		list_append(&gpu->waits, &wait->node);
		wait->is_tick = true;
		wait->due_ns = 0;
	}
	return wait;
}

/* One scanout's share of a flush; `wait` may be NULL. */
static void flush_scanout(struct gpu *gpu, unsigned index, const struct rect *rect,
			  struct gpu_wait *wait)
{
	struct display_flush *flush = wait ? &wait->parts[index].flush : NULL;
	bool is_given;

	gpu_scanout_show(gpu, index);
	if (!wait) {
		(void)display_flush(gpu->display, index, rect, 1, NULL);
		return;
	}
	/* Before the call: it may be taken before that returns. */
	mutex_lock(&gpu->waits_lock);
	wait->outstanding++;
	mutex_unlock(&gpu->waits_lock);
	is_given = display_flush(gpu->display, index, rect, 1, flush);
	wait->parts[index].is_given = is_given;
	if (is_given) {
		wait->is_tick = false;
		wait->due_ns = clock_now_ns() + PATIENCE_NS;
		return;
	}
	mutex_lock(&gpu->waits_lock);
	wait->outstanding--;
	mutex_unlock(&gpu->waits_lock);
	if (wait->is_tick) {
		wait->due_ns = next_tick_ns(gpu, index);
	}
}

/* From the resource's coordinates to those of the picture; empty: the scanout does not show it. */
static struct rect visible_part(const struct gpu_scanout *scanout, const struct rect *rect)
{
	struct rect part = rect_intersect(&scanout->part, rect);

	part.x -= scanout->part.x;
	part.y -= scanout->part.y;
	return part;
}

uint32_t gpu_resource_flush(struct gpu *gpu, struct gpu_request *r)
{
	const struct virtio_gpu_resource_flush *c = &r->command.flush;
	const struct rect rect = { c->r.x, c->r.y, c->r.width, c->r.height };
	const struct gpu_resource *resource = gpu_resource_find(gpu, c->resource_id);
	struct gpu_wait *wait = NULL;

	if (!resource) {
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	}
	/* A blob has no width of its own; its rectangle is cut to what is shown. */
	if (!rect_is_inside(&rect, resource->is_blob ? SURFACE_SIDE_MAX : resource->layout.width,
			    resource->is_blob ? SURFACE_SIDE_MAX : resource->layout.height)) {
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	}
	for (unsigned i = 0; i < gpu->scanout_count; i++) {
		const struct gpu_scanout *scanout = &gpu->scanouts[i];
		const struct rect part = visible_part(scanout, &rect);

		if (scanout->resource != resource || rect_is_empty(&part)) {
			continue;
		}
		if (!wait && (c->hdr.flags & VIRTIO_GPU_FLAG_FENCE)) {
			wait = take_wait(gpu);
		}
		flush_scanout(gpu, i, &part, wait);
	}
	r->wait = wait;
	if (wait) {
		arm(gpu);
	}
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* --- making ---------------------------------------------------------------------------------- */

void gpu_flush_init(struct gpu *gpu)
{
	mutex_init(&gpu->waits_lock);
	condition_init(&gpu->taken);
	list_init(&gpu->waits);
	list_init(&gpu->free_waits);
	loop_timer_init(&gpu->wait_timer, answer_ready, gpu);
	loop_task_init(&gpu->take_task, answer_ready, gpu);
}

void gpu_flush_finish(struct gpu *gpu)
{
	condition_finish(&gpu->taken);
	mutex_finish(&gpu->waits_lock);
}
