/* SPDX-License-Identifier: MIT */
#include "display/fit.h"

#include <string.h>

#include "display/input.h"
#include "vmm/base/compiler.h"

struct fit fit_picture(enum fit_kind kind, uint32_t window_width, uint32_t window_height,
		       uint32_t width, uint32_t height)
{
	struct fit fit = { .width = width, .height = height };
	uint64_t to_width = window_width;
	uint64_t to_height = window_height;
	unsigned times;

	if (width == 0 || height == 0 || window_width == 0 || window_height == 0) {
		return fit;
	}
	times = MIN(window_width / width, window_height / height);
	if (times > 0 && (kind == FIT_WHOLE || times * width == window_width ||
			  times * height == window_height)) {
		fit.factor = times;
		to_width = (uint64_t)times * width;
		to_height = (uint64_t)times * height;
	} else if (to_width * height < to_height * width) {
		to_height = MAX(to_width * height / width, 1u);
	} else {
		to_width = MAX(to_height * width / height, 1u);
	}
	fit.place.x = (window_width - (uint32_t)to_width) / 2;
	fit.place.y = (window_height - (uint32_t)to_height) / 2;
	fit.place.width = (uint32_t)to_width;
	fit.place.height = (uint32_t)to_height;
	return fit;
}

/* The pixel of `side` at `at` of a place that begins at `start` and is `length` long. */
static bool find_along(int32_t at, uint32_t start, uint32_t length, uint32_t side, uint32_t *pixel)
{
	int64_t inside = (int64_t)at - start;
	bool is_inside = inside >= 0 && inside < length;

	inside = MIN(MAX(inside, 0), (int64_t)length - 1);
	*pixel = (uint32_t)((2 * (uint64_t)inside + 1) * side / (2 * (uint64_t)length));
	return is_inside;
}

bool fit_find_pixel(const struct fit *fit, int32_t x, int32_t y, uint32_t *pixel_x,
		    uint32_t *pixel_y)
{
	const struct rect *p = &fit->place;
	bool is_inside;

	*pixel_x = *pixel_y = 0;
	if (rect_is_empty(p)) {
		return false;
	}
	is_inside = find_along(x, p->x, p->width, fit->width, pixel_x);
	return find_along(y, p->y, p->height, fit->height, pixel_y) && is_inside;
}

int32_t fit_absolute(uint32_t pixel, uint32_t side)
{
	/* Guests take value * side / (INPUT_ABS_MAX + 1). */
	return side ? (int32_t)((2 * (uint64_t)pixel + 1) * (INPUT_ABS_MAX + 1u) /
				(2 * (uint64_t)side))
		    : 0;
}

/* The pixels from `first` on, `count` of them, of a line of `side`, where that line is `length`
 * long: those that change with them. Blended ones reach one pixel further. */
static void cover_along(uint32_t *first, uint32_t *count, uint32_t side, uint32_t length,
			uint32_t reach)
{
	uint64_t begin = *first > reach ? *first - reach : 0;
	uint64_t end = MIN((uint64_t)*first + *count + reach, side);

	begin = begin * length / side;
	end = (end * length + side - 1) / side;
	*first = (uint32_t)begin;
	*count = (uint32_t)(end - begin);
}

struct rect fit_cover(const struct fit *fit, const struct rect *r)
{
	struct rect to = *r;
	uint32_t reach = fit->factor ? 0 : 1;

	if (rect_is_empty(&fit->place) || rect_is_empty(r)) {
		return (struct rect){ 0 };
	}
	cover_along(&to.x, &to.width, fit->width, fit->place.width, reach);
	cover_along(&to.y, &to.height, fit->height, fit->place.height, reach);
	to.x += fit->place.x;
	to.y += fit->place.y;
	return to;
}

struct rect fit_source(const struct fit *fit, const struct rect *r)
{
	struct rect from = *r;
	uint32_t before = fit->factor ? 0 : 1;

	from.x -= fit->place.x;
	from.y -= fit->place.y;
	cover_along(&from.x, &from.width, fit->place.width, fit->width, 0);
	cover_along(&from.y, &from.height, fit->place.height, fit->height, 0);
	/* The neighbours to blend with. */
	if (before) {
		const struct rect picture = { 0, 0, fit->width, fit->height };
		uint32_t left = MIN(from.x, before);
		uint32_t above = MIN(from.y, before);

		from.x -= left;
		from.y -= above;
		from.width += left + 1;
		from.height += above + 1;
		from = rect_intersect(&from, &picture);
	}
	return from;
}

