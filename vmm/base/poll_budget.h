/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_POLL_BUDGET_H
#define THUNDERLAKE_VMM_BASE_POLL_BUDGET_H

#include <stdint.h>

#define POLL_BUDGET_MAX_NS   50000
#define POLL_BUDGET_START_NS 5000

/* How long polling is given up for when another thread wanted the processor: longer each time it
 * happens again soon. */
#define POLL_PAUSE_MIN_NS 1000000
#define POLL_PAUSE_MAX_NS 1000000000

/* How long a loop may spin before it sleeps, learnt from how its sleeps and spins ended.
 * Zero-initialised: starts without polling. One thread. Times are those of clock_now_ns. */
struct poll_budget {
	uint64_t budget_ns;
	uint64_t pause_ns; /* the last pause's length */
	uint64_t pause_end_ns;
};

/* 0: sleep at once. */
uint64_t poll_budget_ns(const struct poll_budget *budget, uint64_t now_ns);

/* The loop slept for `slept_ns` after polling found nothing (or was not tried). */
void poll_budget_slept(struct poll_budget *budget, uint64_t slept_ns);

/* Another thread wanted the processor while the loop polled. */
void poll_budget_contended(struct poll_budget *budget, uint64_t now_ns);

#endif
