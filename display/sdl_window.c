/* SPDX-License-Identifier: MIT */
#include "display/sdl_window.h"

#include <errno.h>
#include <string.h>

#include "display/cursor_draw.h"
#include "display/sdl_cursor.h"
#include "display/sdl_icon.h"
#include "display/sdl_library.h"
#include "display/surface.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define SETTLE_NS	   UINT64_C(200000000)
#define MINIMUM_WIDTH	   160
#define MINIMUM_HEIGHT	   100
#define TENTHS_MM_PER_INCH 254
#define MHZ_PER_HZ	   1000u

/* --- sizes --- */

/* Screen pixels of one unit of SDL's places and sizes. */
static double density_of(const struct sdl_window *w)
{
	int points = 0;
	int pixels = 0;
	int unused;

	sdl.GetWindowSize(w->handle, &points, &unused);
	sdl.GetWindowSizeInPixels(w->handle, &pixels, &unused);
	return points > 0 && pixels > 0 ? (double)pixels / points : 1;
}

/* Of the guest's cursor, which is as large as the picture shows it. The host's cursors are measured
 * in SDL's units. */
static double cursor_scale(const struct sdl_window *w)
{
	return w->fit.width > 0 ? (double)w->fit.place.width / w->fit.width / density_of(w) : 0;
}

/* As large as the host's own programs draw what they mean to be one pixel. */
static unsigned scale_of(const struct sdl_window *w)
{
	double density = density_of(w);

	return w->shared->scale ? w->shared->scale : (unsigned)MAX(density, 1);
}

/* Gives the window the size of a picture, but not more than the screen has. */
static void size_window(struct sdl_window *w, uint32_t width, uint32_t height)
{
	double points = scale_of(w) / density_of(w);
	int to_width = (int)(width * points);
	int to_height = (int)(height * points);
	SDL_Rect bounds;

	if (sdl.GetDisplayUsableBounds(sdl.GetWindowDisplayIndex(w->handle), &bounds) == 0) {
		to_width = MIN(to_width, bounds.w);
		to_height = MIN(to_height, bounds.h);
	}
	sdl.SetWindowSize(w->handle, to_width, to_height);
}

/* The part of the host's monitor that the window takes, as a monitor of its own. */
static struct display_mode mode_of(const struct sdl_window *w)
{
	int monitor = sdl.GetWindowDisplayIndex(w->handle);
	struct display_mode mode = { .is_connected = true };
	SDL_DisplayMode host;
	float across = 0;
	float down = 0;
	int width = 0;
	int height = 0;

	sdl.GetWindowSizeInPixels(w->handle, &width, &height);
	mode.width = MIN(MAX((uint32_t)width / scale_of(w), 1u), SURFACE_SIDE_MAX);
	mode.height = MIN(MAX((uint32_t)height / scale_of(w), 1u), SURFACE_SIDE_MAX);
	mode.refresh_mhz = DISPLAY_DEFAULT_REFRESH_MHZ;
	if (sdl.GetCurrentDisplayMode(monitor, &host) == 0 && host.refresh_rate > 0) {
		mode.refresh_mhz = (uint32_t)host.refresh_rate * MHZ_PER_HZ;
	}
	if (sdl.GetDisplayDPI(monitor, NULL, &across, &down) == 0 && across >= 1 && down >= 1) {
		mode.width_mm = (uint32_t)((float)width * TENTHS_MM_PER_INCH / 10 / across);
		mode.height_mm = (uint32_t)((float)height * TENTHS_MM_PER_INCH / 10 / down);
	}
	return mode;
}

static bool is_same_mode(const struct display_mode *a, const struct display_mode *b)
{
	return a->is_connected == b->is_connected && a->width == b->width &&
	       a->height == b->height && a->refresh_mhz == b->refresh_mhz &&
	       a->width_mm == b->width_mm && a->height_mm == b->height_mm;
}

