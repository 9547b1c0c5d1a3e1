/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_KVM_CHIPS_H
#define THUNDERLAKE_VMM_KVM_CHIPS_H

#include "vmm/kvm/kvm.h"

/* What the in-kernel chips that belong to no processor hold. */
struct kvm_chips {
	struct kvm_irqchip irq[3]; /* PIC master, PIC slave, IOAPIC */
	struct kvm_pit_state2 pit;
};

/* Both: no processor in KVM_RUN. 0 or -errno. */
int kvm_chips_save(struct kvm *kvm, struct kvm_chips *out);
int kvm_chips_restore(struct kvm *kvm, const struct kvm_chips *chips);

#endif
