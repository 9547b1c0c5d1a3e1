/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/state.h"

/* Intel SDM volume 3 §2.5, §3.4.5. */
#define CR0_PE	      0x1u
#define CR0_ET	      0x10u
#define CR0_PG	      0x80000000u
#define CR4_PAE	      0x20u
#define EFER_LME      0x100u
#define EFER_LMA      0x400u
#define RFLAGS_ALWAYS 0x2u
#define TYPE_CODE     11u /* execute, read, accessed */
#define TYPE_DATA     3u  /* read, write, accessed */
#define TYPE_TSS_BUSY 11u
#define TSS_LIMIT     0x67u
#define WHOLE_LIMIT   0xffffffffu

int cpu_state_capture(struct kvm_vcpu *vcpu, struct cpu_state *out)
{
	int code = kvm_vcpu_get_regs(vcpu, &out->regs);

	if (code == 0) {
		code = kvm_vcpu_get_sregs(vcpu, &out->sregs);
	}
	if (code == 0) {
		out->has_xsave = kvm_vcpu_get_xsave(vcpu, out->xsave) == 0;
		out->has_xcrs = kvm_vcpu_get_xcrs(vcpu, &out->xcrs) == 0;
		code = out->has_xsave ? 0 : kvm_vcpu_get_fpu(vcpu, &out->fpu);
	}
	if (code == 0) {
		code = kvm_vcpu_get_lapic(vcpu, &out->lapic);
	}
	if (code == 0) {
		code = kvm_vcpu_get_mp_state(vcpu, &out->mp_state);
	}
	if (code == 0) {
		code = kvm_vcpu_get_events(vcpu, &out->events);
	}
	if (code == 0) {
		code = kvm_vcpu_get_debugregs(vcpu, &out->debugregs);
	}
	return code;
}

int cpu_state_restore(struct kvm_vcpu *vcpu, const struct cpu_state *state)
{
	/* XCR0 goes before the registers that it enables, the APIC base (sregs) before MSRs. */
	int code = state->has_xcrs ? kvm_vcpu_set_xcrs(vcpu, &state->xcrs) : 0;

	if (code == 0) {
		code = state->has_xsave ? kvm_vcpu_set_xsave(vcpu, state->xsave)
					: kvm_vcpu_set_fpu(vcpu, &state->fpu);
	}
	if (code == 0) {
		code = kvm_vcpu_set_sregs(vcpu, &state->sregs);
	}
	if (code == 0) {
		code = kvm_vcpu_set_regs(vcpu, &state->regs);
	}
	if (code == 0) {
		code = kvm_vcpu_set_events(vcpu, &state->events);
	}
	if (code == 0) {
		code = kvm_vcpu_set_debugregs(vcpu, &state->debugregs);
	}
	return code;
}

int cpu_state_restore_lapic(struct kvm_vcpu *vcpu, const struct cpu_state *state)
{
	int code = kvm_vcpu_set_lapic(vcpu, &state->lapic);

	return code == 0 ? kvm_vcpu_set_mp_state(vcpu, &state->mp_state) : code;
}

static void set_segments(struct kvm_sregs *sregs, const struct kvm_segment *code)
{
	sregs->cs = *code;
	sregs->ds = (struct kvm_segment){
		.limit = WHOLE_LIMIT,
		.selector = CPU_SELECTOR_DATA,
		.type = TYPE_DATA,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
	/* A processor in protected mode always has a task state segment. */
	sregs->tr = (struct kvm_segment){
		.limit = TSS_LIMIT,
		.selector = CPU_SELECTOR_TSS,
		.type = TYPE_TSS_BUSY,
		.present = 1,
	};
}

/* Xen's PVH boot protocol: flat 32-bit segments, no paging, EBX has start_info. */
static void enter_pvh(struct cpu_state *state, const struct cpu_entry *entry)
{
	const struct kvm_segment code = {
		.limit = WHOLE_LIMIT,
		.selector = CPU_SELECTOR_CODE32,
		.type = TYPE_CODE,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};

	set_segments(&state->sregs, &code);
	state->sregs.cr0 = CR0_PE | CR0_ET;
	state->regs.rbx = entry->argument;
}

/* Linux's 64-bit boot protocol: paging on, RSI has boot_params. */
static void enter_long(struct cpu_state *state, const struct cpu_entry *entry)
{
	const struct kvm_segment code = {
		.limit = WHOLE_LIMIT,
		.selector = CPU_SELECTOR_CODE64,
		.type = TYPE_CODE,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};

	set_segments(&state->sregs, &code);
	state->sregs.cr0 = CR0_PE | CR0_ET | CR0_PG;
	state->sregs.cr3 = entry->page_table_gpa;
	state->sregs.cr4 = CR4_PAE;
	state->sregs.efer = EFER_LME | EFER_LMA;
	state->regs.rsi = entry->argument;
}

void cpu_state_enter(struct cpu_state *state, const struct cpu_entry *entry)
{
	if (entry->mode == CPU_ENTRY_RESET) {
		return; /* power-on is just that */
	}
	state->regs = (struct kvm_regs){ .rip = entry->rip, .rflags = RFLAGS_ALWAYS };
	state->sregs.gdt.base = entry->gdt_gpa;
	state->sregs.gdt.limit = entry->gdt_gpa ? CPU_GDT_BYTES - 1 : 0;
	if (entry->mode == CPU_ENTRY_PVH) {
		enter_pvh(state, entry);
	} else {
		enter_long(state, entry);
	}
}
