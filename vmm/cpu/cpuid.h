/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_CPUID_H
#define THUNDERLAKE_VMM_CPU_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

#include "vmm/cpu/topology.h"

/*
 * What the CPUID instruction of processor `index` tells: what KVM can give (`supported`, of
 * kvm_get_supported_cpuid), without what this machine cannot keep (nested virtualisation, SGX),
 * with the machine's own topology in place of the host's. KVM's own leaves at 0x40000000 pass
 * through. The result is malloc'ed. -ENOMEM.
 */
struct cpuid_config {
	const struct kvm_cpuid2 *supported;
	const struct topology *topology;
	bool has_tsc_deadline; /* KVM_CAP_TSC_DEADLINE_TIMER: not in what KVM calls supported */
};

int cpuid_make(const struct cpuid_config *config, unsigned index, struct kvm_cpuid2 **out);

#endif
