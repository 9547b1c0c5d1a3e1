/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_POLL_BUDGET_H
#define THUNDERLAKE_VMM_BASE_POLL_BUDGET_H

#include <stdint.h>

#define POLL_BUDGET_MAX_NS   50000
#define POLL_BUDGET_START_NS 5000

/* How long a loop may spin before it sleeps, learnt from how its sleeps and spins ended.
 * Zero-initialised: starts without polling. One thread. */
struct poll_budget {
	uint64_t budget_ns;
};

uint64_t poll_budget_ns(const struct poll_budget *budget);

/* Polling found work. */
void poll_budget_hit(struct poll_budget *budget);

/* The loop slept for `slept_ns` after polling found nothing (or was not tried). */
void poll_budget_slept(struct poll_budget *budget, uint64_t slept_ns);

#endif
