/* SPDX-License-Identifier: MIT */
#include "vmm/base/contention.h"

#include <sched.h>
#include <sys/resource.h>

#define LOOK_INTERVAL_NS 100000000

bool contention_has_one_cpu(struct contention *c, uint64_t now_ns)
{
	cpu_set_t set;

	if (now_ns >= c->next_look_ns) {
		c->next_look_ns = now_ns + LOOK_INTERVAL_NS;
		/* A host with more processors than the set holds makes the call fail. */
		c->has_one_cpu =
			sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1;
	}
	return c->has_one_cpu;
}

bool contention_was_preempted(struct contention *c)
{
	struct rusage usage;
	long before = c->switches;

	if (getrusage(RUSAGE_THREAD, &usage) < 0) {
		return false;
	}
	c->switches = usage.ru_nivcsw;
	return c->switches != before;
}
