/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_KVM_PROBE_H
#define THUNDERLAKE_VMM_KVM_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/error.h"

/*
 * What kind of KVM a host has. A /dev/kvm that is there need not be fast: on some cloud hosts the
 * guest's kernel code is emulated instruction by instruction. No name tells, so it is measured: the
 * same loop in ring 0 of a tiny guest and natively in this process.
 */
enum kvm_kind {
	KVM_KIND_NONE,	   /* guests cannot run; `reason` says why and what to do */
	KVM_KIND_SOFTWARE, /* guests run, their kernels at a small part of the host's speed */
	KVM_KIND_HARDWARE,
};

/* A guest this much slower than the host, or more, does not run on the processor itself. */
#define KVM_PROBE_SLOWDOWN_MAX 5.0
#define KVM_PROBE_FEATURES_MAX 32

struct kvm_probe_feature {
	const char *name; /* KVM's, without KVM_CAP_ */
	const char *text; /* what it is good for */
	bool required;	  /* without it there is no guest */
	int value;	  /* 0: missing; a number where the feature is one (MAX_VCPUS) */
};

struct kvm_probe {
	enum kvm_kind kind;
	int code; /* 0, or -errno of the step that failed (KVM_KIND_NONE) */
	int api_version;
	double guest_mips; /* millions of loop instructions a second; 0 when not measured */
	double host_mips;
	size_t feature_count;
	struct kvm_probe_feature features[KVM_PROBE_FEATURES_MAX];
	struct error reason; /* a sentence for people, for each kind */
};

/* Looks at the device at `path` (KVM_DEVICE_PATH outside tests). Takes about 10 ms on hardware and
 * a bounded number of guest instructions (KVM_PROBE_FIRST_LOOPS and a few times that) elsewhere.
 * Leaves nothing open. */
void kvm_probe(const char *path, struct kvm_probe *out);

#define KVM_PROBE_FIRST_LOOPS 1000u

/* "none", "software", "hardware". */
const char *kvm_kind_name(enum kvm_kind kind);

/* The verdict on a measured pair, apart from the measuring. */
enum kvm_kind kvm_probe_judge(double guest_mips, double host_mips);

#endif
