/* SPDX-License-Identifier: MIT */
#include "vmm/base/poll_budget.h"

#include "vmm/base/compiler.h"

/* A pause counts as repeated when the next one comes within this many times its length. */
#define REPEAT_FACTOR 8

uint64_t poll_budget_ns(const struct poll_budget *budget, uint64_t now_ns)
{
	return now_ns < budget->pause_end_ns ? 0 : budget->budget_ns;
}

/* A sleep shorter than the longest budget would have been caught by polling; a longer one makes
 * polling a waste. */
void poll_budget_slept(struct poll_budget *budget, uint64_t slept_ns)
{
	if (slept_ns > POLL_BUDGET_MAX_NS) {
		budget->budget_ns /= 2;
		if (budget->budget_ns < POLL_BUDGET_START_NS) {
			budget->budget_ns = 0;
		}
	} else {
		budget->budget_ns =
			MIN(MAX(budget->budget_ns * 2, POLL_BUDGET_START_NS), POLL_BUDGET_MAX_NS);
	}
}

void poll_budget_contended(struct poll_budget *budget, uint64_t now_ns)
{
	if (now_ns < budget->pause_end_ns + REPEAT_FACTOR * budget->pause_ns) {
		budget->pause_ns = MIN(budget->pause_ns * 2, POLL_PAUSE_MAX_NS);
	} else {
		budget->pause_ns = POLL_PAUSE_MIN_NS;
	}
	budget->pause_end_ns = now_ns + budget->pause_ns;
}
