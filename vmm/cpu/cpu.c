/* SPDX-License-Identifier: MIT */
#include "vmm/cpu/cpu.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/bus/bus.h"
#include "vmm/cpu/failure.h"
#include "vmm/mem/guest_mem.h"

/* A string instruction brings several accesses of one port in one exit. */
static void serve_port(struct cpu *cpu)
{
	struct kvm_run *run = cpu->kvm.run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	unsigned size = run->io.size;

	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			(void)bus_write(cpu->pio, run->io.port, size, load_le(data, size));
		} else {
			uint64_t value;

			(void)bus_read(cpu->pio, run->io.port, size, &value);
			store_le(data, size, value);
		}
	}
}

static void serve_memory(struct cpu *cpu)
{
	struct kvm_run *run = cpu->kvm.run;
	unsigned size = MIN(run->mmio.len, (uint32_t)sizeof(run->mmio.data));

	if (run->mmio.is_write) {
		(void)bus_write(cpu->mmio, run->mmio.phys_addr, size,
				load_le(run->mmio.data, size));
	} else {
		uint64_t value;

		(void)bus_read(cpu->mmio, run->mmio.phys_addr, size, &value);
		store_le(run->mmio.data, size, value);
	}
}

static size_t read_code(struct cpu *cpu, const struct kvm_regs *regs, const struct kvm_sregs *sregs,
			uint8_t *bytes)
{
	const uint8_t *given = NULL;
	size_t count = failure_exit_bytes(cpu->kvm.run, &given);
	uint64_t gpa;

	if (count > 0) {
		count = MIN(count, (size_t)FAILURE_CODE_BYTES);
		memcpy(bytes, given, count);
		return count;
	}
	if (!cpu->mem || kvm_vcpu_translate(&cpu->kvm, sregs->cs.base + regs->rip, &gpa) < 0) {
		return 0;
	}
	/* Up to the end of the page: the next one may be elsewhere. */
	count = GUEST_MEM_PAGE_BYTES - gpa % GUEST_MEM_PAGE_BYTES;
	count = MIN(count, (size_t)FAILURE_CODE_BYTES);
	return guest_mem_read(cpu->mem, gpa, bytes, count) == 0 ? count : 0;
}

static void describe_failure(struct cpu *cpu, int code, struct cpu_event *event)
{
	uint8_t bytes[FAILURE_CODE_BYTES];
	struct kvm_regs regs = { 0 };
	struct kvm_sregs sregs = { 0 };
	struct failure failure = {
		.cpu = cpu->index,
		.code = code,
		.run = cpu->kvm.run,
		.regs = &regs,
		.sregs = &sregs,
		.bytes = bytes,
	};

	/* What cannot be had stays zero: the first failure is the one to tell. */
	(void)kvm_vcpu_get_regs(&cpu->kvm, &regs);
	(void)kvm_vcpu_get_sregs(&cpu->kvm, &sregs);
	failure.byte_count = read_code(cpu, &regs, &sregs, bytes);
	event->kind = CPU_EVENT_FAILED;
	failure_describe(&failure, event->text, sizeof(event->text));
}

/* The exits that end a run. False for those that do not. */
static bool is_event(struct cpu *cpu, int code, struct cpu_event *event)
{
	const struct kvm_run *run = cpu->kvm.run;

	event->cpu = cpu->index;
	event->text[0] = '\0';
	if (code < 0) {
		describe_failure(cpu, code, event);
		return true;
	}
	if (run->exit_reason == KVM_EXIT_INTR || run->exit_reason == KVM_EXIT_IRQ_WINDOW_OPEN) {
		return false;
	}
	if (run->exit_reason == KVM_EXIT_SHUTDOWN) {
		event->kind = CPU_EVENT_RESET;
	} else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
		   run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN) {
		event->kind = CPU_EVENT_SHUTDOWN;
	} else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
		   run->system_event.type == KVM_SYSTEM_EVENT_RESET) {
		event->kind = CPU_EVENT_RESET;
	} else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
		   run->system_event.type == KVM_SYSTEM_EVENT_CRASH) {
		event->kind = CPU_EVENT_CRASH;
	} else {
		describe_failure(cpu, 0, event);
	}
	return true;
}

bool cpu_run(struct cpu *cpu, struct cpu_event *event)
{
	struct kvm_run *run = cpu->kvm.run;

	for (;;) {
		int code = kvm_vcpu_run(&cpu->kvm);

		if (LIKELY(code == 0) && LIKELY(run->exit_reason == KVM_EXIT_IO)) {
			serve_port(cpu);
		} else if (LIKELY(code == 0) && LIKELY(run->exit_reason == KVM_EXIT_MMIO)) {
			serve_memory(cpu);
		} else if (code == -EINTR) {
			return true;
		} else if (code != -EAGAIN && is_event(cpu, code, event)) {
			/* -EAGAIN: a processor was woken by its start-up interrupt. */
			return false;
		}
	}
}
