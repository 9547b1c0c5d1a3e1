/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>

#include "display/display.h"
#include "display/display_state.h"
#include "display/pixels.h"
#include "display/surface.h"

bool display_is_paced_locked(const struct display *display, unsigned scanout)
{
	return display->pacer && !display->pacer->scanouts[scanout].is_hidden;
}

bool display_is_watched(struct display *display, unsigned scanout)
{
	const struct display_viewer *viewer;
	bool watched = false;

	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	list_for_each (viewer, &display->viewers, const struct display_viewer, node) {
		watched |= !viewer->scanouts[scanout].is_hidden;
	}
	mutex_unlock(&display->lock);
	return watched;
}

/* --- waking --- */

static bool has_news(const struct display_viewer *viewer, unsigned scanout)
{
	return viewer->scanouts[scanout].has_new_surface ||
	       viewer->scanouts[scanout].has_new_cursor ||
	       viewer->scanouts[scanout].has_moved_cursor ||
	       viewer->scanouts[scanout].damage.count > 0;
}

static struct display_viewer *find_to_wake(struct display *display, unsigned scanout)
{
	struct display_viewer *viewer;

	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		if (!viewer->scanouts[scanout].is_hidden && !viewer->scanouts[scanout].is_woken &&
		    has_news(viewer, scanout)) {
			return viewer;
		}
	}
	return NULL;
}

void display_wake_viewers_locked(struct display *display,
				 unsigned scanout) NO_THREAD_SAFETY_ANALYSIS
{
	struct display_viewer *viewer;

	/* From the beginning each time: without the lock, viewers come and go. */
	while ((viewer = find_to_wake(display, scanout))) {
		viewer->scanouts[scanout].is_woken = true;
		viewer->waking++;
		mutex_unlock(&display->lock);
		viewer->wake(viewer->arg, scanout);
		mutex_lock(&display->lock);
		if (--viewer->waking == 0) {
			condition_wake_all(&display->no_calls);
		}
	}
}

/* --- coming and going --- */

int display_add_viewer(struct display *display, struct display_viewer *viewer)
{
	mutex_lock(&display->lock);
	if (viewer->sets_pace && display->pacer) {
		mutex_unlock(&display->lock);
		return -EBUSY;
	}
	viewer->waking = 0;
	viewer->has_new_mode = false;
	for (unsigned i = 0; i < display->scanout_count; i++) {
		const struct display_scanout *s = &display->scanouts[i];

		viewer->scanouts[i].is_hidden = viewer->scanouts[i].is_woken = false;
		viewer->scanouts[i].has_new_surface = s->surface;
		viewer->scanouts[i].has_new_cursor = s->cursor;
		viewer->scanouts[i].has_moved_cursor = false;
		viewer->scanouts[i].taken = s->sequence;
		damage_clear(&viewer->scanouts[i].damage);
	}
	if (viewer->sets_pace) {
		display->pacer = viewer;
	}
	list_append(&display->viewers, &viewer->node);
	for (unsigned i = 0; i < display->scanout_count; i++) {
		display_wake_viewers_locked(display, i);
	}
	mutex_unlock(&display->lock);
	return 0;
}

/* Nobody takes what this scanout's flushes wait for. */
static void give_up_pace(struct display *display, unsigned scanout) REQUIRES(display->lock)
{
	struct display_scanout *s = &display->scanouts[scanout];

	s->presented_sequence = s->sequence;
	s->counters.last_present_ns = 0;
	display_finish_flushes_locked(display, &s->waiting);
	display_finish_flushes_locked(display, &s->in_frame);
}

void display_remove_viewer(struct display *display, struct display_viewer *viewer)
{
	mutex_lock(&display->lock);
	list_remove(&viewer->node);
	if (display->pacer == viewer) {
		display->pacer = NULL;
		for (unsigned i = 0; i < display->scanout_count; i++) {
			give_up_pace(display, i);
		}
	}
	while (viewer->waking > 0) {
		condition_wait(&display->no_calls, &display->lock);
	}
	mutex_unlock(&display->lock);
}

const char *display_pacer_name(struct display *display)
{
	const char *name;

	mutex_lock(&display->lock);
	name = display->pacer ? display->pacer->name : "none";
	mutex_unlock(&display->lock);
	return name;
}

