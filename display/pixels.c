/* SPDX-License-Identifier: MIT */
#include "display/pixels.h"

#include <stdint.h>
#include <string.h>

#include "vmm/base/compiler.h"

/* Four pixels at once, each a little-endian number: what the compilers make SSE2 of. */
typedef uint32_t pixels4 __attribute__((vector_size(16)));

#define LANES 4u
#define BLOCK (4 * LANES) /* one after the other takes half as long again */

static inline pixels4 swap_ends(pixels4 v)
{
	return (v << 24) | ((v & 0xff00u) << 8) | ((v >> 8) & 0xff00u) | (v >> 24);
}

/* 0xAABBGGRR and 0xAARRGGBB. */
static inline pixels4 swap_red_and_blue(pixels4 v)
{
	return (v & 0xff00ff00u) | ((v & 0xffu) << 16) | ((v >> 16) & 0xffu);
}

static inline pixels4 keep(pixels4 v)
{
	return v;
}

static inline pixels4 rotate(pixels4 v)
{
	return (v >> 8) | (v << 24);
}

static inline pixels4 load(const uint8_t *from)
{
	pixels4 v;

	memcpy(&v, from, sizeof(v));
	return v;
}

static inline void store(uint8_t *to, pixels4 v)
{
	memcpy(to, &v, sizeof(v));
}

/* One loop for each order of bytes, so that each is a handful of instructions. */
#define CONVERT_LOOP(order)                                                         \
	static void convert_##order(const uint8_t *from, uint8_t *to, size_t count, \
				    pixels4 opaque)                                 \
	{                                                                           \
		size_t i = 0;                                                       \
		pixels4 v = { 0 };                                                  \
                                                                                    \
		for (; i + BLOCK <= count; i += BLOCK) {                            \
			const uint8_t *source = from + i * SURFACE_PIXEL_BYTES;     \
			uint8_t *target = to + i * SURFACE_PIXEL_BYTES;             \
			pixels4 a = load(source), b = load(source + sizeof(v));     \
			pixels4 c = load(source + 2 * sizeof(v));                   \
			pixels4 d = load(source + 3 * sizeof(v));                   \
                                                                                    \
			store(target, order(a) | opaque);                           \
			store(target + sizeof(v), order(b) | opaque);               \
			store(target + 2 * sizeof(v), order(c) | opaque);           \
			store(target + 3 * sizeof(v), order(d) | opaque);           \
		}                                                                   \
		for (; i + LANES <= count; i += LANES) {                            \
			v = order(load(from + i * SURFACE_PIXEL_BYTES)) | opaque;   \
			store(to + i * SURFACE_PIXEL_BYTES, v);                     \
		}                                                                   \
		if (i < count) {                                                    \
			memcpy(&v, from + i * SURFACE_PIXEL_BYTES,                  \
			       (count - i) * SURFACE_PIXEL_BYTES);                  \
			v = order(v) | opaque;                                      \
			memcpy(to + i * SURFACE_PIXEL_BYTES, &v,                    \
			       (count - i) * SURFACE_PIXEL_BYTES);                  \
		}                                                                   \
	}

CONVERT_LOOP(keep)
CONVERT_LOOP(swap_red_and_blue)
CONVERT_LOOP(swap_ends)
CONVERT_LOOP(rotate)

static const struct {
	void (*convert)(const uint8_t *from, uint8_t *to, size_t count, pixels4 opaque);
	bool has_alpha;
} formats[] = {
	[SURFACE_BGRX] = { convert_keep, false },
	[SURFACE_BGRA] = { convert_keep, true },
	[SURFACE_RGBX] = { convert_swap_red_and_blue, false },
	[SURFACE_RGBA] = { convert_swap_red_and_blue, true },
	[SURFACE_XRGB] = { convert_swap_ends, false },
	[SURFACE_ARGB] = { convert_swap_ends, true },
	[SURFACE_XBGR] = { convert_rotate, false },
	[SURFACE_ABGR] = { convert_rotate, true },
};

void pixels_convert(const struct pixels_rule *rule, const void *from, void *to, size_t count)
{
	bool is_opaque = rule->alpha == SURFACE_OPAQUE ||
			 (rule->alpha == SURFACE_ALPHA && !formats[rule->format].has_alpha);
	uint32_t alpha = is_opaque ? 0xff000000u : 0;
	const pixels4 opaque = { alpha, alpha, alpha, alpha };

	/* libc copies by the widest vectors that this processor has. */
	if (!is_opaque && formats[rule->format].convert == convert_keep) {
		memmove(to, from, count * SURFACE_PIXEL_BYTES);
		return;
	}
	formats[rule->format].convert(from, to, count, opaque);
}

void pixels_fill_black(void *to, size_t count)
{
	static const uint8_t black[SURFACE_PIXEL_BYTES] = { 0, 0, 0, 0xff };
	uint8_t *bytes = to;

	for (size_t i = 0; i < count; i++) {
		memcpy(bytes + i * SURFACE_PIXEL_BYTES, black, sizeof(black));
	}
}
