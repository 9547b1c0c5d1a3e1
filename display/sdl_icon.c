/* SPDX-License-Identifier: MIT */
#include "display/sdl_icon.h"

#include <stdbool.h>

#include "display/sdl_library.h"
#include "vmm/base/compiler.h"

#define SIDE	64
#define SAMPLES 4 /* per pixel and side, for smooth edges */
#define CORNER	13.0f
#define SHORE	46.0f

struct colour {
	float red, green, blue, alpha;
};

static const float bolt[][2] = { { 36, 5 },  { 17, 33 }, { 29, 33 }, { 24, 56 },
				 { 48, 24 }, { 35, 24 }, { 43, 5 } };

/* Whether a ray from the point crosses the outline an odd number of times. */
static bool is_in_bolt(float x, float y)
{
	bool is_inside = false;

	for (size_t i = 0, j = ARRAY_SIZE(bolt) - 1; i < ARRAY_SIZE(bolt); j = i++) {
		const float *a = bolt[i];
		const float *b = bolt[j];

		if ((a[1] > y) != (b[1] > y) &&
		    x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]) {
			is_inside = !is_inside;
		}
	}
	return is_inside;
}

/* A square with round corners. */
static bool is_in_frame(float x, float y)
{
	float across = MAX(MAX(CORNER - x, x - (SIDE - CORNER)), 0);
	float down = MAX(MAX(CORNER - y, y - (SIDE - CORNER)), 0);

	return across * across + down * down <= CORNER * CORNER;
}

static struct colour colour_at(float x, float y)
{
	float depth = y / SIDE;
	/* The lake: small waves, which shift what is mirrored. */
	int wave = ((int)(y - SHORE) / 3) % 2 ? 2 : -2;

	if (!is_in_frame(x, y)) {
		return (struct colour){ 0, 0, 0, 0 };
	}
	if (is_in_bolt(x, y)) {
		return (struct colour){ 255, 214 - 60 * depth, 60, 255 };
	}
	if (y < SHORE) {
		return (struct colour){ 24 + 30 * depth, 32 + 44 * depth, 66 + 70 * depth, 255 };
	}
	if (is_in_bolt(x + (float)wave, 2 * SHORE - y)) {
		return (struct colour){ 150, 150, 110, 255 };
	}
	return (struct colour){ 20, 92 - 20 * depth, 140 + (float)wave * 6, 255 };
}

static uint32_t pixel_at(int x, int y)
{
	struct colour sum = { 0 };
	float all = SAMPLES * SAMPLES;

	for (int i = 0; i < SAMPLES * SAMPLES; i++) {
		struct colour c = colour_at((float)x + (float)(i % SAMPLES) / SAMPLES,
					    (float)y + (float)i / SAMPLES / SAMPLES);

		sum.red += c.red;
		sum.green += c.green;
		sum.blue += c.blue;
		sum.alpha += c.alpha;
	}
	/* Straight alpha: what is outside has no colour to mix in. */
	all = sum.alpha > 0 ? sum.alpha / 255 : all;
	return (uint32_t)(sum.alpha / (SAMPLES * SAMPLES)) << 24 | (uint32_t)(sum.red / all) << 16 |
	       (uint32_t)(sum.green / all) << 8 | (uint32_t)(sum.blue / all);
}

void sdl_icon_set(struct SDL_Window *window)
{
	SDL_Surface *icon =
		sdl.CreateRGBSurfaceWithFormat(0, SIDE, SIDE, 32, SDL_PIXELFORMAT_ARGB8888);

	if (!icon) {
		return;
	}
	for (int y = 0; y < SIDE; y++) {
		uint32_t *row = (uint32_t *)(void *)((uint8_t *)icon->pixels +
						     (size_t)y * (size_t)icon->pitch);

		for (int x = 0; x < SIDE; x++) {
			row[x] = pixel_at(x, y);
		}
	}
	sdl.SetWindowIcon(window, icon);
	sdl.FreeSurface(icon);
}
