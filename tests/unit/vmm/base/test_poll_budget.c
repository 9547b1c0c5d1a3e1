/* SPDX-License-Identifier: MIT */
#include "vmm/base/poll_budget.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(poll_budget, .timeout = 10);

#define SHORT_SLEEP_NS 10000	/* polling would have caught it */
#define LONG_SLEEP_NS  10000000 /* polling would have been a waste */

static void sleep_times(struct poll_budget *budget, unsigned times, uint64_t slept_ns)
{
	for (unsigned i = 0; i < times; i++) {
		poll_budget_slept(budget, slept_ns);
	}
}

Test(poll_budget, starts_without_polling)
{
	struct poll_budget budget = { 0 };

	cr_assert(eq(u64, poll_budget_ns(&budget, 0), 0));
}

Test(poll_budget, grows_to_its_limit_by_short_sleeps)
{
	struct poll_budget budget = { 0 };

	sleep_times(&budget, 1, SHORT_SLEEP_NS);
	cr_assert(eq(u64, poll_budget_ns(&budget, 0), POLL_BUDGET_START_NS));
	sleep_times(&budget, 20, SHORT_SLEEP_NS);
	cr_assert(eq(u64, poll_budget_ns(&budget, 0), POLL_BUDGET_MAX_NS));
}

/* 50, 25, 12.5, 6.25, then below the start value. */
Test(poll_budget, shrinks_to_nothing_by_long_sleeps)
{
	struct poll_budget budget = { .budget_ns = POLL_BUDGET_MAX_NS };

	sleep_times(&budget, 4, LONG_SLEEP_NS);
	cr_assert(eq(u64, poll_budget_ns(&budget, 0), 0));
}

Test(poll_budget, pauses_when_contended)
{
	struct poll_budget budget = { .budget_ns = POLL_BUDGET_MAX_NS };
	const uint64_t now_ns = 5000000000;

	poll_budget_contended(&budget, now_ns);
	cr_assert(eq(u64, poll_budget_ns(&budget, now_ns), 0));
	cr_assert(eq(u64, poll_budget_ns(&budget, now_ns + POLL_PAUSE_MIN_NS), POLL_BUDGET_MAX_NS));
}

Test(poll_budget, repeated_pauses_grow_to_their_limit)
{
	struct poll_budget budget = { .budget_ns = POLL_BUDGET_MAX_NS };
	uint64_t now_ns = 5000000000;

	poll_budget_contended(&budget, now_ns);
	for (unsigned i = 0; i < 20; i++) {
		now_ns = budget.pause_end_ns;
		poll_budget_contended(&budget, now_ns);
	}
	cr_assert(eq(u64, budget.pause_end_ns - now_ns, POLL_PAUSE_MAX_NS));
}

Test(poll_budget, pause_after_a_quiet_time_is_short_again)
{
	struct poll_budget budget = { .budget_ns = POLL_BUDGET_MAX_NS,
				      .pause_ns = POLL_PAUSE_MAX_NS };
	const uint64_t now_ns = UINT64_C(100) * POLL_PAUSE_MAX_NS;

	poll_budget_contended(&budget, now_ns);
	cr_assert(eq(u64, budget.pause_ns, POLL_PAUSE_MIN_NS));
}
