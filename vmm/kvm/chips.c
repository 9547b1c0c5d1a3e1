/* SPDX-License-Identifier: MIT */
#include "vmm/kvm/chips.h"

#include <string.h>

int kvm_chips_save(struct kvm *kvm, struct kvm_chips *out)
{
	int code = 0;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < ARRAY_SIZE(out->irq) && code == 0; i++) {
		out->irq[i].chip_id = i;
		code = kvm_get_irqchip(kvm, &out->irq[i]);
	}
	return code == 0 ? kvm_get_pit(kvm, &out->pit) : code;
}

int kvm_chips_restore(struct kvm *kvm, const struct kvm_chips *chips)
{
	int code = 0;

	for (size_t i = 0; i < ARRAY_SIZE(chips->irq) && code == 0; i++) {
		code = kvm_set_irqchip(kvm, &chips->irq[i]);
	}
	return code == 0 ? kvm_set_pit(kvm, &chips->pit) : code;
}
