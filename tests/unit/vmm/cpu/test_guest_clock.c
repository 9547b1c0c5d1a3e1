/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/guest_clock.c */
#include "vmm/cpu/guest_clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

TestSuite(guest_clock, .timeout = 10);

/* --- a KVM whose time the tests set --- */

#define CPUS 2u

static struct {
	uint64_t ns; /* of the host since it started, and of kvm-clock but for `clock_offset` */
	uint64_t clock_offset;
	uint64_t tsc;		/* of the host */
	uint64_t offsets[CPUS]; /* by the descriptor of a vCPU */
	bool has_offsets;
	unsigned clock_sets;
} host;

static struct kvm_vcpu vcpus[CPUS] = { { .fd = 0 }, { .fd = 1 } };
static struct kvm_vcpu *const all[CPUS] = { &vcpus[0], &vcpus[1] };
static struct guest_clock guest_clock;

int kvm_get_clock(struct kvm *kvm UNUSED, struct kvm_clock_data *clock)
{
	clock->clock = host.ns + host.clock_offset;
	clock->flags = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
	return 0;
}

/* KVM takes only KVM_CLOCK_REALTIME, which would make up for the pause. */
int kvm_set_clock(struct kvm *kvm UNUSED, const struct kvm_clock_data *clock)
{
	cr_assert(eq(uint, clock->flags, 0));
	host.clock_offset = clock->clock - host.ns;
	host.clock_sets++;
	return 0;
}

int kvm_vcpu_get_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs *msrs)
{
	cr_assert(eq(uint, msrs->nmsrs, 1));
	msrs->entries[0].data = host.tsc + host.offsets[vcpu->fd];
	return 1;
}

int kvm_vcpu_get_tsc_offset(struct kvm_vcpu *vcpu, uint64_t *offset)
{
	*offset = host.offsets[vcpu->fd];
	return host.has_offsets ? 0 : -ENXIO;
}

int kvm_vcpu_set_tsc_offset(struct kvm_vcpu *vcpu, uint64_t offset)
{
	host.offsets[vcpu->fd] = offset;
	return 0;
}

/* The second processor's counter is 7 ticks ahead, as a guest may have set it. */
static void power_on(void)
{
	host.has_offsets = true;
	host.ns = 1000;
	host.tsc = 50000;
	host.offsets[0] = 0 - UINT64_C(40000);
	host.offsets[1] = host.offsets[0] + 7;
}

static void pass(uint64_t ns)
{
	host.ns += ns;
	host.tsc += 3 * ns;
}

/* --- tests --- */

Test(guest_clock, time_stands_while_held, .init = power_on)
{
	guest_clock_hold(&guest_clock, NULL, all[0]);
	pass(5000000);
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	cr_assert(eq(u64, host.ns + host.clock_offset, 1000));
	cr_assert(eq(u64, host.tsc + host.offsets[0], 10000));
	cr_assert(eq(u64, host.tsc + host.offsets[1], 10007));
}

Test(guest_clock, time_goes_on_between_two_pauses, .init = power_on)
{
	for (unsigned round = 0; round < 2; round++) {
		guest_clock_hold(&guest_clock, NULL, all[0]);
		pass(5000000);
		guest_clock_release(&guest_clock, NULL, all, CPUS);
		pass(100);
	}
	cr_assert(eq(u64, host.ns + host.clock_offset, 1200));
	cr_assert(eq(u64, host.tsc + host.offsets[0], 10600));
}

Test(guest_clock, host_without_offsets_holds_kvm_clock, .init = power_on)
{
	host.has_offsets = false;
	guest_clock_hold(&guest_clock, NULL, all[0]);
	pass(5000000);
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	cr_assert(eq(u64, host.ns + host.clock_offset, 1000));
	cr_assert(eq(u64, host.offsets[0], 0 - UINT64_C(40000)));
}

Test(guest_clock, nothing_is_released_twice_or_unheld, .init = power_on)
{
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	cr_assert(eq(uint, host.clock_sets, 0));
	guest_clock_hold(&guest_clock, NULL, all[0]);
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	cr_assert(eq(uint, host.clock_sets, 1));
}

/* Its counters begin at zero, and are not to begin before. */
Test(guest_clock, reset_while_held_keeps_the_new_time, .init = power_on)
{
	guest_clock_hold(&guest_clock, NULL, all[0]);
	pass(5000000);
	host.offsets[0] = 0 - host.tsc;
	guest_clock_forget(&guest_clock);
	guest_clock_release(&guest_clock, NULL, all, CPUS);
	cr_assert(eq(u64, host.tsc + host.offsets[0], 0));
}
