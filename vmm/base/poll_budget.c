/* SPDX-License-Identifier: MIT */
#include "vmm/base/poll_budget.h"

#include "vmm/base/compiler.h"

uint64_t poll_budget_ns(const struct poll_budget *budget)
{
	return budget->budget_ns;
}

void poll_budget_hit(struct poll_budget *budget UNUSED)
{
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
