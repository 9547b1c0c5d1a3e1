/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_CONTENTION_H
#define THUNDERLAKE_VMM_BASE_CONTENTION_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the calling thread would keep others from a processor by spinning. Zero-initialised; one
 * thread. */
struct contention {
	long switches; /* involuntary ones at the last look */
	uint64_t next_look_ns;
	bool has_one_cpu;
};

/* Whether the thread may run on a single processor only: then whoever it waits for cannot run while
 * it spins. Looks again now and then. */
bool contention_has_one_cpu(struct contention *c, uint64_t now_ns);

/* Whether the thread lost its processor to another one since the last call. */
bool contention_was_preempted(struct contention *c);

#endif
