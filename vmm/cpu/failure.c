/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/compiler.h"

/* The room that is left of a text. */
struct writer {
	char *at;
	size_t left;
};

static void add(struct writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct writer *writer, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(writer->at, writer->left, format, args);
	va_end(args);
	if (length > 0) {
		size_t step = MIN((size_t)length, writer->left - 1);

		writer->at += step;
		writer->left -= step;
	}
}

/* What happened, and what a user can do about it. */
struct verdict {
	const char *what;
	const char *advice;
};

static struct verdict judge_internal_error(uint32_t suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return (struct verdict){
			"KVM cannot emulate an instruction of the guest",
			"The code bytes name it. If 'thunderlake doctor' calls this host's KVM "
			"software, run the guest on hardware KVM or in the lab; else the guest "
			"uses memory that is not RAM as code, or the host's kernel is too old.",
		};
	case KVM_INTERNAL_ERROR_SIMUL_EX:
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return (struct verdict){
			"KVM cannot deliver an interrupt or exception to the guest",
			"The guest's interrupt table or stack is not in RAM: look for a fault of "
			"the guest's kernel before this, for example on its serial console.",
		};
	default:
		return (struct verdict){
			"KVM met an exit that it does not know",
			"Update the host's kernel; 'dmesg' may have a line of kvm.",
		};
	}
}

static struct verdict judge(const struct failure *failure)
{
	if (failure->code == -EFAULT) {
		return (struct verdict){
			"KVM could not get at guest memory",
			"The host may be out of memory: give the guest less, or free some.",
		};
	}
	if (failure->code < 0) {
		return (struct verdict){ "KVM_RUN failed",
					 "'dmesg' of the host may have a line of kvm." };
	}
	switch (failure->run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		return judge_internal_error(failure->run->internal.suberror);
	case KVM_EXIT_FAIL_ENTRY:
		return (struct verdict){
			"the processor refuses to enter the guest",
			"The guest is in a state that this host's processor cannot run, which "
			"happens to real mode on Intel processors without unrestricted guest: "
			"update the host's kernel, or use a newer processor.",
		};
	default:
		return (struct verdict){ "an exit that Thunderlake does not serve",
					 "Please report it with these lines." };
	}
}

static void add_numbers(struct writer *writer, const struct failure *failure)
{
	const struct kvm_run *run = failure->run;

	if (failure->code < 0) {
		add(writer, " (%s)\n", strerror(-failure->code));
		return;
	}
	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		add(writer, " (internal error, suberror %u", run->internal.suberror);
		for (uint32_t i = 0; i < MIN(run->internal.ndata, 4u); i++) {
			add(writer, ", 0x%llx", run->internal.data[i]);
		}
		add(writer, ")\n");
		break;
	case KVM_EXIT_FAIL_ENTRY:
		add(writer, " (hardware reason 0x%llx)\n",
		    run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_UNKNOWN:
		add(writer, " (hardware reason 0x%llx)\n", run->hw.hardware_exit_reason);
		break;
	default:
		add(writer, " (exit reason %u)\n", run->exit_reason);
		break;
	}
}

static void add_code(struct writer *writer, const struct failure *failure)
{
	add(writer, "  code at rip:");
	for (size_t i = 0; i < failure->byte_count; i++) {
		add(writer, " %02x", failure->bytes[i]);
	}
	add(writer, failure->byte_count ? "\n" : " not readable\n");
}

static void add_registers(struct writer *writer, const struct kvm_regs *regs)
{
	add(writer,
	    "  rip %016llx rflags %08llx\n"
	    "  rax %016llx rbx %016llx rcx %016llx rdx %016llx\n"
	    "  rsi %016llx rdi %016llx rsp %016llx rbp %016llx\n"
	    "  r8  %016llx r9  %016llx r10 %016llx r11 %016llx\n"
	    "  r12 %016llx r13 %016llx r14 %016llx r15 %016llx\n",
	    regs->rip, regs->rflags, regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi,
	    regs->rdi, regs->rsp, regs->rbp, regs->r8, regs->r9, regs->r10, regs->r11, regs->r12,
	    regs->r13, regs->r14, regs->r15);
}

static void add_segment(struct writer *writer, const char *name, const struct kvm_segment *segment)
{
	add(writer, "  %s %04x base %016llx limit %08x type %x dpl %u%s%s\n", name,
	    segment->selector, segment->base, segment->limit, segment->type, segment->dpl,
	    segment->l ? " 64-bit" : "", segment->unusable ? " unusable" : "");
}

static void add_system_registers(struct writer *writer, const struct kvm_sregs *sregs)
{
	add_segment(writer, "cs", &sregs->cs);
	add_segment(writer, "ss", &sregs->ss);
	add(writer,
	    "  gdt %016llx+%x idt %016llx+%x\n"
	    "  cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx efer %llx",
	    sregs->gdt.base, sregs->gdt.limit, sregs->idt.base, sregs->idt.limit, sregs->cr0,
	    sregs->cr2, sregs->cr3, sregs->cr4, sregs->efer);
}

size_t failure_exit_bytes(const struct kvm_run *run, const uint8_t **bytes)
{
	if (run->exit_reason != KVM_EXIT_INTERNAL_ERROR ||
	    run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION ||
	    run->emulation_failure.ndata < 1 ||
	    !(run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
		return 0;
	}
	*bytes = run->emulation_failure.insn_bytes;
	return MIN((size_t)run->emulation_failure.insn_size,
		   sizeof(run->emulation_failure.insn_bytes));
}

void failure_describe(const struct failure *failure, char *text, size_t size)
{
	const struct verdict verdict = judge(failure);
	struct writer writer = { text, size };

	add(&writer, "processor %u stopped: %s", failure->cpu, verdict.what);
	add_numbers(&writer, failure);
	add(&writer, "%s\n", verdict.advice);
	add_code(&writer, failure);
	add_registers(&writer, failure->regs);
	add_system_registers(&writer, failure->sregs);
}
