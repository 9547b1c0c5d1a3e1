/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_CPU_H
#define THUNDERLAKE_VMM_CPU_CPU_H

#include <stdbool.h>

#include "vmm/cpu/cpus.h"
#include "vmm/kvm/kvm.h"

/* One processor as its thread sees it. */
struct cpu {
	struct kvm_vcpu kvm;
	unsigned index;
	struct bus *pio; /* borrowed */
	struct bus *mmio;
	struct guest_mem *mem; /* may be NULL */
};

/* Runs the guest and serves its exits until KVM_RUN is interrupted (true), or something happened
 * that the machine must know of (false, with `event` filled). On the processor's thread. */
bool cpu_run(struct cpu *cpu, struct cpu_event *event);

#endif
