/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_smp.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/guest/mini.h"

TestSuite(smp, .timeout = 60);

static struct mini mini;

static void expect_reports(void)
{
	const struct test_report *reports =
		guest_mem_slice(mini.mem, TEST_REPORTS_GPA, TEST_CPUS * sizeof(*reports));

	for (unsigned i = 0; i < TEST_CPUS; i++) {
		cr_assert(eq(uint, reports[i].ready, 1));
		cr_assert(eq(uint, reports[i].lapic_id, i));
		cr_assert(eq(uint, reports[i].cpuid_1_id, i));
		cr_assert(eq(uint, reports[i].hypervisor, 1));
		/* Old AMD processors do not have leaf 0xb. */
		if (reports[i].cpuid_0xb_id != UINT32_MAX) {
			cr_assert(eq(uint, reports[i].cpuid_0xb_id, i));
			cr_assert(eq(uint, reports[i].core_count, TEST_CPUS));
		}
	}
}

Test(smp, all_processors_start_by_init_and_sipi)
{
	mini_make(&mini, &(struct mini_config){ .cpus = TEST_CPUS });
	mini_boot(&mini, "smp", "");
	mini_expect_finish(&mini, 0);
	expect_reports();
	mini_finish(&mini);
}

/* The other processors sleep in hlt when the reset comes, and wait for a SIPI after it. */
Test(smp, all_processors_start_again_after_a_reset)
{
	mini_make(&mini, &(struct mini_config){ .cpus = TEST_CPUS });
	for (unsigned round = 0; round < 3; round++) {
		cr_assert(eq(int, guest_mem_clear(mini.mem), 0));
		mini_boot(&mini, "smp", "");
		mini_expect_finish(&mini, 0);
		expect_reports();
	}
	mini_finish(&mini);
}
