/* SPDX-License-Identifier: MIT */
#include "mgmt/screen_wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "display/display.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

/* After a look the loop is left to others for so long: at least the first, and as many times what
 * the look took as the second says. */
#define REST_MIN_NS UINT64_C(5000000)
#define REST_FACTOR 4u

struct screen_wait {
	struct screen_wait_config config;
	struct rect region; /* config.region points here, or is NULL */
	struct display_viewer viewer;
	struct loop_task task;	 /* posted when there is something to see */
	struct loop_timer timer; /* the next of all that time decides */
	uint64_t start_ns, deadline_ns;
	bool is_woken;
	uint64_t next_look_ns;
	struct image *picture; /* owned; NULL: blank */
	struct image *news;    /* owned; of the same size, to read into */
	uint64_t changed_ns;   /* when something that counts changed */
	bool is_alike;
	uint64_t differing, compared;
};

/* --- looking --------------------------------------------------------------------------------- */

static bool is_masked(const struct screen_wait *wait, uint32_t x, uint32_t y)
{
	const struct image *mask = wait->config.mask;

	return mask && x < mask->width && y < mask->height &&
	       (mask->pixels[(size_t)y * mask->width + x] & 0xffffff) == 0;
}

/* Takes over one row; returns whether a pixel that counts is another one now. */
static bool take_row(struct screen_wait *wait, const struct rect *r, uint32_t y)
{
	const size_t at = (size_t)y * wait->picture->width + r->x;
	uint32_t *old = wait->picture->pixels + at;
	const uint32_t *now = wait->news->pixels + at;
	const struct rect row = { r->x, y, r->width, 1 };
	struct rect counted = row;
	bool changed = false;

	if (memcmp(old, now, r->width * sizeof(*now)) == 0) {
		return false;
	}
	if (wait->config.region) {
		counted = rect_intersect(&row, wait->config.region);
	}
	for (uint32_t i = 0; i < counted.width && counted.height && !changed; i++) {
		const uint32_t x = counted.x + i;

		changed = old[x - r->x] != now[x - r->x] && !is_masked(wait, x, y);
	}
	memcpy(old, now, r->width * sizeof(*now));
	return changed;
}

static bool take_rect(struct screen_wait *wait, const struct display_frame *frame,
		      const struct rect *r)
{
	const size_t stride = (size_t)wait->news->width * sizeof(uint32_t);
	bool changed = false;

	display_frame_read(frame, r, wait->news->pixels + (size_t)r->y * wait->news->width + r->x,
			   stride);
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		changed |= take_row(wait, r, y);
	}
	return changed;
}

static void drop_pictures(struct screen_wait *wait)
{
	free(wait->picture);
	free(wait->news);
	wait->picture = wait->news = NULL;
}

/* A picture of another size, or none. Without memory it is as blank. */
static void start_over(struct screen_wait *wait, const struct display_frame *frame)
{
	drop_pictures(wait);
	if (frame->surface &&
	    (image_create(frame->part.width, frame->part.height, &wait->picture) < 0 ||
	     image_create(frame->part.width, frame->part.height, &wait->news) < 0)) {
		drop_pictures(wait);
	}
}

static bool has_size_of(const struct image *picture, const struct display_frame *frame)
{
	return picture ? frame->surface && picture->width == frame->part.width &&
				 picture->height == frame->part.height
		       : !frame->surface;
}

/* Returns whether something that counts has changed. */
static bool take_frame(struct screen_wait *wait, const struct display_frame *frame)
{
	bool changed = false;

	if (!has_size_of(wait->picture, frame)) {
		start_over(wait, frame);
		changed = true;
	}
	for (size_t i = 0; wait->picture && i < frame->damage.count; i++) {
		changed |= take_rect(wait, frame, &frame->damage.rects[i]);
	}
	return changed;
}

static void compare(struct screen_wait *wait)
{
	const struct screen_wait_config *config = &wait->config;

	wait->differing = wait->compared = 0;
	wait->is_alike = wait->picture;
	if (wait->picture && config->wanted) {
		wait->is_alike =
			image_is_alike(config->wanted, wait->picture, config->region, config->mask,
				       &config->tolerance, &wait->differing, &wait->compared);
	}
}

