/* SPDX-License-Identifier: MIT */
/* Tells its time stamp counter again and again (test_clock.c). */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_clock.h"

static uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

void payload_main(const char *command_line)
{
	(void)command_line;
	/* In ring 3, a software KVM would let it read the host's. */
	for (;;) {
		*mmio64(TEST_TSC_GPA) = read_tsc();
	}
}
