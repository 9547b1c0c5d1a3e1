/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/msr.c vmm/kvm/ */
#include "vmm/cpu/msr.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(msr, .timeout = 10);

Test(msr, clocks_start_at_zero)
{
	static const uint32_t CLOCKS[] = { 0x10, 0x11, 0x12, 0x4b564d00, 0x4b564d01 };

	for (size_t i = 0; i < ARRAY_SIZE(CLOCKS); i++) {
		cr_assert(eq(u64, msr_power_on_value(CLOCKS[i], 0x1234), 0));
	}
}

Test(msr, memory_is_write_back)
{
	cr_assert(eq(u64, msr_power_on_value(0x2ff, 0), 0x806));
	cr_assert(eq(u64, msr_power_on_value(0x277, 0), 0x0007040600070406));
}

/* The host's bits stay: they say what it lacks. */
Test(msr, fast_strings_are_on)
{
	cr_assert(eq(u64, msr_power_on_value(0x1a0, 0x1800), 0x1801));
}

Test(msr, others_keep_their_value)
{
	cr_assert(eq(u64, msr_power_on_value(0xc0000081, 7), 7));
}

Test(msr, descriptions_are_not_state)
{
	/* APIC base, microcode, capabilities, VMX, Hyper-V. */
	static const uint32_t OTHERS[] = {
		0x1b, 0x8b, 0x10a, 0x480, 0x491, 0x40000000, 0x40000118
	};

	for (size_t i = 0; i < ARRAY_SIZE(OTHERS); i++) {
		cr_assert(not(msr_is_state(OTHERS[i])));
	}
	/* TSC, SYSENTER, EFER's neighbour STAR, kvm-clock. */
	cr_assert(msr_is_state(0x10));
	cr_assert(msr_is_state(0x174));
	cr_assert(msr_is_state(0xc0000081));
	cr_assert(msr_is_state(0x4b564d01));
}