void display_set_hidden(struct display *display, struct display_viewer *viewer, unsigned scanout,
			bool hidden)
{
	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	if (viewer->scanouts[scanout].is_hidden != hidden) {
		viewer->scanouts[scanout].is_hidden = hidden;
		viewer->scanouts[scanout].is_woken = false;
		viewer->scanouts[scanout].has_new_surface = true;
		viewer->scanouts[scanout].has_new_cursor = true;
		damage_clear(&viewer->scanouts[scanout].damage);
		if (hidden && display->pacer == viewer) {
			give_up_pace(display, scanout);
		}
		display_wake_viewers_locked(display, scanout);
	}
	mutex_unlock(&display->lock);
}

/* --- frames --- */

static void fill_frame(struct display_frame *frame, const struct display_scanout *s,
		       struct display_viewer *viewer, unsigned scanout)
{
	*frame = (struct display_frame){
		.surface = s->surface ? surface_get(s->surface) : NULL,
		.part = s->part,
		.is_new_surface = viewer->scanouts[scanout].has_new_surface,
		.damage = viewer->scanouts[scanout].damage,
		.cursor = s->cursor ? cursor_get(s->cursor) : NULL,
		.cursor_x = s->cursor_x,
		.cursor_y = s->cursor_y,
		.is_new_cursor = viewer->scanouts[scanout].has_new_cursor,
		.is_moved_cursor = viewer->scanouts[scanout].has_moved_cursor,
		.sequence = s->sequence,
		.flushed_ns = s->sequence > viewer->scanouts[scanout].taken ? s->flushed_ns : 0,
	};
	if (frame->is_new_surface) {
		const struct rect all = { 0, 0, s->part.width, s->part.height };

		damage_clear(&frame->damage);
		damage_add(&frame->damage, &all);
	}
	viewer->scanouts[scanout].has_new_surface = false;
	viewer->scanouts[scanout].has_new_cursor = false;
	viewer->scanouts[scanout].has_moved_cursor = false;
	viewer->scanouts[scanout].taken = s->sequence;
	damage_clear(&viewer->scanouts[scanout].damage);
}

static void move_all(struct list *from, struct list *to)
{
	while (!list_is_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(to, node);
	}
}

bool display_take(struct display *display, struct display_viewer *viewer, unsigned scanout,
		  struct display_frame *frame)
{
	struct display_scanout *s = &display->scanouts[scanout];
	bool is_new;

	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	viewer->scanouts[scanout].is_woken = false;
	is_new = !viewer->scanouts[scanout].is_hidden && has_news(viewer, scanout);
	if (is_new) {
		fill_frame(frame, s, viewer, scanout);
		if (display->pacer == viewer) {
			move_all(&s->waiting, &s->in_frame);
		}
	}
	mutex_unlock(&display->lock);
	return is_new;
}

static void read_frame(const struct display_frame *frame, const struct rect *r,
		       enum surface_alpha alpha, void *pixels, size_t stride)
{
	struct rect part = *r;

	if (!frame->surface) {
		for (uint32_t y = 0; y < r->height; y++) {
			pixels_fill_black((uint8_t *)pixels + y * stride, r->width);
		}
		return;
	}
	part.x += frame->part.x;
	part.y += frame->part.y;
	surface_read(frame->surface, &part, alpha, pixels, stride);
}

void display_frame_read(const struct display_frame *frame, const struct rect *r, void *pixels,
			size_t stride)
{
	read_frame(frame, r, SURFACE_OPAQUE, pixels, stride);
}

void display_frame_read_colors(const struct display_frame *frame, const struct rect *r,
			       void *pixels, size_t stride)
{
	read_frame(frame, r, SURFACE_COLORS, pixels, stride);
}

void display_frame_taken(struct display *display, struct display_viewer *viewer, unsigned scanout,
			 const struct display_frame *frame UNUSED)
{
	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	if (display->pacer == viewer) {
		display_finish_flushes_locked(display, &display->scanouts[scanout].in_frame);
	}
	mutex_unlock(&display->lock);
}

void display_frame_done(struct display *display, struct display_viewer *viewer, unsigned scanout,
			struct display_frame *frame, uint64_t presented_ns)
{
	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	if (display->pacer == viewer) {
		if (presented_ns > 0 && !viewer->scanouts[scanout].is_hidden) {
			display_count_present_locked(&display->scanouts[scanout], frame,
						     presented_ns);
		}
		display_finish_flushes_locked(display, &display->scanouts[scanout].in_frame);
	}
	mutex_unlock(&display->lock);
	surface_put(frame->surface);
	cursor_put(frame->cursor);
	frame->surface = NULL;
	frame->cursor = NULL;
}