uint64_t sdl_window_settle(struct sdl_window *w, uint64_t now_ns)
{
	struct display_mode now, wish;

	if (w->settled_ns == 0 || now_ns < w->settled_ns) {
		return w->settled_ns;
	}
	w->settled_ns = 0;
	wish = mode_of(w);
	now = display_mode(w->shared->display, w->scanout);
	if (!is_same_mode(&now, &wish)) {
		(void)display_request_mode(w->shared->display, w->scanout, &wish);
	}
	return 0;
}

bool sdl_window_is_full_screen(const struct sdl_window *w)
{
	return sdl.GetWindowFlags(w->handle) & SDL_WINDOW_FULLSCREEN;
}

void sdl_window_toggle_full_screen(struct sdl_window *w)
{
	(void)sdl.SetWindowFullscreen(
		w->handle, sdl_window_is_full_screen(w) ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

void sdl_window_fit_picture(struct sdl_window *w)
{
	if (sdl_window_is_full_screen(w)) {
		sdl_window_toggle_full_screen(w);
	}
	if (w->fit.width > 0 && w->fit.height > 0) {
		size_window(w, w->fit.width, w->fit.height);
	}
}

/* --- opening and closing --- */

int sdl_window_open(struct sdl_window *w, const struct sdl_windows *shared, unsigned scanout,
		    struct error *err)
{
	struct display_mode mode = display_mode(shared->display, scanout);
	int code;

	*w = (struct sdl_window){ .shared = shared, .scanout = scanout, .is_lost = true };
	w->handle = sdl.CreateWindow("", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
				     (int)mode.width, (int)mode.height,
				     SDL_WINDOW_HIDDEN | SDL_WINDOW_RESIZABLE |
					     SDL_WINDOW_ALLOW_HIGHDPI);
	if (!w->handle) {
		return error_set(err, -EIO, "SDL opens no window: %s", sdl.GetError());
	}
	w->id = sdl.GetWindowID(w->handle);
	sdl.SetWindowMinimumSize(w->handle, MINIMUM_WIDTH, MINIMUM_HEIGHT);
	size_window(w, mode.width, mode.height);
	sdl_icon_set(w->handle);
	/* Two windows that both wait for the blank would halve the rate. */
	code = sdl_painter_create(shared->render, scanout == 0, w->handle, &w->painter, err);
	if (code < 0) {
		sdl_window_close(w);
		return code;
	}
	if (shared->follows_window || !mode.is_connected) {
		w->settled_ns = 1;
		(void)sdl_window_settle(w, clock_now_ns());
	}
	return 0;
}

static void give_frame_back(struct sdl_window *w, uint64_t presented_ns)
{
	if (w->has_frame) {
		w->has_frame = false;
		display_frame_done(w->shared->display, w->shared->viewer, w->scanout, &w->frame,
				   presented_ns);
	}
}

void sdl_window_close(struct sdl_window *w)
{
	give_frame_back(w, 0);
	sdl_painter_destroy(w->painter, false);
	if (w->cursor) {
		sdl.FreeCursor(w->cursor);
	}
	if (w->handle) {
		sdl.DestroyWindow(w->handle);
	}
	memset(w, 0, sizeof(*w));
}

void sdl_window_abandon(struct sdl_window *w)
{
	give_frame_back(w, 0);
	sdl_painter_destroy(w->painter, true);
	memset(w, 0, sizeof(*w));
}

/* --- drawing --- */

/* Finds where the picture lies now. True: not where it was. */
static bool place_picture(struct sdl_window *w)
{
	struct fit fit = fit_picture(w->shared->fit, w->painter->width, w->painter->height,
				     w->frame.part.width, w->frame.part.height);
	bool is_new = memcmp(&fit, &w->fit, sizeof(fit)) != 0;

	w->fit = fit;
	return is_new;
}

/* Returns whether the whole window was drawn. */
static bool paint(struct sdl_window *w)
{
	const struct rect all = { 0, 0, w->frame.part.width, w->frame.part.height };
	struct damage damage = w->frame.damage;
	bool is_moved = place_picture(w);
	struct sdl_picture picture = { .frame = &w->frame, .fit = &w->fit, .damage = &damage };
	struct rect area = { 0 };

	picture.is_all_new = is_moved || w->is_lost;
	picture.with_cursor = w->with_cursor && w->frame.cursor;
	if (picture.with_cursor) {
		area = cursor_area(&all, w->frame.cursor, w->frame.cursor_x, w->frame.cursor_y);
	}
	if (w->frame.is_new_cursor || memcmp(&area, &w->cursor_area, sizeof(area)) != 0) {
		damage_add(&damage, &w->cursor_area);
		damage_add(&damage, &area);
	}
	w->cursor_area = area;
	if (picture.is_all_new) {
		damage_add(&damage, &all);
	}
	damage_clip(&damage, w->frame.part.width, w->frame.part.height);
	w->painter->type->draw(w->painter, &picture);
	if (w->frame.is_new_cursor || is_moved) {
		sdl_cursor_make(&w->cursor, w->frame.cursor, cursor_scale(w));
		w->is_cursor_new = true;
	}
	return picture.is_all_new;
}

/* The display counts everything as new for a viewer that could not see. */
static void forget_what_was_seen(struct sdl_window *w)
{
	display_set_hidden(w->shared->display, w->shared->viewer, w->scanout, true);
	display_set_hidden(w->shared->display, w->shared->viewer, w->scanout, false);
}

void sdl_window_draw(struct sdl_window *w, bool with_cursor)
{
	bool is_all_new = false;

	if (w->is_hidden || !w->painter->type->begin(w->painter)) {
		return;
	}
	if (w->is_lost || with_cursor != w->with_cursor) {
		forget_what_was_seen(w);
	}
	w->with_cursor = with_cursor;
	w->has_frame = display_take(w->shared->display, w->shared->viewer, w->scanout, &w->frame);
	if (w->has_frame) {
		is_all_new = paint(w);
		w->is_lost = false;
		display_frame_taken(w->shared->display, w->shared->viewer, w->scanout, &w->frame);
		w->painter->type->present(w->painter);
		give_frame_back(w, clock_now_ns());
	}
	if (w->is_exposed && !is_all_new) {
		w->painter->type->repeat(w->painter);
	}
	w->is_exposed = false;
}

/* --- events --- */

static void set_hidden(struct sdl_window *w, bool hidden)
{
	if (w->is_hidden != hidden) {
		w->is_hidden = hidden;
		display_set_hidden(w->shared->display, w->shared->viewer, w->scanout, hidden);
	}
}

void sdl_window_on_event(struct sdl_window *w, unsigned event)
{
	switch (event) {
	case SDL_WINDOWEVENT_SIZE_CHANGED:
	case SDL_WINDOWEVENT_DISPLAY_CHANGED:
		w->is_lost = true;
		if (w->shared->follows_window) {
			w->settled_ns = clock_now_ns() + SETTLE_NS;
		}
		break;
	case SDL_WINDOWEVENT_EXPOSED:
		w->is_exposed = true;
		break;
	case SDL_WINDOWEVENT_MINIMIZED:
	case SDL_WINDOWEVENT_HIDDEN:
		set_hidden(w, true);
		break;
	case SDL_WINDOWEVENT_SHOWN:
	case SDL_WINDOWEVENT_RESTORED:
	case SDL_WINDOWEVENT_MAXIMIZED:
		set_hidden(w, false);
		w->is_lost = true;
		break;
	default:
		break;
	}
}

bool sdl_window_find_pixel(const struct sdl_window *w, int32_t x, int32_t y, uint32_t *pixel_x,
			   uint32_t *pixel_y)
{
	double density = density_of(w);

	/* The middle of the unit, in case it is several pixels. */
	return fit_find_pixel(&w->fit, (int32_t)((x + 0.5) * density),
			      (int32_t)((y + 0.5) * density), pixel_x, pixel_y);
}
