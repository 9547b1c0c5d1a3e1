/* SPDX-License-Identifier: MIT */
#include "vmm/base/histogram.h"

#include "vmm/base/compiler.h"

#define PER_POWER (UINT32_C(1) << HISTOGRAM_BUCKET_BITS)

/* Values below PER_POWER have a bucket each; then the highest bit chooses a row of PER_POWER
 * buckets, and the bits below it the place in that row. */
static uint32_t bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < PER_POWER) {
		return (uint32_t)value;
	}
	shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BUCKET_BITS;
	return (shift + 1) * PER_POWER + (uint32_t)((value >> shift) - PER_POWER);
}

static uint64_t middle_of(uint32_t bucket)
{
	unsigned shift;
	uint64_t first;

	if (bucket < PER_POWER) {
		return bucket;
	}
	shift = bucket / PER_POWER - 1;
	first = (uint64_t)(bucket % PER_POWER + PER_POWER) << shift;
	return first + ((UINT64_C(1) << shift) >> 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	uint64_t cut = MIN(value, HISTOGRAM_VALUE_MAX);

	histogram->count++;
	histogram->max = MAX(histogram->max, cut);
	histogram->buckets[bucket_of(cut)]++;
}

void histogram_clear(struct histogram *histogram)
{
	*histogram = (struct histogram){ 0 };
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned permille)
{
	/* The rank of the value asked for, from 1, rounded up. */
	uint64_t rank = (histogram->count * MIN(permille, 1000u) + 999) / 1000;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank && seen > 0) {
			uint64_t middle = middle_of(i);

			return MIN(middle, histogram->max);
		}
	}
	return 0;
}
