/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_TEST_SMP_H
#define THUNDERLAKE_TESTS_GUEST_TEST_SMP_H

/* What test_smp.c and payload_smp.c agree on. */
#define TEST_CPUS 3

/* What each processor says of itself, written by its index. */
#define TEST_REPORTS_GPA 0x20000
struct test_report {
	unsigned ready;
	unsigned lapic_id;
	unsigned cpuid_1_id;   /* CPUID leaf 1, EBX 31:24 */
	unsigned cpuid_0xb_id; /* CPUID leaf 0xb, EDX; all ones without that leaf */
	unsigned core_count;   /* CPUID leaf 0xb subleaf 1, EBX */
	unsigned hypervisor;   /* CPUID leaf 1, ECX bit 31 */
};

#endif
