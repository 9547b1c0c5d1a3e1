/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_CLOCK_H
#define THUNDERLAKE_VMM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* Nanoseconds of CLOCK_MONOTONIC. Any thread. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

#endif
