/* SPDX-License-Identifier: MIT */
#include "vmm/kvm/kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/kvm/device.h"

#define PAGE_BYTES	  4096u
#define LIST_START	  128u
#define LIST_MAX	  8192u
#define GSI_ROUTES_MAX	  4096u
#define VM_CREATE_RETRIES 10

struct kvm {
	int device_fd;
	int fd;
	size_t run_size; /* of each vCPU's shared page(s) */
};

/* One ioctl, 0 or -errno; what a positive result means is the caller's business. */
static int call(int fd, unsigned long request, const void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

static int make_vm(struct kvm *kvm, struct error *err)
{
	int fd = -EINTR;

	/* Creating a VM may be interrupted by a signal, and asks to be tried again. */
	for (int i = 0; i < VM_CREATE_RETRIES && fd == -EINTR; i++) {
		fd = call(kvm->device_fd, KVM_CREATE_VM, NULL);
	}
	if (fd == -EBUSY) {
		return error_set_errno(err, fd,
				       "KVM cannot make a virtual machine: another hypervisor uses "
				       "the processor; end its guests and unload its module");
	}
	if (fd < 0) {
		return error_set_errno(err, fd,
				       "KVM cannot make a virtual machine; 'dmesg' may say why");
	}
	kvm->fd = fd;
	return 0;
}

static int check_required(const struct kvm *kvm, struct error *err)
{
	size_t count;
	const struct kvm_feature *features = kvm_features(&count);

	for (size_t i = 0; i < count; i++) {
		if (features[i].required && kvm_capability(kvm, features[i].capability) == 0) {
			return error_set(
				err, -ENODEV,
				"this host's KVM lacks KVM_CAP_%s (%s); use a Linux kernel "
				"of 4.13 or later",
				features[i].name, features[i].text);
		}
	}
	return 0;
}

static int find_run_size(struct kvm *kvm, struct error *err)
{
	int size = call(kvm->device_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);

	if (size < (int)sizeof(struct kvm_run)) {
		return error_set(err, -ENODEV, "KVM tells a wrong size of its shared pages: %d",
				 size);
	}
	kvm->run_size = (size_t)size;
	return 0;
}

int kvm_create(const char *path, struct kvm **out, struct error *err)
{
	struct kvm *kvm = calloc(1, sizeof(*kvm));
	int code;

	*out = NULL;
	if (!kvm) {
		return error_set_errno(err, -ENOMEM, "virtual machine");
	}
	kvm->fd = -1;
	kvm->device_fd = kvm_device_open(path, err);
	code = kvm->device_fd;
	if (code < 0) {
		goto fail;
	}
	code = make_vm(kvm, err);
	if (code < 0) {
		goto fail;
	}
	code = check_required(kvm, err);
	if (code < 0) {
		goto fail;
	}
	code = find_run_size(kvm, err);
	if (code < 0) {
		goto fail;
	}
	*out = kvm;
	return 0;
fail:
	kvm_destroy(kvm);
	return code;
}

int kvm_create_chips(struct kvm *kvm, uint64_t tss_gpa, struct error *err)
{
	const uint64_t identity_map_gpa = tss_gpa - PAGE_BYTES;
	/* The dummy speaker serves port 0x61, by which guests calibrate their clocks. */
	const struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int code = call(kvm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map_gpa);

	if (code == 0) {
		code = ioctl(kvm->fd, KVM_SET_TSS_ADDR, tss_gpa) < 0 ? -errno : 0;
	}
	if (code < 0) {
		return error_set_errno(err, code, "KVM refuses the pages that Intel hosts need");
	}
	code = call(kvm->fd, KVM_CREATE_IRQCHIP, NULL);
	if (code == 0) {
		code = call(kvm->fd, KVM_CREATE_PIT2, &pit);
	}
	if (code < 0) {
		return error_set_errno(err, code, "KVM cannot make the interrupt controllers");
	}
	return 0;
}

void kvm_destroy(struct kvm *kvm)
{
	if (!kvm) {
		return;
	}
	if (kvm->fd >= 0) {
		(void)close(kvm->fd);
	}
	if (kvm->device_fd >= 0) {
		(void)close(kvm->device_fd);
	}
	free(kvm);
}

int kvm_capability(const struct kvm *kvm, int capability)
{
	int value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, (long)capability);

	return value < 0 ? 0 : value;
}

/* --- memory, events, interrupts --- */

int kvm_set_memory(struct kvm *kvm, const struct kvm_userspace_memory_region *region)
{
	return call(kvm->fd, KVM_SET_USER_MEMORY_REGION, region);
}

int kvm_get_dirty_log(struct kvm *kvm, uint32_t slot, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return call(kvm->fd, KVM_GET_DIRTY_LOG, &log);
}

