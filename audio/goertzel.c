/* SPDX-License-Identifier: MIT */
#include "audio/goertzel.h"

#include <math.h>

#include "vmm/base/compiler.h"

#define TWO_PI 6.283185307179586

static void begin_block(struct goertzel *goertzel)
{
	goertzel->count = 0;
	goertzel->energy = 0;
	goertzel->loudest = 0;
	goertzel->cosine = 1;
	goertzel->last_cosine = goertzel->turn / 2; /* cosine is even */
	for (unsigned i = 0; i < goertzel->bins; i++) {
		goertzel->bin[i].s1 = 0;
		goertzel->bin[i].s2 = 0;
	}
}

void goertzel_init(struct goertzel *goertzel, uint32_t rate_hz, uint32_t hz, uint32_t tolerance_hz)
{
	uint32_t length = MAX(rate_hz * GOERTZEL_BLOCK_MS / 1000,
			      GOERTZEL_PERIODS_MIN * rate_hz / MAX(hz, 1u));
	double resolution_hz = (double)rate_hz / length;
	double reach_hz = tolerance_hz + resolution_hz;
	double last_hz = MIN(hz + reach_hz, rate_hz / 2.0);

	*goertzel = (struct goertzel){
		.length = length,
		.first_hz = MAX(hz - reach_hz, 0.0),
		.spacing_hz = resolution_hz / 2,
		.turn = 2 * cos(TWO_PI / length),
	};
	while (goertzel->bins < GOERTZEL_BINS_MAX) {
		double bin_hz = goertzel->first_hz + goertzel->bins * goertzel->spacing_hz;

		if (bin_hz > last_hz + goertzel->spacing_hz / 2) {
			break;
		}
		goertzel->bin[goertzel->bins++].coefficient = 2 * cos(TWO_PI * bin_hz / rate_hz);
	}
	begin_block(goertzel);
}

static double power(const struct goertzel_bin *bin)
{
	return bin->s1 * bin->s1 + bin->s2 * bin->s2 - bin->coefficient * bin->s1 * bin->s2;
}

/* The summit of the parabola through three points at -1, 0 and 1, of which the middle one is
 * highest. */
static double summit(double left, double middle, double right)
{
	double bend = left - 2 * middle + right;

	return bend < 0 ? (left - right) / (2 * bend) : 0;
}

static void finish_block(const struct goertzel *goertzel, struct goertzel_block *block)
{
	unsigned best = 0;
	double most = 0;

	for (unsigned i = 0; i < goertzel->bins; i++) {
		if (power(&goertzel->bin[i]) > most) {
			most = power(&goertzel->bin[i]);
			best = i;
		}
	}
	*block = (struct goertzel_block){ .loudest = goertzel->loudest };
	if (most <= 0 || goertzel->energy <= 0 || best == 0 || best + 1 == goertzel->bins) {
		return; /* nothing, or the peak is outside */
	}
	/* A tone alone has a third of length times energy under this window. */
	block->share = MIN(3 * most / (goertzel->length * goertzel->energy), 1.0);
	block->hz = goertzel->first_hz +
		    goertzel->spacing_hz *
			    (best + summit(log(power(&goertzel->bin[best - 1]) + 1e-30), log(most),
					   log(power(&goertzel->bin[best + 1]) + 1e-30)));
}

static void add_sample(struct goertzel *goertzel, float sample)
{
	double windowed = sample * (0.5 - 0.5 * goertzel->cosine);
	double next = goertzel->turn * goertzel->cosine - goertzel->last_cosine;

	goertzel->last_cosine = goertzel->cosine;
	goertzel->cosine = next;
	goertzel->energy += windowed * windowed;
	goertzel->loudest = MAX(goertzel->loudest, fabsf(sample));
	for (unsigned i = 0; i < goertzel->bins; i++) {
		struct goertzel_bin *bin = &goertzel->bin[i];
		double s = windowed + bin->coefficient * bin->s1 - bin->s2;

		bin->s2 = bin->s1;
		bin->s1 = s;
	}
}

size_t goertzel_add(struct goertzel *goertzel, const float *samples, size_t count, bool *is_full,
		    struct goertzel_block *block)
{
	size_t taken = MIN(count, goertzel->length - goertzel->count);

	for (size_t i = 0; i < taken; i++) {
		add_sample(goertzel, samples[i]);
	}
	goertzel->count += (uint32_t)taken;
	*is_full = goertzel->count == goertzel->length;
	if (*is_full) {
		finish_block(goertzel, block);
		begin_block(goertzel);
	}
	return taken;
}
