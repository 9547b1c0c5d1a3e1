/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_CLOCK_H
#define THUNDERLAKE_TESTS_GUEST_TEST_CLOCK_H

/* What test_clock.c and payload_clock.c agree on: where the guest writes its time stamp counter. */
#define TEST_TSC_GPA 0x20000

#endif
