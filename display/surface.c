/* SPDX-License-Identifier: MIT */
#include "display/surface.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "display/pixels.h"
#include "vmm/base/compiler.h"
#include "vmm/base/thread.h"

/* A piece of memory and where in the surface it begins. */
struct piece {
	uint64_t offset;
	uint64_t length;
	const uint8_t *base;
};

struct surface {
	struct surface_layout layout;
	uint64_t offset; /* of the first row */
	atomic_uint references;

	struct mutex lock;
	struct condition no_readers;
	unsigned readers; /* guarded by lock, as is revoked */
	bool revoked;

	size_t piece_count;
	struct piece pieces[];
};

/* --- making --- */

static bool is_sane(const struct surface_layout *layout)
{
	return layout->width > 0 && layout->width <= SURFACE_SIDE_MAX && layout->height > 0 &&
	       layout->height <= SURFACE_SIDE_MAX &&
	       layout->stride >= layout->width * SURFACE_PIXEL_BYTES &&
	       (unsigned)layout->format <= SURFACE_ABGR;
}

/* Bytes up to the end of the last row, from the first row on. */
static uint64_t bytes_needed(const struct surface_layout *layout)
{
	return (uint64_t)layout->stride * (layout->height - 1) +
	       (uint64_t)layout->width * SURFACE_PIXEL_BYTES;
}

static int copy_pieces(struct surface *surface, const struct iovec *pieces, size_t count)
{
	uint64_t end = 0;
	uint64_t needed;

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].iov_len == 0) {
			continue;
		}
		surface->pieces[surface->piece_count++] =
			(struct piece){ end, pieces[i].iov_len, pieces[i].iov_base };
		if (__builtin_add_overflow(end, pieces[i].iov_len, &end)) {
			return -EINVAL;
		}
	}
	if (__builtin_add_overflow(surface->offset, bytes_needed(&surface->layout), &needed) ||
	    needed > end) {
		return -EINVAL;
	}
	return 0;
}

int surface_create(const struct surface_layout *layout, const struct iovec *pieces, size_t count,
		   size_t offset, struct surface **out)
{
	struct surface *surface;
	size_t size;
	int code;

	*out = NULL;
	if (!is_sane(layout) || __builtin_mul_overflow(count, sizeof(struct piece), &size) ||
	    __builtin_add_overflow(size, sizeof(*surface), &size)) {
		return -EINVAL;
	}
	surface = calloc(1, size);
	if (!surface) {
		return -ENOMEM;
	}
	surface->layout = *layout;
	surface->offset = offset;
	atomic_init(&surface->references, 1);
	code = copy_pieces(surface, pieces, count);
	if (code < 0) {
		free(surface);
		return code;
	}
	mutex_init(&surface->lock);
	condition_init(&surface->no_readers);
	*out = surface;
	return 0;
}

struct surface *surface_get(struct surface *surface)
{
	(void)atomic_fetch_add_explicit(&surface->references, 1, memory_order_relaxed);
	return surface;
}

void surface_put(struct surface *surface)
{
	/* The last one sees all that the others did. */
	if (!surface ||
	    atomic_fetch_sub_explicit(&surface->references, 1, memory_order_acq_rel) != 1) {
		return;
	}
	condition_finish(&surface->no_readers);
	mutex_finish(&surface->lock);
	free(surface);
}

const struct surface_layout *surface_layout(const struct surface *surface)
{
	return &surface->layout;
}

/* --- readers --- */

void surface_revoke(struct surface *surface)
{
	mutex_lock(&surface->lock);
	surface->revoked = true;
	while (surface->readers > 0) {
		condition_wait(&surface->no_readers, &surface->lock);
	}
	mutex_unlock(&surface->lock);
}

static bool begin_read(struct surface *surface)
{
	bool is_there;

	mutex_lock(&surface->lock);
	is_there = !surface->revoked;
	surface->readers += is_there;
	mutex_unlock(&surface->lock);
	return is_there;
}

static void end_read(struct surface *surface)
{
	mutex_lock(&surface->lock);
	if (--surface->readers == 0 && surface->revoked) {
		condition_wake_all(&surface->no_readers);
	}
	mutex_unlock(&surface->lock);
}

/* The piece that holds the byte at `offset`, which is inside. */
static size_t find_piece(const struct surface *surface, uint64_t offset)
{
	size_t low = 0;
	size_t high = surface->piece_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (surface->pieces[middle].offset <= offset) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Puts bytes that lie in several pieces, the first being `piece`, into one row. */
static void gather(const struct surface *surface, size_t piece, uint64_t offset, uint8_t *out,
		   size_t length)
{
	while (length > 0) {
		const struct piece *p = &surface->pieces[piece++];
		uint64_t start = offset - p->offset;
		size_t n = MIN(length, p->length - start);

		memcpy(out, p->base + start, n);
		out += n;
		offset += n;
		length -= n;
	}
}

static void read_rows(const struct surface *surface, const struct rect *part,
		      const struct pixels_rule *rule, uint8_t *out, size_t stride)
{
	const size_t length = (size_t)part->width * SURFACE_PIXEL_BYTES;
	uint64_t offset = surface->offset + (uint64_t)part->y * surface->layout.stride +
			  (uint64_t)part->x * SURFACE_PIXEL_BYTES;
	size_t piece = find_piece(surface, offset);

	for (uint32_t y = 0; y < part->height; y++) {
		const struct piece *p = &surface->pieces[piece];

		if (offset - p->offset >= p->length) {
			piece = find_piece(surface, offset);
			p = &surface->pieces[piece];
		}
		if (offset - p->offset + length <= p->length) {
			pixels_convert(rule, p->base + (offset - p->offset), out, part->width);
		} else {
			gather(surface, piece, offset, out, length);
			pixels_convert(rule, out, out, part->width);
		}
		offset += surface->layout.stride;
		out += stride;
	}
}

static void read_black(const struct rect *part, uint8_t *out, size_t stride)
{
	for (uint32_t y = 0; y < part->height; y++) {
		pixels_fill_black(out, part->width);
		out += stride;
	}
}

void surface_read(struct surface *surface, const struct rect *part, enum surface_alpha alpha,
		  void *pixels, size_t stride)
{
	const struct pixels_rule rule = { surface->layout.format, alpha };

	if (rect_is_empty(part)) {
		return;
	}
	if (!begin_read(surface)) {
		read_black(part, pixels, stride);
		return;
	}
	read_rows(surface, part, &rule, pixels, stride);
	end_read(surface);
}