int kvm_assign_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *event)
{
	return call(kvm->fd, KVM_IOEVENTFD, event);
}

int kvm_assign_irqfd(struct kvm *kvm, const struct kvm_irqfd *irqfd)
{
	return call(kvm->fd, KVM_IRQFD, irqfd);
}

int kvm_set_gsi_routing(struct kvm *kvm, const struct kvm_irq_routing_entry *entries, size_t count)
{
	struct kvm_irq_routing *table AUTO_FREE = NULL;

	if (count > GSI_ROUTES_MAX) {
		return -EINVAL;
	}
	table = calloc(1, sizeof(*table) + count * sizeof(table->entries[0]));
	if (!table) {
		return -ENOMEM;
	}
	table->nr = (uint32_t)count;
	memcpy(table->entries, entries, count * sizeof(table->entries[0]));
	return call(kvm->fd, KVM_SET_GSI_ROUTING, table);
}

int kvm_set_irq_line(struct kvm *kvm, uint32_t gsi, bool level)
{
	const struct kvm_irq_level line = { .irq = gsi, .level = level };

	return call(kvm->fd, KVM_IRQ_LINE, &line);
}

int kvm_signal_msi(struct kvm *kvm, const struct kvm_msi *msi)
{
	int delivered = call(kvm->fd, KVM_SIGNAL_MSI, msi);

	/* Positive: delivered; 0: blocked by the guest, which is no fault. */
	return delivered < 0 ? delivered : 0;
}

int kvm_get_irqchip(struct kvm *kvm, struct kvm_irqchip *chip)
{
	return call(kvm->fd, KVM_GET_IRQCHIP, chip);
}

int kvm_set_irqchip(struct kvm *kvm, const struct kvm_irqchip *chip)
{
	return call(kvm->fd, KVM_SET_IRQCHIP, chip);
}

int kvm_get_pit(struct kvm *kvm, struct kvm_pit_state2 *pit)
{
	return call(kvm->fd, KVM_GET_PIT2, pit);
}

int kvm_set_pit(struct kvm *kvm, const struct kvm_pit_state2 *pit)
{
	return call(kvm->fd, KVM_SET_PIT2, pit);
}

int kvm_get_clock(struct kvm *kvm, struct kvm_clock_data *clock)
{
	return call(kvm->fd, KVM_GET_CLOCK, clock);
}

int kvm_set_clock(struct kvm *kvm, const struct kvm_clock_data *clock)
{
	return call(kvm->fd, KVM_SET_CLOCK, clock);
}

int kvm_get_supported_cpuid(struct kvm *kvm, struct kvm_cpuid2 **out)
{
	/* KVM says -E2BIG until the table is large enough, and does not tell the size. */
	for (uint32_t count = LIST_START; count <= LIST_MAX; count *= 2) {
		struct kvm_cpuid2 *table =
			calloc(1, sizeof(*table) + count * sizeof(table->entries[0]));
		int code;

		if (!table) {
			return -ENOMEM;
		}
		table->nent = count;
		code = call(kvm->device_fd, KVM_GET_SUPPORTED_CPUID, table);
		if (code == 0) {
			*out = table;
			return 0;
		}
		free(table);
		if (code != -E2BIG) {
			return code;
		}
	}
	return -E2BIG;
}

int kvm_get_msr_index_list(struct kvm *kvm, struct kvm_msr_list **out)
{
	struct kvm_msr_list probe = { .nmsrs = 0 };
	struct kvm_msr_list *list;
	int code = call(kvm->device_fd, KVM_GET_MSR_INDEX_LIST, &probe);

	/* An empty list is too short, and comes back with the length needed. */
	if (code < 0 && code != -E2BIG) {
		return code;
	}
	if (probe.nmsrs > LIST_MAX) {
		return -E2BIG;
	}
	list = calloc(1, sizeof(*list) + probe.nmsrs * sizeof(list->indices[0]));
	if (!list) {
		return -ENOMEM;
	}
	list->nmsrs = probe.nmsrs;
	code = call(kvm->device_fd, KVM_GET_MSR_INDEX_LIST, list);
	if (code < 0) {
		free(list);
		return code;
	}
	*out = list;
	return 0;
}

int kvm_vcpu_create(struct kvm *kvm, unsigned id, struct kvm_vcpu *out)
{
	int fd = ioctl(kvm->fd, KVM_CREATE_VCPU, (unsigned long)id);
	void *run;
	int code;

	*out = (struct kvm_vcpu){ .fd = -1 };
	if (fd < 0) {
		return -errno;
	}
	run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (run == MAP_FAILED) {
		code = -errno;
		(void)close(fd);
		return code;
	}
	*out = (struct kvm_vcpu){ .fd = fd, .run = run, .run_size = kvm->run_size };
	return 0;
}
