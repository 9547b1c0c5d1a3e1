/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_HISTOGRAM_H
#define THUNDERLAKE_VMM_BASE_HISTOGRAM_H

#include <stdint.h>

/*
 * How often values of which size came, in fixed memory: small values exactly, larger ones in 64
 * buckets for each power of two, so that a percentile is at most 1/128 off. Values beyond
 * HISTOGRAM_VALUE_MAX (18 minutes, of nanoseconds) count as that large. Zero-initialised: empty.
 * The caller locks.
 */
#define HISTOGRAM_VALUE_BITS  40u
#define HISTOGRAM_VALUE_MAX   ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)
#define HISTOGRAM_BUCKET_BITS 6u /* of the buckets for one power of two */
#define HISTOGRAM_BUCKETS                                     \
	((HISTOGRAM_VALUE_BITS - HISTOGRAM_BUCKET_BITS + 1) * \
	 (UINT32_C(1) << HISTOGRAM_BUCKET_BITS))

struct histogram {
	uint64_t count;
	uint64_t max; /* exactly */
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_clear(struct histogram *histogram);

/* The value that `permille` of a thousand do not exceed: 500 for the median; the middle of its
 * bucket, never above the maximum. 0 when empty. */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned permille);

#endif
