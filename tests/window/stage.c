/* SPDX-License-Identifier: MIT */
#include "tests/window/stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "display/backend.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

/* --- what the machine hears --- */

static void on_mode(void *arg, unsigned scanout, const struct display_mode *mode)
{
	struct stage *stage = arg;

	mutex_lock(&stage->lock);
	stage->modes[scanout] = *mode;
	stage->mode_count++;
	mutex_unlock(&stage->lock);
}

static void on_report(void *arg, const struct input_event *events, size_t count)
{
	struct stage *stage = arg;

	mutex_lock(&stage->lock);
	for (size_t i = 0; i < count && stage->event_count < STAGE_EVENTS_MAX; i++) {
		stage->events[stage->event_count++] = events[i];
	}
	mutex_unlock(&stage->lock);
}

static void on_close(void *arg)
{
	struct stage *stage = arg;

	mutex_lock(&stage->lock);
	stage->close_count++;
	mutex_unlock(&stage->lock);
}

/* --- beginning and end --- */

void stage_start(struct stage *stage, unsigned scanouts, const char *text)
{
	static const struct clipboard_directions both = { true, true };
	static const char *const names[INPUT_KINDS] = { "keyboard", "mouse", "tablet", "touch" };
	static struct display_source source = { .on_mode = on_mode };
	struct display_backend_env env = { .machine_name = STAGE_NAME,
					   .on_close = on_close,
					   .on_close_arg = stage };
	struct error err = { "" };

	memset(stage, 0, sizeof(*stage));
	desk_start(&stage->desk);
	mutex_init(&stage->lock);
	cr_assert(eq(int, display_create(scanouts, &stage->display), 0));
	cr_assert(eq(int, input_create(&stage->input), 0));
	cr_assert(eq(int, clipboard_create(&both, &stage->clipboard), 0));
	source.arg = stage;
	cr_assert(eq(int, display_set_source(stage->display, &source), 0));
	for (unsigned i = 0; i < INPUT_KINDS; i++) {
		stage->sinks[i] = (struct input_sink){
			.id = names[i], .kind = i, .on_report = on_report, .arg = stage
		};
		input_add_sink(stage->input, &stage->sinks[i]);
	}
	stage_set_ready(stage, INPUT_KEYBOARD, true);
	stage_set_ready(stage, INPUT_TABLET, true);
	env.display = stage->display;
	env.input = stage->input;
	env.clipboard = stage->clipboard;
	cr_assert(eq(int, display_backend_create(text, &env, &stage->backend, &err), 0), "%s",
		  err.text);
}

static void drop_surface(struct stage *stage)
{
	if (stage->surface) {
		surface_revoke(stage->surface);
		surface_put(stage->surface);
		free(stage->pixels);
	}
}

void stage_end(struct stage *stage)
{
	display_backend_destroy(stage->backend);
	display_clear_source(stage->display);
	for (unsigned i = 0; i < INPUT_KINDS; i++) {
		input_remove_sink(stage->input, &stage->sinks[i]);
	}
	drop_surface(stage);
	display_destroy(stage->display);
	input_destroy(stage->input);
	clipboard_destroy(stage->clipboard);
	mutex_finish(&stage->lock);
	desk_end(&stage->desk);
}

/* --- pictures --- */

/* Neighbours differ in every channel, and no shift of the picture is like it. */
static uint32_t pattern(uint32_t x, uint32_t y, uint32_t seed)
{
	uint32_t hash = (x * 2654435761u) ^ (y * 2246822519u) ^ (seed * 3266489917u);

	return 0xff000000u | ((hash ^ (hash >> 15)) & 0xffffff);
}

static void draw(struct stage *stage, const struct rect *r, uint32_t seed)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		for (uint32_t x = r->x; x < r->x + r->width; x++) {
			stage->pixels[y * stage->width + x] = pattern(x, y, seed);
		}
	}
}

