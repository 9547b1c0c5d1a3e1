/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_STATE_H
#define THUNDERLAKE_VMM_CPU_STATE_H

#include "vmm/cpu/cpus.h"
#include "vmm/kvm/kvm.h"

/* All that KVM holds of one processor besides MSRs and CPUID. */
struct cpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	bool has_xsave; /* else fpu; decided by what the host could give */
	union {
		uint8_t xsave[KVM_XSAVE_BYTES];
		struct kvm_fpu fpu;
	};
	bool has_xcrs;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
};

int cpu_state_capture(struct kvm_vcpu *vcpu, struct cpu_state *out);

/* Sets everything but the LAPIC and the run state, which depend on MSRs: those by
 * cpu_state_restore_lapic, after the MSRs. */
int cpu_state_restore(struct kvm_vcpu *vcpu, const struct cpu_state *state);
int cpu_state_restore_lapic(struct kvm_vcpu *vcpu, const struct cpu_state *state);

/* Changes the boot processor's power-on registers into those of `entry`. No ioctl. */
void cpu_state_enter(struct cpu_state *state, const struct cpu_entry *entry);

#endif
