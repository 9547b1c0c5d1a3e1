/* SPDX-License-Identifier: MIT */
#include "vmm/kvm/probe.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "vmm/kvm/device.h"

/*
 * The guest: 64-bit ring 0, since that is where hosts differ (real mode is emulated by some
 * hardware too). Four pages: code, then page tables that map them with one large page.
 */
#define PAGE_BYTES    4096u
#define PML4_GPA      0x1000u
#define PDPT_GPA      0x2000u
#define PD_GPA	      0x3000u
#define GUEST_BYTES   0x4000u
#define TSS_GPA	      0xfeffd000u
#define PTE_TABLE     0x3u  /* present, writable */
#define PTE_LARGE     0x83u /* and 2 MiB */
#define CR0_PE	      0x1u
#define CR0_PG	      0x80000000u
#define CR4_PAE	      0x20u
#define EFER_LME_LMA  0x500u
#define RFLAGS_ALWAYS 0x2u

#define LOOP_INSTRUCTIONS 2u
#define LOOPS_FACTOR	  8u
#define LOOPS_MAX	  (1u << 25)
#define ENOUGH_NS	  3000000
#define ENOUGH_ENTRIES	  4
#define ENTRY_RUNS	  3

/* `loop: dec ecx; jnz loop; hlt`: the loop of run_host. */
static const uint8_t CODE[] = { 0xff, 0xc9, 0x75, 0xfc, 0xf4 };

struct guest {
	int vm_fd;
	int vcpu_fd;
	uint8_t *memory;
	struct kvm_run *run;
	size_t run_bytes;
};

/* Time that this thread was given, so that a busy host does not look slow. */
static uint64_t thread_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void run_host(uint32_t loops)
{
	__asm__ volatile("1: decl %0\n\tjnz 1b" : "+r"(loops) : : "cc");
}

static void finish_guest(struct guest *guest)
{
	if (guest->run != MAP_FAILED) {
		(void)munmap(guest->run, guest->run_bytes);
	}
	if (guest->vcpu_fd >= 0) {
		(void)close(guest->vcpu_fd);
	}
	if (guest->vm_fd >= 0) {
		(void)close(guest->vm_fd);
	}
	if (guest->memory != MAP_FAILED) {
		(void)munmap(guest->memory, GUEST_BYTES);
	}
}

static void write_memory(uint8_t *memory)
{
	const uint64_t pml4 = PDPT_GPA | PTE_TABLE, pdpt = PD_GPA | PTE_TABLE, pd = PTE_LARGE;

	memcpy(memory, CODE, sizeof(CODE));
	memcpy(memory + PML4_GPA, &pml4, sizeof(pml4));
	memcpy(memory + PDPT_GPA, &pdpt, sizeof(pdpt));
	memcpy(memory + PD_GPA, &pd, sizeof(pd));
}

static int make_vm(int device_fd, struct guest *guest)
{
	const struct kvm_userspace_memory_region slot = {
		.memory_size = GUEST_BYTES,
		.userspace_addr = (uintptr_t)guest->memory,
	};
	const uint64_t identity_map_gpa = TSS_GPA - PAGE_BYTES;

	guest->vm_fd = ioctl(device_fd, KVM_CREATE_VM, 0);
	if (guest->vm_fd < 0 ||
	    ioctl(guest->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map_gpa) < 0 ||
	    ioctl(guest->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)TSS_GPA) < 0 ||
	    ioctl(guest->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0) {
		return -errno;
	}
	return 0;
}

static int make_vcpu(int device_fd, struct guest *guest)
{
	int run_bytes = ioctl(device_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	guest->vcpu_fd = ioctl(guest->vm_fd, KVM_CREATE_VCPU, 0);
	if (guest->vcpu_fd < 0 || run_bytes <= 0) {
		return -errno;
	}
	guest->run_bytes = (size_t)run_bytes;
	guest->run =
		mmap(NULL, guest->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->vcpu_fd, 0);
	return guest->run == MAP_FAILED ? -errno : 0;
}

static int enter_long_mode(struct guest *guest)
{
	struct kvm_sregs sregs;

	if (ioctl(guest->vcpu_fd, KVM_GET_SREGS, &sregs) < 0) {
		return -errno;
	}
	sregs.cs = (struct kvm_segment){
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1
	};
	sregs.ds = (struct kvm_segment){ .limit = 0xffffffff,
					 .selector = 16,
					 .type = 3,
					 .present = 1,
					 .s = 1,
					 .db = 1,
					 .g = 1 };
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	sregs.cr0 |= CR0_PE | CR0_PG;
	sregs.cr3 = PML4_GPA;
	sregs.cr4 |= CR4_PAE;
	sregs.efer |= EFER_LME_LMA;
	return ioctl(guest->vcpu_fd, KVM_SET_SREGS, &sregs) < 0 ? -errno : 0;
}

static int make_guest(int device_fd, struct guest *guest)
{
	int code;

	guest->memory =
		mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guest->memory == MAP_FAILED) {
		return -errno;
	}
	write_memory(guest->memory);
	code = make_vm(device_fd, guest);
	if (code == 0) {
		code = make_vcpu(device_fd, guest);
	}
	return code == 0 ? enter_long_mode(guest) : code;
}

static int run_guest(struct guest *guest, uint32_t loops)
{
	const struct kvm_regs regs = { .rcx = loops, .rflags = RFLAGS_ALWAYS };
	int result;

	if (ioctl(guest->vcpu_fd, KVM_SET_REGS, &regs) < 0) {
		return -errno;
	}
	do {
		result = ioctl(guest->vcpu_fd, KVM_RUN, 0);
	} while (result < 0 && errno == EINTR);
	if (result < 0) {
		return -errno;
	}
	return guest->run->exit_reason == KVM_EXIT_HLT ? 0 : -EIO;
}

