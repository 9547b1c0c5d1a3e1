/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/kvm/kvm.h"

void kvm_vcpu_finish(struct kvm_vcpu *vcpu)
{
	if (vcpu->fd < 0) {
		return;
	}
	(void)munmap(vcpu->run, vcpu->run_size);
	(void)close(vcpu->fd);
	*vcpu = (struct kvm_vcpu){ .fd = -1 };
}

static int call(const struct kvm_vcpu *vcpu, unsigned long request, const void *argument)
{
	int result = ioctl(vcpu->fd, request, argument);

	return result < 0 ? -errno : result;
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	return LIKELY(ioctl(vcpu->fd, KVM_RUN, 0) == 0) ? 0 : -errno;
}

int kvm_vcpu_get_regs(struct kvm_vcpu *vcpu, struct kvm_regs *regs)
{
	return call(vcpu, KVM_GET_REGS, regs);
}

int kvm_vcpu_set_regs(struct kvm_vcpu *vcpu, const struct kvm_regs *regs)
{
	return call(vcpu, KVM_SET_REGS, regs);
}

int kvm_vcpu_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	return call(vcpu, KVM_GET_SREGS, sregs);
}

int kvm_vcpu_set_sregs(struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	return call(vcpu, KVM_SET_SREGS, sregs);
}

int kvm_vcpu_get_fpu(struct kvm_vcpu *vcpu, struct kvm_fpu *fpu)
{
	return call(vcpu, KVM_GET_FPU, fpu);
}

int kvm_vcpu_set_fpu(struct kvm_vcpu *vcpu, const struct kvm_fpu *fpu)
{
	return call(vcpu, KVM_SET_FPU, fpu);
}

_Static_assert(sizeof(struct kvm_xsave) == KVM_XSAVE_BYTES, "the part that is not open");

int kvm_vcpu_get_xsave(struct kvm_vcpu *vcpu, void *xsave)
{
	return call(vcpu, KVM_GET_XSAVE, xsave);
}

int kvm_vcpu_set_xsave(struct kvm_vcpu *vcpu, const void *xsave)
{
	return call(vcpu, KVM_SET_XSAVE, xsave);
}

int kvm_vcpu_get_xcrs(struct kvm_vcpu *vcpu, struct kvm_xcrs *xcrs)
{
	return call(vcpu, KVM_GET_XCRS, xcrs);
}

int kvm_vcpu_set_xcrs(struct kvm_vcpu *vcpu, const struct kvm_xcrs *xcrs)
{
	return call(vcpu, KVM_SET_XCRS, xcrs);
}

int kvm_vcpu_get_lapic(struct kvm_vcpu *vcpu, struct kvm_lapic_state *lapic)
{
	return call(vcpu, KVM_GET_LAPIC, lapic);
}

int kvm_vcpu_set_lapic(struct kvm_vcpu *vcpu, const struct kvm_lapic_state *lapic)
{
	return call(vcpu, KVM_SET_LAPIC, lapic);
}

int kvm_vcpu_get_mp_state(struct kvm_vcpu *vcpu, struct kvm_mp_state *state)
{
	return call(vcpu, KVM_GET_MP_STATE, state);
}

int kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, const struct kvm_mp_state *state)
{
	return call(vcpu, KVM_SET_MP_STATE, state);
}

int kvm_vcpu_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events)
{
	return call(vcpu, KVM_GET_VCPU_EVENTS, events);
}

int kvm_vcpu_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events)
{
	return call(vcpu, KVM_SET_VCPU_EVENTS, events);
}

int kvm_vcpu_get_debugregs(struct kvm_vcpu *vcpu, struct kvm_debugregs *debugregs)
{
	return call(vcpu, KVM_GET_DEBUGREGS, debugregs);
}

int kvm_vcpu_set_debugregs(struct kvm_vcpu *vcpu, const struct kvm_debugregs *debugregs)
{
	return call(vcpu, KVM_SET_DEBUGREGS, debugregs);
}

int kvm_vcpu_set_cpuid(struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid)
{
	return call(vcpu, KVM_SET_CPUID2, cpuid);
}

int kvm_vcpu_get_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs *msrs)
{
	return call(vcpu, KVM_GET_MSRS, msrs);
}

int kvm_vcpu_set_msrs(struct kvm_vcpu *vcpu, const struct kvm_msrs *msrs)
{
	return call(vcpu, KVM_SET_MSRS, msrs);
}

int kvm_vcpu_translate(struct kvm_vcpu *vcpu, uint64_t gva, uint64_t *gpa)
{
	struct kvm_translation translation = { .linear_address = gva };
	int code = call(vcpu, KVM_TRANSLATE, &translation);

	if (code < 0) {
		return code;
	}
	if (!translation.valid) {
		return -EFAULT;
	}
	*gpa = translation.physical_address;
	return 0;
}

int kvm_vcpu_clock_paused(struct kvm_vcpu *vcpu)
{
	return call(vcpu, KVM_KVMCLOCK_CTRL, NULL);
}

static int call_tsc_offset(const struct kvm_vcpu *vcpu, unsigned long request, uint64_t *offset)
{
	const struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL,
						   .attr = KVM_VCPU_TSC_OFFSET,
						   .addr = (uintptr_t)offset };

	return call(vcpu, request, &attribute);
}

int kvm_vcpu_get_tsc_offset(struct kvm_vcpu *vcpu, uint64_t *offset)
{
	return call_tsc_offset(vcpu, KVM_GET_DEVICE_ATTR, offset);
}

int kvm_vcpu_set_tsc_offset(struct kvm_vcpu *vcpu, uint64_t offset)
{
	return call_tsc_offset(vcpu, KVM_SET_DEVICE_ATTR, &offset);
}
