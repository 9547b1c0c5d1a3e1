/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_MSR_H
#define THUNDERLAKE_VMM_CPU_MSR_H

#include "vmm/kvm/kvm.h"

/* Model-specific registers that a reset sets, and their power-on values. */
struct msr_table {
	unsigned count;
	struct kvm_msr_entry *entries; /* owned */
};

/* Reads what the host lists for this vCPU, which has not run yet, and adds what firmware or a boot
 * loader would have left: fast strings on, all memory write-back. 0, -ENOMEM or -errno. */
int msr_table_capture(struct kvm *kvm, struct kvm_vcpu *vcpu, struct msr_table *out);
void msr_table_finish(struct msr_table *table);

/* Sets all of them. One that the host refuses is dropped from the table with a debug line. */
int msr_table_apply(struct msr_table *table, struct kvm_vcpu *vcpu);

/* The value of an MSR at power-on, for a host that reports `value`: what a reset must set instead
 * of what was read. */
uint64_t msr_power_on_value(uint32_t index, uint64_t value);

/* Whether an MSR is state that a reset sets, not a description of the processor or of KVM, nor
 * part of another interface (the APIC base comes with the segment registers). */
bool msr_is_state(uint32_t index);

#endif