static double mips(uint32_t loops, uint64_t ns)
{
	return (double)loops * LOOP_INSTRUCTIONS * 1000.0 / (double)MAX(ns, UINT64_C(1));
}

/* The time of one run, or -errno. */
static int64_t time_guest(struct guest *guest, uint32_t loops)
{
	uint64_t start_ns = thread_ns();
	int code = run_guest(guest, loops);

	return code < 0 ? code : (int64_t)(thread_ns() - start_ns);
}

/* What it costs to enter the guest and leave it, once its pages are there. */
static int64_t time_entry(struct guest *guest)
{
	int64_t ns = time_guest(guest, 1);

	for (int i = 0; i < ENTRY_RUNS && ns >= 0; i++) {
		int64_t again_ns = time_guest(guest, 1);

		ns = again_ns < 0 ? again_ns : MIN(ns, again_ns);
	}
	return ns;
}

/* Lengthens the loop until it can be told from the cost of the entry. A slow guest is there at
 * once. */
static int measure_guest(struct guest *guest, double *result)
{
	int64_t entry_ns = time_entry(guest);
	int64_t ns = entry_ns;
	uint32_t loops;

	if (ns < 0) {
		return (int)ns;
	}
	for (loops = KVM_PROBE_FIRST_LOOPS;; loops *= LOOPS_FACTOR) {
		ns = time_guest(guest, loops);
		if (ns < 0) {
			return (int)ns;
		}
		ns = MAX(ns - entry_ns, (int64_t)1);
		if ((ns >= ENOUGH_NS && ns >= ENOUGH_ENTRIES * entry_ns) ||
		    loops > LOOPS_MAX / LOOPS_FACTOR) {
			break;
		}
	}
	*result = mips(loops, (uint64_t)ns);
	return 0;
}

static double measure_host(void)
{
	uint64_t start_ns, ns;
	uint32_t loops = KVM_PROBE_FIRST_LOOPS;

	for (;;) {
		start_ns = thread_ns();
		run_host(loops);
		ns = thread_ns() - start_ns;
		if (ns >= (uint64_t)ENOUGH_NS || loops > LOOPS_MAX / LOOPS_FACTOR) {
			return mips(loops, ns);
		}
		loops *= LOOPS_FACTOR;
	}
}

static void list_features(int device_fd, struct kvm_probe *out)
{
	size_t count;
	const struct kvm_feature *features = kvm_features(&count);

	out->feature_count = MIN(count, (size_t)KVM_PROBE_FEATURES_MAX);
	for (size_t i = 0; i < out->feature_count; i++) {
		int value = ioctl(device_fd, KVM_CHECK_EXTENSION, (long)features[i].capability);

		out->features[i] = (struct kvm_probe_feature){
			.name = features[i].name,
			.text = features[i].text,
			.required = features[i].required,
			.value = MAX(value, 0),
		};
	}
}

static const struct kvm_probe_feature *find_missing(const struct kvm_probe *probe)
{
	for (size_t i = 0; i < probe->feature_count; i++) {
		if (probe->features[i].required && probe->features[i].value == 0) {
			return &probe->features[i];
		}
	}
	return NULL;
}

enum kvm_kind kvm_probe_judge(double guest_mips, double host_mips)
{
	return guest_mips * KVM_PROBE_SLOWDOWN_MAX >= host_mips ? KVM_KIND_HARDWARE
								: KVM_KIND_SOFTWARE;
}

static void conclude(struct kvm_probe *out)
{
	const struct kvm_probe_feature *missing = find_missing(out);

	if (missing) {
		out->code =
			error_set(&out->reason, -ENODEV,
				  "this host's KVM lacks KVM_CAP_%s (%s); use a Linux kernel of "
				  "4.13 or later",
				  missing->name, missing->text);
		return;
	}
	out->kind = kvm_probe_judge(out->guest_mips, out->host_mips);
	if (out->kind == KVM_KIND_HARDWARE) {
		(void)error_set(&out->reason, 0,
				"guest code runs on the processor itself (%.0f of %.0f MIPS)",
				out->guest_mips, out->host_mips);
	} else {
		(void)error_set(
			&out->reason, 0,
			"guest kernels are emulated by software, %.0f times slower than this "
			"host (%.1f of %.0f MIPS): Linux takes minutes to boot; use a host "
			"with hardware virtualisation",
			out->host_mips / out->guest_mips, out->guest_mips, out->host_mips);
	}
}

void kvm_probe(const char *path, struct kvm_probe *out)
{
	struct guest guest = { .vm_fd = -1, .vcpu_fd = -1 };
	int device_fd AUTO_CLOSE = -1;

	memset(out, 0, sizeof(*out));
	guest.memory = MAP_FAILED;
	guest.run = MAP_FAILED;
	device_fd = kvm_device_open(path, &out->reason);
	if (device_fd < 0) {
		out->code = device_fd;
		return;
	}
	out->api_version = KVM_API_VERSION;
	list_features(device_fd, out);
	out->code = make_guest(device_fd, &guest);
	if (out->code == 0) {
		out->code = measure_guest(&guest, &out->guest_mips);
	}
	finish_guest(&guest);
	if (out->code < 0) {
		(void)error_set_errno(&out->reason, out->code,
				      "%s: is there, but a first small guest does not run; 'dmesg' "
				      "may say why",
				      path);
		return;
	}
	out->host_mips = measure_host();
	conclude(out);
}

const char *kvm_kind_name(enum kvm_kind kind)
{
	static const char *const NAMES[] = {
		[KVM_KIND_NONE] = "none",
		[KVM_KIND_SOFTWARE] = "software",
		[KVM_KIND_HARDWARE] = "hardware",
	};

	return NAMES[kind];
}
