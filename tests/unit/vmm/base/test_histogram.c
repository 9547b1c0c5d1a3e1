/* SPDX-License-Identifier: MIT */
#include "vmm/base/histogram.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(histogram, .timeout = 10);

Test(histogram, empty_one_has_no_percentiles)
{
	static const struct histogram empty;

	cr_assert(eq(u64, histogram_percentile(&empty, 500), 0));
	cr_assert(eq(u64, histogram_percentile(&empty, 1000), 0));
}

Test(histogram, small_values_are_exact)
{
	static struct histogram h;

	for (uint64_t i = 1; i <= 50; i++) {
		histogram_add(&h, i);
	}
	cr_assert(eq(u64, h.count, 50));
	cr_assert(eq(u64, histogram_percentile(&h, 20), 1));
	cr_assert(eq(u64, histogram_percentile(&h, 500), 25));
	cr_assert(eq(u64, histogram_percentile(&h, 1000), 50));
	cr_assert(eq(u64, h.max, 50));
}

/* Each power of two and its neighbours: where a wrong bucket would show. */
Test(histogram, every_size_is_within_its_bucket)
{
	static struct histogram h;

	for (unsigned bit = 1; bit < HISTOGRAM_VALUE_BITS; bit++) {
		for (int64_t off = -1; off <= 1; off++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)off;
			uint64_t got;

			histogram_clear(&h);
			histogram_add(&h, value);
			histogram_add(&h, HISTOGRAM_VALUE_MAX); /* so that max cuts nothing */
			got = histogram_percentile(&h, 500);
			cr_assert(le(u64, got, value + value / 128 + 1));
			cr_assert(ge(u64, got, value - value / 128));
		}
	}
}

Test(histogram, values_beyond_the_range_count_as_its_end)
{
	static struct histogram h;

	histogram_add(&h, UINT64_MAX);
	cr_assert(eq(u64, h.max, HISTOGRAM_VALUE_MAX));
	cr_assert(le(u64, histogram_percentile(&h, 500), HISTOGRAM_VALUE_MAX));
	cr_assert(ge(u64, histogram_percentile(&h, 500), HISTOGRAM_VALUE_MAX / 128 * 127));
}

/* 1000 values, 16 ms but for 20 of 40 ms: p50 and p95 are the many, p99 the few. */
Test(histogram, percentiles_find_the_stutter)
{
	static struct histogram h;

	for (unsigned i = 0; i < 1000; i++) {
		histogram_add(&h, i % 50 == 0 ? 40000000 : 16000000);
	}
	cr_assert(le(u64, histogram_percentile(&h, 950), 16125000));
	cr_assert(ge(u64, histogram_percentile(&h, 950), 15875000));
	cr_assert(ge(u64, histogram_percentile(&h, 990), 39687500));
	cr_assert(eq(u64, h.max, 40000000));
}