void stage_show(struct stage *stage, unsigned scanout, uint32_t width, uint32_t height,
		uint32_t seed)
{
	const struct surface_layout layout = { width, height, width * 4, SURFACE_BGRX };
	const struct rect all = { 0, 0, width, height };
	struct iovec whole = { .iov_len = (size_t)width * height * 4 };
	struct surface *old = stage->surface;
	uint32_t *old_pixels = stage->pixels;

	stage->width = width;
	stage->height = height;
	stage->pixels = malloc(whole.iov_len);
	whole.iov_base = stage->pixels;
	draw(stage, &all, seed);
	cr_assert(eq(int, surface_create(&layout, &whole, 1, 0, &stage->surface), 0));
	display_show(stage->display, scanout, stage->surface, &all);
	input_set_layout(stage->input, scanout, width, height);
	if (old) {
		surface_revoke(old);
		surface_put(old);
		free(old_pixels);
	}
}

void stage_change(struct stage *stage, const struct rect *r, uint32_t seed)
{
	draw(stage, r, seed);
	(void)display_flush(stage->display, 0, r, 1, NULL);
}

void stage_set_ready(struct stage *stage, enum input_kind kind, bool ready)
{
	input_set_ready(stage->input, &stage->sinks[kind], ready);
}

struct sight {
	struct stage *stage;
	Window window;
	unsigned factor;
};

static bool is_seen(void *arg)
{
	const struct sight *sight = arg;
	const struct stage *stage = sight->stage;
	unsigned width, height, left, top, factor = sight->factor;
	bool is_same = true;
	uint32_t *seen;

	desk_size_of(&sight->stage->desk, sight->window, &width, &height);
	if (width < stage->width * factor || height < stage->height * factor) {
		return false;
	}
	left = (width - stage->width * factor) / 2;
	top = (height - stage->height * factor) / 2;
	seen = malloc(sizeof(*seen) * width * height);
	desk_see(&sight->stage->desk, sight->window, width, height, seen);
	for (unsigned y = 0; y < height && is_same; y++) {
		for (unsigned x = 0; x < width && is_same; x++) {
			uint32_t want = 0xff000000u;

			if (x >= left && x < left + stage->width * factor && y >= top &&
			    y < top + stage->height * factor) {
				want = stage->pixels[(y - top) / factor * stage->width +
						     (x - left) / factor];
			}
			is_same = seen[y * width + x] == want;
		}
	}
	free(seen);
	return is_same;
}

void stage_expect_picture(struct stage *stage, Window window, unsigned factor)
{
	struct sight sight = { stage, window, factor };

	desk_wait("the picture", is_seen, &sight);
}

/* --- what was heard --- */

void stage_forget(struct stage *stage)
{
	mutex_lock(&stage->lock);
	stage->event_count = 0;
	stage->mode_count = 0;
	mutex_unlock(&stage->lock);
}

int32_t stage_last(struct stage *stage, uint16_t type, uint16_t code)
{
	int32_t value = -1;

	mutex_lock(&stage->lock);
	for (size_t i = 0; i < stage->event_count; i++) {
		if (stage->events[i].type == type && stage->events[i].code == code) {
			value = stage->events[i].value;
		}
	}
	mutex_unlock(&stage->lock);
	return value;
}

size_t stage_count(struct stage *stage, uint16_t type, uint16_t code, int32_t value)
{
	size_t count = 0;

	mutex_lock(&stage->lock);
	for (size_t i = 0; i < stage->event_count; i++) {
		count += stage->events[i].type == type && stage->events[i].code == code &&
			 stage->events[i].value == value;
	}
	mutex_unlock(&stage->lock);
	return count;
}

struct expected {
	struct stage *stage;
	uint16_t type, code;
	int32_t value;
};

static bool has_come(void *arg)
{
	const struct expected *e = arg;

	return stage_last(e->stage, e->type, e->code) == e->value;
}

void stage_expect(struct stage *stage, uint16_t type, uint16_t code, int32_t value)
{
	struct expected e = { stage, type, code, value };

	desk_wait("an event", has_come, &e);
}

struct wish {
	struct stage *stage;
	unsigned scanout;
	uint32_t width, height;
};

static bool is_wished(void *arg)
{
	const struct wish *wish = arg;
	const struct display_mode *mode = &wish->stage->modes[wish->scanout];
	bool is_so;

	mutex_lock(&wish->stage->lock);
	is_so = mode->width == wish->width && mode->height == wish->height && mode->is_connected;
	mutex_unlock(&wish->stage->lock);
	return is_so;
}

void stage_expect_mode(struct stage *stage, unsigned scanout, uint32_t width, uint32_t height)
{
	struct wish wish = { stage, scanout, width, height };

	desk_wait("a mode", is_wished, &wish);
}
