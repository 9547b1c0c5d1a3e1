/* SPDX-License-Identifier: MIT */
#include "vmm/kvm/device.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define CPUID_1_ECX_VMX	       (1u << 5)
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_EXT1_ECX_SVM     (1u << 2)

static const struct kvm_feature FEATURES[] = {
	{ "USER_MEMORY", "guest memory from this process", KVM_CAP_USER_MEMORY, true },
	{ "SET_TSS_ADDR", "task state page of Intel hosts", KVM_CAP_SET_TSS_ADDR, true },
	{ "IRQCHIP", "interrupt controllers in the kernel", KVM_CAP_IRQCHIP, true },
	{ "PIT2", "timer in the kernel", KVM_CAP_PIT2, true },
	{ "IRQ_ROUTING", "message-signalled interrupts", KVM_CAP_IRQ_ROUTING, true },
	{ "IRQFD", "interrupts from any thread", KVM_CAP_IRQFD, true },
	{ "IOEVENTFD", "doorbells without an exit", KVM_CAP_IOEVENTFD, true },
	{ "EXT_CPUID", "processor features", KVM_CAP_EXT_CPUID, true },
	{ "MP_STATE", "several processors", KVM_CAP_MP_STATE, true },
	{ "VCPU_EVENTS", "reset of processors", KVM_CAP_VCPU_EVENTS, true },
	{ "IMMEDIATE_EXIT", "pause without a lost signal", KVM_CAP_IMMEDIATE_EXIT, true },
	{ "IOEVENTFD_ANY_LENGTH", "doorbells of any width", KVM_CAP_IOEVENTFD_ANY_LENGTH, false },
	{ "X2APIC_API", "large machines", KVM_CAP_X2APIC_API, false },
	{ "TSC_DEADLINE_TIMER", "precise guest timers", KVM_CAP_TSC_DEADLINE_TIMER, false },
	{ "KVMCLOCK_CTRL", "quiet watchdogs after a pause", KVM_CAP_KVMCLOCK_CTRL, false },
	{ "XSAVE", "reset of vector registers", KVM_CAP_XSAVE, false },
	{ "READONLY_MEM", "firmware in read-only memory", KVM_CAP_READONLY_MEM, false },
	{ "DIRTY_LOG_RING", "dirty pages without a scan", KVM_CAP_DIRTY_LOG_RING, false },
	{ "MAX_VCPU_ID", "highest processor number", KVM_CAP_MAX_VCPU_ID, false },
	{ "MAX_VCPUS", "most processors of a guest", KVM_CAP_MAX_VCPUS, false },
	{ "NR_VCPUS", "processors the host recommends", KVM_CAP_NR_VCPUS, false },
};

const struct kvm_feature *kvm_features(size_t *count)
{
	*count = ARRAY_SIZE(FEATURES);
	return FEATURES;
}

static bool is_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       access("/run/systemd/container", F_OK) == 0;
}

/* "cannot open PATH (why): " and what to do about it. */
static int refuse(struct error *err, const char *path, int code, const char *advice)
{
	return error_set(err, code, "cannot open %s (%s): %s", path, strerror(-code), advice);
}

/* Why there is no KVM behind the path, judged by what this processor says of itself. */
static const char *advise_missing(void)
{
	unsigned eax, ebx, ecx = 0, edx, ext_ecx = 0;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) ||
	    !__get_cpuid(0x80000001, &eax, &ebx, &ext_ecx, &edx)) {
		ext_ecx = 0;
	}
	if (is_container()) {
		return "this container was not given the device; start it with --device /dev/kvm";
	}
	if (ext_ecx & CPUID_EXT1_ECX_SVM) {
		return "the processor can virtualise but KVM is not active; run 'sudo modprobe "
		       "kvm_amd', and if that fails look for SVM in the firmware (BIOS) setup";
	}
	if (ecx & CPUID_1_ECX_VMX) {
		return "the processor can virtualise but KVM is not active; run 'sudo modprobe "
		       "kvm_intel', and if that fails look for VT-x in the firmware (BIOS) setup";
	}
	if (ecx & CPUID_1_ECX_HYPERVISOR) {
		return "this host is itself a virtual machine without nested virtualisation; "
		       "switch it on in the hypervisor that runs it";
	}
	return "the processor does not offer virtualisation; switch on VT-x or AMD-V (SVM) in the "
	       "firmware (BIOS) setup";
}

static int refuse_forbidden(struct error *err, const char *path, int code)
{
	struct stat status;
	const struct group *group = NULL;

	if (stat(path, &status) == 0 && (status.st_mode & S_IRWXG) && status.st_gid != 0) {
		group = getgrgid(status.st_gid);
	}
	if (!group) {
		return refuse(err, path, code,
			      "only its owner may; give it to a group ('sudo chgrp kvm /dev/kvm && "
			      "sudo chmod 660 /dev/kvm') and join that group");
	}
	return error_set(err, code,
			 "cannot open %s (%s): only group '%s' may; run 'sudo usermod -aG %s "
			 "$USER', then log out and in again",
			 path, strerror(-code), group->gr_name, group->gr_name);
}

static int refuse_open(struct error *err, const char *path, int code)
{
	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return refuse(err, path, code, advise_missing());
	case -EACCES:
	case -EPERM:
		return refuse_forbidden(err, path, code);
	case -EBUSY:
		return refuse(
			err, path, code,
			"another hypervisor uses the processor; end its guests and unload its "
			"module (VirtualBox: vboxdrv)");
	default:
		return error_set_errno(err, code, "cannot open %s", path);
	}
}

int kvm_device_open(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0) {
		return refuse_open(err, path, -errno);
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API_VERSION) {
		return fd;
	}
	(void)close(fd);
	if (version < 0) {
		return error_set(err, -ENODEV, "%s: this is not a KVM device", path);
	}
	return error_set(err, -ENODEV,
			 "%s: speaks version %d of KVM's interface, needed is %d; use a Linux "
			 "kernel of 4.13 or later",
			 path, version, KVM_API_VERSION);
}
