/* SPDX-License-Identifier: MIT */
#include "display/display.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "display/display_state.h"
#include "display/surface.h"
#include "vmm/base/clock.h"

/* --- making --- */

static void init_scanout(struct display_scanout *s, bool is_connected)
{
	s->mode = (struct display_mode){
		.is_connected = is_connected,
		.width = DISPLAY_DEFAULT_WIDTH,
		.height = DISPLAY_DEFAULT_HEIGHT,
		.refresh_mhz = DISPLAY_DEFAULT_REFRESH_MHZ,
	};
	list_init(&s->waiting);
	list_init(&s->in_frame);
	s->counters.since_ns = clock_now_ns();
}

int display_create(unsigned scanout_count, struct display **out)
{
	struct display *display;

	*out = NULL;
	if (scanout_count == 0 || scanout_count > DISPLAY_SCANOUTS_MAX) {
		return -EINVAL;
	}
	display = calloc(1, sizeof(*display));
	if (!display) {
		return -ENOMEM;
	}
	mutex_init(&display->lock);
	condition_init(&display->no_calls);
	list_init(&display->viewers);
	display->scanout_count = scanout_count;
	for (unsigned i = 0; i < scanout_count; i++) {
		init_scanout(&display->scanouts[i], i == 0);
	}
	*out = display;
	return 0;
}

void display_destroy(struct display *display)
{
	if (!display) {
		return;
	}
	assert(!display->source && list_is_empty(&display->viewers));
	condition_finish(&display->no_calls);
	mutex_finish(&display->lock);
	free(display);
}

unsigned display_scanout_count(const struct display *display)
{
	return display->scanout_count;
}

/* --- the source --- */

int display_set_source(struct display *display, const struct display_source *source)
{
	int code = 0;

	mutex_lock(&display->lock);
	if (display->source) {
		code = -EBUSY;
	} else {
		display->source = source;
	}
	mutex_unlock(&display->lock);
	return code;
}

static void blank(struct display *display, unsigned scanout)
{
	display_set_cursor(display, scanout, NULL);
	display_show(display, scanout, NULL, NULL);
}

void display_clear_source(struct display *display)
{
	mutex_lock(&display->lock);
	display->source = NULL;
	mutex_unlock(&display->lock);
	for (unsigned i = 0; i < display->scanout_count; i++) {
		blank(display, i);
	}
	mutex_lock(&display->lock);
	for (unsigned i = 0; i < display->scanout_count; i++) {
		display_finish_flushes_locked(display, &display->scanouts[i].waiting);
		display_finish_flushes_locked(display, &display->scanouts[i].in_frame);
	}
	while (display->source_calls > 0) {
		condition_wait(&display->no_calls, &display->lock);
	}
	mutex_unlock(&display->lock);
}

static void add_to_viewers(struct display *display, unsigned scanout, const struct damage *damage)
	REQUIRES(display->lock)
{
	struct display_viewer *viewer;

	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		/* A hidden one gets everything when it is back. */
		if (!viewer->scanouts[scanout].is_hidden) {
			damage_add_all(&viewer->scanouts[scanout].damage, damage);
		}
	}
}

void display_show(struct display *display, unsigned scanout, struct surface *surface,
		  const struct rect *part)
{
	struct display_scanout *s = &display->scanouts[scanout];
	struct display_viewer *viewer;
	struct surface *old;

	assert(scanout < display->scanout_count);
	assert(!surface || rect_is_inside(part, surface_layout(surface)->width,
					  surface_layout(surface)->height));
	mutex_lock(&display->lock);
	old = s->surface;
	s->surface = surface ? surface_get(surface) : NULL;
	s->part = surface ? *part : (struct rect){ 0 };
	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		/* Blank stays blank: nothing to see. */
		viewer->scanouts[scanout].has_new_surface |= old || surface;
		damage_clear(&viewer->scanouts[scanout].damage);
	}
	display_wake_viewers_locked(display, scanout);
	mutex_unlock(&display->lock);
	surface_put(old);
}

bool display_flush(struct display *display, unsigned scanout, const struct rect *rects,
		   size_t count, struct display_flush *flush)
{
	struct display_scanout *s = &display->scanouts[scanout];
	struct damage damage = { .count = 0 };
	bool is_paced;

	assert(scanout < display->scanout_count);
	if (flush) {
		list_init(&flush->node);
	}
	for (size_t i = 0; i < count; i++) {
		damage_add(&damage, &rects[i]);
	}
	mutex_lock(&display->lock);
	damage_clip(&damage, s->part.width, s->part.height);
	if (damage.count == 0) {
		mutex_unlock(&display->lock);
		return false;
	}
	s->sequence++;
	s->flushed_ns = clock_now_ns();
	s->counters.flushes++;
	is_paced = display_is_paced_locked(display, scanout);
	if (!is_paced) {
		s->presented_sequence = s->sequence;
	} else if (flush) {
		list_append(&s->waiting, &flush->node);
	}
	add_to_viewers(display, scanout, &damage);
	display_wake_viewers_locked(display, scanout);
	mutex_unlock(&display->lock);
	return is_paced && flush;
}

