/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_KVM_DEVICE_H
#define THUNDERLAKE_VMM_KVM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"

/* The device node and what its KVM can do. For vmm/kvm and its tests. */

/* Opens a KVM device node and checks that it speaks API version 12. The descriptor, or -errno with
 * a text that says what to do: load a module, join a group, change the firmware's setting … */
int kvm_device_open(const char *path, struct error *err);

/* A capability worth naming to people. */
struct kvm_feature {
	const char *name; /* as in KVM's documentation, without KVM_CAP_ */
	const char *text; /* what it is good for */
	int capability;
	bool required; /* without it no guest can run */
};

/* The features that matter to us, required ones first. */
const struct kvm_feature *kvm_features(size_t *count);

#endif
