/* SPDX-License-Identifier: MIT */
/* LINK: audio/drift.c */
#include "audio/drift.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "vmm/base/clock.h"

#define MS UINT64_C(1000000)

TestSuite(drift, .timeout = 20);

/* A run of readings of a clock that is `ppm` too fast and shows `offset_ns` more at first. */
static void read_run(struct drift *drift, uint64_t start_ns, uint64_t seconds, int64_t ppm,
		     uint64_t offset_ns)
{
	for (uint64_t i = 0; i <= seconds * 50; i++) {
		uint64_t passed_ns = i * 20 * MS;
		int64_t extra_ns = (int64_t)passed_ns / 1000000 * ppm;

		drift_add(drift, start_ns + passed_ns,
			  start_ns + offset_ns + passed_ns + (uint64_t)extra_ns);
	}
	drift_end_run(drift);
}

static void check_ppm(const struct drift *drift, double ppm)
{
	cr_assert(gt(dbl, drift_slope(drift) * 1e6, ppm - 0.01));
	cr_assert(lt(dbl, drift_slope(drift) * 1e6, ppm + 0.01));
}

Test(drift, none_without_readings)
{
	struct drift drift = { 0 };

	cr_assert(eq(u64, drift_span_ns(&drift), 0));
	check_ppm(&drift, 0);
	drift_add(&drift, 5, 5);
	check_ppm(&drift, 0);
}

Test(drift, is_exact_after_a_day)
{
	struct drift drift = { 0 };

	read_run(&drift, UINT64_C(1) << 50, 86400, 37, 0);

	check_ppm(&drift, 37);
	cr_assert(eq(u64, drift_span_ns(&drift) / NS_PER_SECOND, 86400));
}

/* Both clocks jump between the runs; no line through all the readings would be right. */
Test(drift, runs_share_the_slope_and_nothing_else)
{
	struct drift drift = { 0 };

	read_run(&drift, 1 * NS_PER_SECOND, 5, -120, 0);
	read_run(&drift, 100 * NS_PER_SECOND, 5, -120, 700 * MS);
	read_run(&drift, 50 * NS_PER_SECOND, 5, -120, 3 * MS);

	check_ppm(&drift, -120);
	cr_assert(eq(u64, drift_span_ns(&drift) / MS, 15000));
}

Test(drift, longer_runs_weigh_more)
{
	struct drift drift = { 0 };

	read_run(&drift, 0, 100, 10, 0);
	read_run(&drift, 0, 1, 1000, 0);

	cr_assert(lt(dbl, drift_slope(&drift) * 1e6, 10.01));
}
