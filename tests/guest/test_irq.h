/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_IRQ_H
#define THUNDERLAKE_TESTS_GUEST_TEST_IRQ_H

/* What test_irq.c and payload_irq.c agree on. */
#define TEST_MSI_ADDRESS 0xfee00000 /* processor 0 */
#define TEST_MSI_VECTOR	 0x41
#define TEST_LINE_VECTOR 0x42
#define TEST_LINE	 17
#define TEST_COUNT	 20

/* The device of the test: a byte each. */
#define TEST_IRQ_PORT  0x1000
#define TEST_IRQ_READY 0 /* write: handlers are in place */
#define TEST_IRQ_TAKEN 1 /* read: whether an interrupt is asked for; write: it was taken */

#endif