unsigned fit_bars(const struct fit *fit, uint32_t window_width, uint32_t window_height,
		  struct rect bars[4])
{
	const struct rect *p = &fit->place;
	const struct rect all[4] = {
		{ 0, 0, window_width, p->y },
		{ 0, p->y, p->x, p->height },
		{ p->x + p->width, p->y, window_width - p->x - p->width, p->height },
		{ 0, p->y + p->height, window_width, window_height - p->y - p->height },
	};
	unsigned count = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (!rect_is_empty(&all[i])) {
			bars[count++] = all[i];
		}
	}
	return count;
}

/* --- drawing --- */

static void draw_repeated(const struct fit *fit, const struct rect *from, const uint32_t *source,
			  const struct rect *to, uint8_t *pixels, uint32_t stride)
{
	uint32_t times = fit->factor;
	uint32_t left = to->x - fit->place.x;
	uint32_t top = to->y - fit->place.y;
	uint32_t drawn_y = UINT32_MAX;

	for (uint32_t y = 0; y < to->height; y++) {
		uint32_t from_y = (top + y) / times;
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);
		const uint32_t *line = source + (size_t)(from_y - from->y) * from->width;
		uint32_t column = left / times - from->x;
		uint32_t rest = times - left % times;

		if (from_y == drawn_y) {
			memcpy(row, pixels + (size_t)(y - 1) * stride, (size_t)to->width * 4);
			continue;
		}
		drawn_y = from_y;
		for (uint32_t x = 0; x < to->width; x++) {
			row[x] = line[column];
			if (--rest == 0) {
				rest = times;
				column++;
			}
		}
	}
}

/* Where to blend between two pixels of a line, in 256ths. */
struct tap {
	uint32_t low, high, part;
};

/* `step` is a 2^32th of the picture's pixels to a screen pixel: what a screen pixel shows depends
 * on its place alone, so rectangles drawn one after the other join without a seam. */
static struct tap find_tap(uint32_t at, uint64_t step, uint32_t side)
{
	int64_t middle = (int64_t)(at * step + step / 2) - (1ll << 31);
	struct tap tap = { 0 };

	if (middle > 0) {
		tap.low = MIN((uint32_t)(middle >> 32), side - 1);
		tap.part = (uint32_t)(middle >> 24) & 0xff;
	}
	tap.high = MIN(tap.low + 1, side - 1);
	return tap;
}

/* All four colours at once, two by two. */
static uint32_t blend(uint32_t a, uint32_t b, uint32_t part)
{
	uint32_t odd_a = (a >> 8) & 0xff00ff;
	uint32_t even_a = a & 0xff00ff;
	uint32_t odd = odd_a * (256 - part) + ((b >> 8) & 0xff00ff) * part;
	uint32_t even = even_a * (256 - part) + (b & 0xff00ff) * part;

	return (odd & 0xff00ff00) | ((even >> 8) & 0xff00ff);
}

static void draw_blended(const struct fit *fit, const struct rect *from, const uint32_t *source,
			 const struct rect *to, uint8_t *pixels, uint32_t stride)
{
	uint64_t step_x = ((uint64_t)fit->width << 32) / fit->place.width;
	uint64_t step_y = ((uint64_t)fit->height << 32) / fit->place.height;
	uint32_t left = to->x - fit->place.x;
	uint32_t top = to->y - fit->place.y;

	for (uint32_t y = 0; y < to->height; y++) {
		struct tap v = find_tap(top + y, step_y, fit->height);
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);
		const uint32_t *low = source + (size_t)(v.low - from->y) * from->width;
		const uint32_t *high = source + (size_t)(v.high - from->y) * from->width;

		for (uint32_t x = 0; x < to->width; x++) {
			struct tap h = find_tap(left + x, step_x, fit->width);
			uint32_t a = h.low - from->x;
			uint32_t b = h.high - from->x;

			row[x] = blend(blend(low[a], low[b], h.part),
				       blend(high[a], high[b], h.part), v.part);
		}
	}
}

void fit_draw(const struct fit *fit, const struct rect *from, const uint32_t *source,
	      const struct rect *to, void *pixels, uint32_t stride)
{
	if (fit->factor) {
		draw_repeated(fit, from, source, to, pixels, stride);
	} else {
		draw_blended(fit, from, source, to, pixels, stride);
	}
}
