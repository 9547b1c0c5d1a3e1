/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_CPU_CPUS_H
#define THUNDERLAKE_VMM_CPU_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct bus;
struct guest_mem;
struct kvm;

#define CPUS_MAX 64u

/* How the boot processor enters the guest; the others wait for INIT and SIPI. */
enum cpu_entry_mode {
	CPU_ENTRY_RESET, /* real mode at F000:FFF0, for firmware */
	CPU_ENTRY_PVH,	 /* 32-bit protected mode, no paging, flat segments, EBX = `argument` */
	CPU_ENTRY_LONG,	 /* 64-bit mode, page tables at `page_table_gpa`, RSI = `argument` */
};

/* Selectors in the GDT at `gdt_gpa` that the segments are loaded as; vmm/boot/layout.h has the same
 * numbers. */
#define CPU_SELECTOR_CODE64 0x10u
#define CPU_SELECTOR_DATA   0x18u
#define CPU_SELECTOR_CODE32 0x20u
#define CPU_SELECTOR_TSS    0x28u
#define CPU_GDT_BYTES	    0x38u

struct cpu_entry {
	enum cpu_entry_mode mode;
	uint64_t rip;
	uint64_t argument;	 /* gpa of start_info or boot_params */
	uint64_t page_table_gpa; /* CPU_ENTRY_LONG: written by vmm/boot */
	uint64_t gdt_gpa;	 /* written by vmm/boot, layout in vmm/boot/layout.h */
};

enum cpu_event_kind {
	CPU_EVENT_RESET,    /* triple fault: the machine is to be reset */
	CPU_EVENT_SHUTDOWN, /* KVM_EXIT_SYSTEM_EVENT says power off */
	CPU_EVENT_CRASH,  /* the guest told KVM that it crashed (Hyper-V crash MSRs and the like) */
	CPU_EVENT_FAILED, /* KVM cannot go on: internal error, failed entry, bad exit; `text` tells
			   */
};

struct cpu_event {
	enum cpu_event_kind kind;
	unsigned cpu;
	/* CPU_EVENT_FAILED: registers, code bytes and a sentence a user can act on; several lines.
	 */
	char text[4096];
};

struct cpus_config {
	struct kvm *kvm; /* all borrowed */
	struct bus *pio;
	struct bus *mmio;
	struct guest_mem *mem; /* may be NULL: to show the code where a guest failed */
	unsigned count;	       /* 1 to CPUS_MAX */
	unsigned sockets; /* topology: sockets × cores × threads = count; zeros mean one socket */
	unsigned cores;
	unsigned threads;
	/* Runs on a vCPU thread, which stays stopped until cpus_reset; the other vCPUs go on until
	 * cpus_pause. Must only post. */
	void (*on_event)(void *arg, const struct cpu_event *event);
	void *arg;
};

/*
 * The local APIC's ID of processor `cpu`, which is also its KVM id: socket, core and thread in bit
 * fields just wide enough (Intel SDM 3A §9.9), as CPUID leaves 1, 4 and 0xb and the MADT must tell
 * alike. `cores` and `threads` as in cpus_config: both zero mean one socket, one of them counts as
 * one.
 */
static inline uint32_t cpus_apic_id(unsigned cpu, unsigned cores, unsigned threads)
{
	unsigned thread_bits = 0, core_bits = 0;

	if (cores == 0 && threads == 0) {
		return cpu;
	}
	cores = cores ? cores : 1;
	threads = threads ? threads : 1;
	while (1u << thread_bits < threads) {
		thread_bits++;
	}
	while (1u << core_bits < cores) {
		core_bits++;
	}
	return (cpu / (cores * threads)) << (core_bits + thread_bits) |
	       (cpu / threads % cores) << thread_bits | cpu % threads;
}

/* The virtual processors and their threads `vcpu/N`. Functions are for the main thread. */
struct cpus;

/* Makes the vCPUs with CPUID and MSRs, paused, and keeps their state as the power-on state.
 * -EINVAL (count beyond CPUS_MAX or what the host allows, topology), or the host's error. */
int cpus_create(const struct cpus_config *config, struct cpus **out, struct error *err);

/* Stops and joins the threads. NULL is fine. */
void cpus_destroy(struct cpus *cpus);

/* All that is in the kernel back to the power-on state: processors and their LAPICs, PIC, IOAPIC,
 * PIT, kvm-clock. The boot processor starts at `entry`. Only while paused. To be called also before
 * the first cpus_resume. */
int cpus_reset(struct cpus *cpus, const struct cpu_entry *entry, struct error *err);

/* Pause returns when no vCPU is in KVM_RUN nor in a device; the instruction at which each stopped
 * is complete, also when it accesses a device. To the guest no time passes in between, but by the
 * battery-backed clock. Both are idempotent. cpus_create takes the signal SIGRTMIN of the process
 * to kick vCPUs out of the guest. */
void cpus_pause(struct cpus *cpus);
void cpus_resume(struct cpus *cpus);

unsigned cpus_count(const struct cpus *cpus);
/* Linux thread id of a vCPU's thread, for query-cpus-fast. */
int cpus_thread_id(const struct cpus *cpus, unsigned cpu);

#endif
