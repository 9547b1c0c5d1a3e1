/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_KVM_KVM_H
#define THUNDERLAKE_VMM_KVM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

/*
 * Every ioctl on /dev/kvm and its descriptors; nothing else in Thunderlake may issue them. Thin by
 * intent: one function, one ioctl (KVM API document, section of the same name), structures of
 * <linux/kvm.h>, 0 or -errno. Functions of `struct kvm` are callable from any thread; those of
 * `struct kvm_vcpu` only from the thread that runs it, or while it is known not to run.
 */
struct kvm;

#define KVM_DEVICE_PATH "/dev/kvm"

/*
 * Opens `path` (KVM_DEVICE_PATH outside tests), checks the API version and the capabilities without
 * which no guest can run (user memory, in-kernel irqchip, irqfd, ioeventfd, set TSS address), and
 * makes an empty VM. Errors: -ENOENT no such device, -EACCES no permission, -ENODEV not a KVM or an
 * unsupported one, -EBUSY, -ENOMEM; `err` says what to do.
 */
int kvm_create(const char *path, struct kvm **out, struct error *err);
void kvm_destroy(struct kvm *kvm);

/*
 * Makes the in-kernel PIC, IOAPIC, LAPICs and PIT: before processors, interrupts and doorbells, but
 * after the memory, which KVM takes some milliseconds to add while the chips settle. The TSS and
 * the identity map page, which Intel hosts need, are placed at `tss_gpa` (three pages; the identity
 * map is the page before it).
 */
int kvm_create_chips(struct kvm *kvm, uint64_t tss_gpa, struct error *err);

/* KVM_CHECK_EXTENSION on the VM: 0 where missing. */
int kvm_capability(const struct kvm *kvm, int capability);

/* --- memory, events, interrupts -------------------------------------------------------------- */

int kvm_set_memory(struct kvm *kvm, const struct kvm_userspace_memory_region *region);
/* One bit per 4 KiB page of the slot, least significant first, rounded up to 64 bits. */
int kvm_get_dirty_log(struct kvm *kvm, uint32_t slot, uint64_t *bitmap);
int kvm_assign_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *event);
int kvm_assign_irqfd(struct kvm *kvm, const struct kvm_irqfd *irqfd);
/* `entries` replace the whole table. */
int kvm_set_gsi_routing(struct kvm *kvm, const struct kvm_irq_routing_entry *entries, size_t count);
int kvm_set_irq_line(struct kvm *kvm, uint32_t gsi, bool level);
int kvm_signal_msi(struct kvm *kvm, const struct kvm_msi *msi);

/* PIC master, PIC slave, IOAPIC (chip_id 0, 1, 2) and PIT, for reset and snapshots. */
int kvm_get_irqchip(struct kvm *kvm, struct kvm_irqchip *chip);
int kvm_set_irqchip(struct kvm *kvm, const struct kvm_irqchip *chip);
int kvm_get_pit(struct kvm *kvm, struct kvm_pit_state2 *pit);
int kvm_set_pit(struct kvm *kvm, const struct kvm_pit_state2 *pit);
int kvm_get_clock(struct kvm *kvm, struct kvm_clock_data *clock);
int kvm_set_clock(struct kvm *kvm, const struct kvm_clock_data *clock);

/* What the host's KVM can give a guest. The result is malloc'ed, the caller frees it. */
int kvm_get_supported_cpuid(struct kvm *kvm, struct kvm_cpuid2 **out);
int kvm_get_msr_index_list(struct kvm *kvm, struct kvm_msr_list **out);

/* --- virtual processors ---------------------------------------------------------------------- */

struct kvm_vcpu {
	int fd;		     /* owned */
	struct kvm_run *run; /* owned mapping of run_size bytes */
	size_t run_size;
};

int kvm_vcpu_create(struct kvm *kvm, unsigned id, struct kvm_vcpu *out);
/* Harmless on a struct with fd -1. */
void kvm_vcpu_finish(struct kvm_vcpu *vcpu);

/* KVM_RUN. 0 with an exit in vcpu->run, -EINTR when interrupted, -EAGAIN, else the host's fault. */
int kvm_vcpu_run(struct kvm_vcpu *vcpu);

int kvm_vcpu_get_regs(struct kvm_vcpu *vcpu, struct kvm_regs *regs);
int kvm_vcpu_set_regs(struct kvm_vcpu *vcpu, const struct kvm_regs *regs);
int kvm_vcpu_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
int kvm_vcpu_set_sregs(struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs);
int kvm_vcpu_get_fpu(struct kvm_vcpu *vcpu, struct kvm_fpu *fpu);
int kvm_vcpu_set_fpu(struct kvm_vcpu *vcpu, const struct kvm_fpu *fpu);
/* All vector registers, KVM_CAP_XSAVE: a struct kvm_xsave, which cannot be embedded since its end
 * is open in newer headers. */
#define KVM_XSAVE_BYTES 4096u
int kvm_vcpu_get_xsave(struct kvm_vcpu *vcpu, void *xsave);
int kvm_vcpu_set_xsave(struct kvm_vcpu *vcpu, const void *xsave);
int kvm_vcpu_get_xcrs(struct kvm_vcpu *vcpu, struct kvm_xcrs *xcrs);
int kvm_vcpu_set_xcrs(struct kvm_vcpu *vcpu, const struct kvm_xcrs *xcrs);
int kvm_vcpu_get_lapic(struct kvm_vcpu *vcpu, struct kvm_lapic_state *lapic);
int kvm_vcpu_set_lapic(struct kvm_vcpu *vcpu, const struct kvm_lapic_state *lapic);
int kvm_vcpu_get_mp_state(struct kvm_vcpu *vcpu, struct kvm_mp_state *state);
int kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, const struct kvm_mp_state *state);
int kvm_vcpu_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events);
int kvm_vcpu_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events);
int kvm_vcpu_get_debugregs(struct kvm_vcpu *vcpu, struct kvm_debugregs *debugregs);
int kvm_vcpu_set_debugregs(struct kvm_vcpu *vcpu, const struct kvm_debugregs *debugregs);
int kvm_vcpu_set_cpuid(struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid);
/* Number of entries done, which stops before the first that the host refuses, or -errno. */
int kvm_vcpu_get_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs *msrs);
int kvm_vcpu_set_msrs(struct kvm_vcpu *vcpu, const struct kvm_msrs *msrs);
/* Guest virtual to guest physical by the vCPU's present page tables; -EFAULT if not mapped. */
int kvm_vcpu_translate(struct kvm_vcpu *vcpu, uint64_t gva, uint64_t *gpa);
/* Tells kvm-clock that the guest was paused, so that its watchdogs stay quiet; -EINVAL if the
 * guest does not use kvm-clock. */
int kvm_vcpu_clock_paused(struct kvm_vcpu *vcpu);
/* What is added to the host's time stamp counter, scaled, to give the guest's: KVM_VCPU_TSC_OFFSET
 * of the vCPU's attributes. -ENXIO before Linux 5.16. */
int kvm_vcpu_get_tsc_offset(struct kvm_vcpu *vcpu, uint64_t *offset);
int kvm_vcpu_set_tsc_offset(struct kvm_vcpu *vcpu, uint64_t offset);

#endif
