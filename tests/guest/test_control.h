/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_CONTROL_H
#define THUNDERLAKE_TESTS_GUEST_TEST_CONTROL_H

/* What test_control.c and payload_control.c agree on. */
#define TEST_COUNTER_GPA 0x20000
#define TEST_NOWHERE_GPA 0xd0000000
#define TEST_IN_PORT	 0x1000
#define TEST_IN_VALUE	 0x5a

#endif
