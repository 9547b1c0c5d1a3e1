/* SPDX-License-Identifier: MIT */
#include "display/damage.h"

#include "vmm/base/compiler.h"

/* What one addition may come apart into; a rectangle in more pieces is joined instead. */
#define PIECES_MAX DAMAGE_RECTS_MAX

static uint64_t area(const struct rect *r)
{
	return (uint64_t)r->width * r->height;
}

static bool covers(const struct rect *outer, const struct rect *inner)
{
	return inner->x >= outer->x && inner->y >= outer->y &&
	       inner->x + inner->width <= outer->x + outer->width &&
	       inner->y + inner->height <= outer->y + outer->height;
}

static bool overlap(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
	       b->y < a->y + a->height;
}

/* The pixels that the smallest rectangle around two disjoint ones has and they have not. */
static uint64_t waste(const struct rect *a, const struct rect *b)
{
	struct rect around = rect_around(a, b);

	return area(&around) - area(a) - area(b);
}

static void drop(struct damage *damage, size_t i)
{
	damage->rects[i] = damage->rects[--damage->count];
}

/* Adds `r` as one rectangle, grown around all that it meets on the way. There is room: either one
 * is free, or what called has just taken one out. */
static void join(struct damage *damage, struct rect r)
{
	for (size_t i = 0; i < damage->count;) {
		if (overlap(&damage->rects[i], &r)) {
			r = rect_around(&damage->rects[i], &r);
			drop(damage, i);
			i = 0;
		} else {
			i++;
		}
	}
	damage->rects[damage->count++] = r;
}

/* Makes one of the two whose union wastes the fewest pixels; there are at least two. */
static void join_nearest(struct damage *damage)
{
	uint64_t least = UINT64_MAX;
	size_t first = 0;
	size_t second = 1;
	struct rect around;

	for (size_t i = 0; i < damage->count; i++) {
		for (size_t k = i + 1; k < damage->count; k++) {
			uint64_t w = waste(&damage->rects[i], &damage->rects[k]);

			if (w < least) {
				least = w;
				first = i;
				second = k;
			}
		}
	}
	around = rect_around(&damage->rects[first], &damage->rects[second]);
	drop(damage, second);
	drop(damage, first);
	join(damage, around);
}

static bool overlaps_any(const struct damage *damage, const struct rect *r)
{
	for (size_t i = 0; i < damage->count; i++) {
		if (overlap(&damage->rects[i], r)) {
			return true;
		}
	}
	return false;
}

/* Adds a rectangle that overlaps none. Those that continue it without waste become one with it. */
static void append(struct damage *damage, struct rect r)
{
	for (size_t i = 0; i < damage->count;) {
		if (waste(&damage->rects[i], &r) == 0) {
			r = rect_around(&damage->rects[i], &r);
			drop(damage, i);
			i = 0;
		} else {
			i++;
		}
	}
	if (damage->count == DAMAGE_RECTS_MAX) {
		join_nearest(damage);
		join(damage, r);
		return;
	}
	damage->rects[damage->count++] = r;
}

/* Up to four pieces of `r` that lie outside `hole`, which overlaps it: above, below, left, right.
 * Returns how many. */
static size_t cut(const struct rect *r, const struct rect *hole, struct rect out[4])
{
	struct rect both = rect_intersect(r, hole);
	const struct rect pieces[4] = {
		{ r->x, r->y, r->width, both.y - r->y },
		{ r->x, both.y + both.height, r->width, r->y + r->height - (both.y + both.height) },
		{ r->x, both.y, both.x - r->x, both.height },
		{ both.x + both.width, both.y, r->x + r->width - (both.x + both.width),
		  both.height },
	};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (!rect_is_empty(&pieces[i])) {
			out[count++] = pieces[i];
		}
	}
	return count;
}

/* What of pieces[0] no rectangle of the damage covers, in disjoint pieces. Returns how many; more
 * than PIECES_MAX: too many to be worth it. */
static size_t uncovered(const struct damage *damage, struct rect pieces[PIECES_MAX])
{
	size_t count = 1;

	for (size_t i = 0; i < damage->count; i++) {
		for (size_t k = count; k-- > 0;) {
			struct rect parts[4];
			size_t n;

			if (!overlap(&pieces[k], &damage->rects[i])) {
				continue;
			}
			n = cut(&pieces[k], &damage->rects[i], parts);
			if (count - 1 + n > PIECES_MAX) {
				return PIECES_MAX + 1;
			}
			pieces[k] = pieces[--count];
			for (size_t p = 0; p < n; p++) {
				pieces[count++] = parts[p];
			}
		}
	}
	return count;
}

void damage_add(struct damage *damage, const struct rect *r)
{
	struct rect pieces[PIECES_MAX] = { *r };
	size_t count;

	if (rect_is_empty(r)) {
		return;
	}
	for (size_t i = damage->count; i-- > 0;) {
		if (covers(&damage->rects[i], r)) {
			return;
		}
		if (covers(r, &damage->rects[i])) {
			drop(damage, i);
		}
	}
	count = uncovered(damage, pieces);
	if (count > PIECES_MAX) {
		/* The one that it overlaps makes room. */
		join(damage, *r);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		/* Joining others to make room for the last piece may have reached this one. */
		if (overlaps_any(damage, &pieces[i])) {
			join(damage, pieces[i]);
		} else {
			append(damage, pieces[i]);
		}
	}
}

void damage_add_all(struct damage *damage, const struct damage *other)
{
	for (size_t i = 0; i < other->count; i++) {
		damage_add(damage, &other->rects[i]);
	}
}

void damage_clip(struct damage *damage, uint32_t width, uint32_t height)
{
	const struct rect all = { 0, 0, width, height };

	for (size_t i = damage->count; i-- > 0;) {
		damage->rects[i] = rect_intersect(&damage->rects[i], &all);
		if (rect_is_empty(&damage->rects[i])) {
			drop(damage, i);
		}
	}
}

uint64_t damage_pixels(const struct damage *damage)
{
	uint64_t pixels = 0;

	for (size_t i = 0; i < damage->count; i++) {
		pixels += area(&damage->rects[i]);
	}
	return pixels;
}
