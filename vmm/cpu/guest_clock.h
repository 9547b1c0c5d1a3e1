/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_GUEST_CLOCK_H
#define THUNDERLAKE_VMM_CPU_GUEST_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/kvm/kvm.h"

/*
 * The time that a guest reads by itself: kvm-clock, and the time stamp counter of each processor,
 * which Linux takes where the host says that it is invariant. KVM lets both run while no processor
 * does, so a guest that was paused would find that all its timeouts have passed: its sound driver
 * calls that a fault of the card, its disk driver one of the disk. So they are set back to when
 * the pause began. The battery-backed clock goes on, as in a PC that slept.
 *
 * Both functions: no processor is in KVM_RUN. A host that refuses (KVM_VCPU_TSC_OFFSET is of Linux
 * 5.16) lets time go on, and the guest runs all the same.
 */
struct guest_clock {
	bool is_held;
	bool has_ns; /* `ns` is known */
	uint64_t ns; /* kvm-clock */
	bool has_tsc;
	uint64_t tsc; /* of the first processor, as soon after as can be */
};

/* The pause begins. `first`: a processor, the same at each pause. */
void guest_clock_hold(struct guest_clock *clock, struct kvm *kvm, struct kvm_vcpu *first);

/* It ends. Counters that differ between processors keep their difference. Harmless when not held.
 */
void guest_clock_release(struct guest_clock *clock, struct kvm *kvm, struct kvm_vcpu *const *vcpus,
			 size_t count);

/* The time has been set anew since: release has nothing to do. */
void guest_clock_forget(struct guest_clock *clock);

#endif
