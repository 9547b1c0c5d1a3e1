/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_IO_H
#define THUNDERLAKE_TESTS_GUEST_TEST_IO_H

/* What test_io.c and payload_io.c agree on. */
#define TEST_PORT	   0x1000
#define TEST_PORT_COUNT	   16
#define TEST_FIFO_PORT	   0x1100
#define TEST_STRING_BYTES  1000 /* several exits of KVM, none of them a full one */
#define TEST_UNUSED_PORT   0x1200
#define TEST_DOORBELL_PORT 0x1300

#define TEST_GPA	    0xd0000000
#define TEST_GPA_BYTES	    0x1000
#define TEST_UNUSED_GPA	    0xd1000000
#define TEST_DOORBELL_GPA   0xd2000000
#define TEST_DOORBELL_VALUE 0x4321

#endif
