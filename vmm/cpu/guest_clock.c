/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/guest_clock.h"

#include <errno.h>

#include "vmm/base/log.h"

#define TAG	     "clock"
#define MSR_IA32_TSC 0x10u

static int read_tsc(struct kvm_vcpu *vcpu, uint64_t *out)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry.index = MSR_IA32_TSC };
	int count = kvm_vcpu_get_msrs(vcpu, &msrs.head);

	*out = msrs.entry.data;
	return count == 1 ? 0 : -ENOTSUP;
}

/* Always in the same order and as fast, so that the two clocks stay where they were to each other.
 */
static void look(struct guest_clock *clock, struct kvm *kvm, struct kvm_vcpu *first)
{
	struct kvm_clock_data data = { 0 };

	clock->has_ns = kvm_get_clock(kvm, &data) == 0;
	clock->has_tsc = read_tsc(first, &clock->tsc) == 0;
	clock->ns = data.clock;
}

void guest_clock_hold(struct guest_clock *clock, struct kvm *kvm, struct kvm_vcpu *first)
{
	clock->is_held = true;
	look(clock, kvm, first);
}

static int turn_counter_back(struct kvm_vcpu *vcpu, uint64_t ticks)
{
	uint64_t offset;
	int code = kvm_vcpu_get_tsc_offset(vcpu, &offset);

	return code == 0 ? kvm_vcpu_set_tsc_offset(vcpu, offset - ticks) : code;
}

/* It has gone on since it was looked at. */
static int turn_clock_back(struct kvm *kvm, uint64_t ns)
{
	struct kvm_clock_data data = { 0 };
	int code = kvm_get_clock(kvm, &data);

	if (code < 0) {
		return code;
	}
	data = (struct kvm_clock_data){ .clock = data.clock - ns };
	return kvm_set_clock(kvm, &data);
}

void guest_clock_release(struct guest_clock *clock, struct kvm *kvm, struct kvm_vcpu *const *vcpus,
			 size_t count)
{
	struct guest_clock now = { 0 };
	int code = 0;

	if (!clock->is_held) {
		return;
	}
	clock->is_held = false;
	look(&now, kvm, vcpus[0]);
	for (size_t i = 0; i < count && clock->has_tsc && now.has_tsc && code == 0; i++) {
		code = turn_counter_back(vcpus[i], now.tsc - clock->tsc);
	}
	/* Last, as KVM computes kvm-clock from the counter. */
	if (clock->has_ns && now.has_ns && turn_clock_back(kvm, now.ns - clock->ns) < 0) {
		code = -ENOTSUP;
	}
	if (code < 0) {
		log_debug(TAG, "this host's KVM does not set the guest's clocks back");
	}
}

void guest_clock_forget(struct guest_clock *clock)
{
	clock->is_held = false;
}
