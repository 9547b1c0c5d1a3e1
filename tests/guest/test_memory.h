/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_MEMORY_H
#define THUNDERLAKE_TESTS_GUEST_TEST_MEMORY_H

/* What test_memory.c and payload_memory.c agree on. */
#define TEST_MEMORY_MIB	  3136 /* 64 MiB of it above 4 GiB */
#define TEST_LOW_LAST	  0xbffffff8
#define TEST_HOLE	  0xc0000000
#define TEST_HIGH_FIRST	  0x100000000
#define TEST_HIGH_LAST	  0x103fffff8
#define TEST_BEYOND	  0x104000000
#define TEST_PATTERN	  0x0123456789abcdefu
#define TEST_DIRTY_GPA	  0x2000000
#define TEST_DIRTY_PAGES  200
#define TEST_DIRTY_STRIDE 3 /* each third page is written */
#define TEST_SMALL_MIB	  64
#define TEST_WINDOW_GPA	  0xd0000000 /* where no RAM is */
#define TEST_WINDOW_PAGES 256

#endif