static void look(struct screen_wait *wait)
{
	const uint64_t begin_ns = clock_now_ns();
	const unsigned scanout = wait->config.scanout;
	struct display_frame frame;
	uint64_t took_ns;

	wait->is_woken = false;
	if (display_take(wait->config.display, &wait->viewer, scanout, &frame)) {
		const bool changed = take_frame(wait, &frame);

		display_frame_done(wait->config.display, &wait->viewer, scanout, &frame, 0);
		if (changed) {
			wait->changed_ns = begin_ns;
			compare(wait);
		}
	}
	took_ns = clock_now_ns() - begin_ns;
	wait->next_look_ns = begin_ns + took_ns + MAX(REST_FACTOR * took_ns, REST_MIN_NS);
}

/* --- deciding -------------------------------------------------------------------------------- */

static void finish(struct screen_wait *wait, bool is_done, uint64_t now_ns)
{
	const struct screen_wait_result result = {
		.is_done = is_done,
		.waited_ns = now_ns - wait->start_ns,
		.unchanged_ns = now_ns - wait->changed_ns,
		.differing = wait->differing,
		.compared = wait->compared,
		.picture = wait->picture,
	};

	wait->config.on_done(wait->config.arg, &result);
}

static void step(void *arg)
{
	struct screen_wait *wait = arg;
	uint64_t now_ns = clock_now_ns();
	uint64_t next_ns = wait->deadline_ns;

	if (now_ns >= wait->deadline_ns || (wait->is_woken && now_ns >= wait->next_look_ns)) {
		look(wait);
		now_ns = clock_now_ns();
	}
	if (wait->is_woken) {
		next_ns = MIN(next_ns, wait->next_look_ns);
	} else if (wait->is_alike) {
		const uint64_t stable_ns = wait->changed_ns + wait->config.stable_ns;

		if (now_ns >= stable_ns) {
			finish(wait, true, now_ns);
			return;
		}
		next_ns = MIN(next_ns, stable_ns);
	}
	if (now_ns >= wait->deadline_ns) {
		finish(wait, false, now_ns);
		return;
	}
	loop_timer_arm(wait->config.loop, &wait->timer, next_ns);
}

static void on_task(void *arg)
{
	struct screen_wait *wait = arg;

	wait->is_woken = true;
	step(wait);
}

static void on_wake(void *arg, unsigned scanout)
{
	struct screen_wait *wait = arg;

	if (scanout == wait->config.scanout) {
		loop_post(wait->config.loop, &wait->task);
	}
}

/* --- life ------------------------------------------------------------------------------------ */

int screen_wait_create(const struct screen_wait_config *config, struct screen_wait **out)
{
	struct screen_wait *wait = calloc(1, sizeof(*wait));

	*out = wait;
	if (!wait) {
		return -ENOMEM;
	}
	wait->config = *config;
	if (config->region) {
		wait->region = *config->region;
		wait->config.region = &wait->region;
	}
	wait->start_ns = wait->changed_ns = clock_now_ns();
	wait->deadline_ns = wait->start_ns + config->timeout_ns;
	loop_task_init(&wait->task, on_task, wait);
	loop_timer_init(&wait->timer, step, wait);
	wait->viewer =
		(struct display_viewer){ .name = "wait-screen", .wake = on_wake, .arg = wait };
	loop_timer_arm(config->loop, &wait->timer, wait->deadline_ns);
	(void)display_add_viewer(config->display, &wait->viewer); /* it sets no pace */
	return 0;
}

void screen_wait_destroy(struct screen_wait *wait)
{
	if (!wait) {
		return;
	}
	display_remove_viewer(wait->config.display, &wait->viewer);
	loop_task_cancel(wait->config.loop, &wait->task);
	loop_timer_disarm(&wait->timer);
	drop_pictures(wait);
	free(wait);
}