bool display_cancel_flush(struct display *display, struct display_flush *flush)
{
	bool waits;

	mutex_lock(&display->lock);
	waits = !list_is_empty(&flush->node);
	list_remove(&flush->node);
	mutex_unlock(&display->lock);
	return waits;
}

void display_finish_flushes_locked(struct display *display,
				   struct list *flushes) NO_THREAD_SAFETY_ANALYSIS
{
	while (!list_is_empty(flushes)) {
		struct display_flush *flush = list_entry(flushes->next, struct display_flush, node);

		list_remove(&flush->node);
		display->source_calls++;
		mutex_unlock(&display->lock);
		flush->on_taken(flush);
		mutex_lock(&display->lock);
		if (--display->source_calls == 0) {
			condition_wake_all(&display->no_calls);
		}
	}
}

/* --- cursor --- */

void display_set_cursor(struct display *display, unsigned scanout, struct cursor *cursor)
{
	struct display_scanout *s = &display->scanouts[scanout];
	struct display_viewer *viewer;
	struct cursor *old;

	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	old = s->cursor;
	s->cursor = cursor ? cursor_get(cursor) : NULL;
	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		viewer->scanouts[scanout].has_new_cursor |= old != cursor;
	}
	display_wake_viewers_locked(display, scanout);
	mutex_unlock(&display->lock);
	cursor_put(old);
}

void display_move_cursor(struct display *display, unsigned scanout, int32_t x, int32_t y)
{
	struct display_scanout *s = &display->scanouts[scanout];
	struct display_viewer *viewer;

	assert(scanout < display->scanout_count);
	mutex_lock(&display->lock);
	if (s->cursor_x != x || s->cursor_y != y) {
		s->cursor_x = x;
		s->cursor_y = y;
		list_for_each (viewer, &display->viewers, struct display_viewer, node) {
			viewer->scanouts[scanout].has_moved_cursor = true;
		}
	}
	display_wake_viewers_locked(display, scanout);
	mutex_unlock(&display->lock);
}

/* --- modes --- */

static bool is_possible(const struct display_mode *mode)
{
	return !mode->is_connected || (mode->width > 0 && mode->width <= SURFACE_SIDE_MAX &&
				       mode->height > 0 && mode->height <= SURFACE_SIDE_MAX);
}

static bool is_same(const struct display_mode *a, const struct display_mode *b)
{
	return a->is_connected == b->is_connected && a->width == b->width &&
	       a->height == b->height && a->refresh_mhz == b->refresh_mhz &&
	       a->width_mm == b->width_mm && a->height_mm == b->height_mm;
}

static void call_source(struct display *display, unsigned scanout,
			const struct display_mode *mode) NO_THREAD_SAFETY_ANALYSIS
{
	const struct display_source *source = display->source;

	if (!source) {
		return;
	}
	display->source_calls++;
	mutex_unlock(&display->lock);
	source->on_mode(source->arg, scanout, mode);
	mutex_lock(&display->lock);
	if (--display->source_calls == 0) {
		condition_wake_all(&display->no_calls);
	}
}

static struct display_viewer *find_to_tell_mode(struct display *display)
{
	struct display_viewer *viewer;

	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		if (viewer->has_new_mode) {
			return viewer;
		}
	}
	return NULL;
}

static void tell_viewers_mode(struct display *display) NO_THREAD_SAFETY_ANALYSIS
{
	struct display_viewer *viewer;

	list_for_each (viewer, &display->viewers, struct display_viewer, node) {
		viewer->has_new_mode = viewer->on_mode;
	}
	/* From the beginning each time: without the lock, viewers come and go. */
	while ((viewer = find_to_tell_mode(display))) {
		viewer->has_new_mode = false;
		viewer->waking++;
		mutex_unlock(&display->lock);
		viewer->on_mode(viewer->arg);
		mutex_lock(&display->lock);
		if (--viewer->waking == 0) {
			condition_wake_all(&display->no_calls);
		}
	}
}

int display_request_mode(struct display *display, unsigned scanout, const struct display_mode *mode)
{
	struct display_mode wanted = *mode;

	if (scanout >= display->scanout_count || !is_possible(mode)) {
		return -EINVAL;
	}
	if (wanted.refresh_mhz == 0) {
		wanted.refresh_mhz = DISPLAY_DEFAULT_REFRESH_MHZ;
	}
	mutex_lock(&display->lock);
	if (!is_same(&display->scanouts[scanout].mode, &wanted)) {
		display->scanouts[scanout].mode = wanted;
		call_source(display, scanout, &wanted);
		tell_viewers_mode(display);
	}
	mutex_unlock(&display->lock);
	return 0;
}

struct display_mode display_mode(struct display *display, unsigned scanout)
{
	struct display_mode mode = { 0 };

	if (scanout < display->scanout_count) {
		mutex_lock(&display->lock);
		mode = display->scanouts[scanout].mode;
		mutex_unlock(&display->lock);
	}
	return mode;
}

void display_picture_size(struct display *display, unsigned scanout, uint32_t *width,
			  uint32_t *height)
{
	*width = *height = 0;
	if (scanout < display->scanout_count) {
		mutex_lock(&display->lock);
		*width = display->scanouts[scanout].part.width;
		*height = display->scanouts[scanout].part.height;
		mutex_unlock(&display->lock);
	}
}
