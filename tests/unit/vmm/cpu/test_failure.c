/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/failure.c */
#include "vmm/cpu/failure.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/cpu/cpus.h"

TestSuite(failure, .timeout = 10);

static struct kvm_run run;
static struct kvm_regs regs;
static struct kvm_sregs sregs;
static const uint8_t CODE[] = { 0x48, 0x0f, 0xc7 };
static struct failure failure = { .cpu = 3, .run = &run, .regs = &regs, .sregs = &sregs };
static char text[4096];

static bool says(const char *words)
{
	failure_describe(&failure, text, sizeof(text));
	return strstr(text, words) != NULL;
}

Test(failure, emulation_tells_instruction_and_way_out)
{
	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	regs.rip = 0xffffffff81000000;
	failure.bytes = CODE;
	failure.byte_count = sizeof(CODE);
	cr_assert(says("processor 3 stopped: KVM cannot emulate"), "%s", text);
	cr_assert(says("internal error, suberror 1"));
	cr_assert(says("rip ffffffff81000000"));
	cr_assert(says("code at rip: 48 0f c7\n"));
	cr_assert(says("thunderlake doctor"));
}

Test(failure, missing_code_is_said)
{
	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	cr_assert(says("code at rip: not readable\n"));
	cr_assert(says("interrupt table"));
}

Test(failure, failed_entry_has_the_hardware_reason)
{
	run.exit_reason = KVM_EXIT_FAIL_ENTRY;
	run.fail_entry.hardware_entry_failure_reason = 0x80000021;
	cr_assert(says("hardware reason 0x80000021"));
	cr_assert(says("unrestricted guest"));
}

Test(failure, unknown_exit_has_its_number)
{
	run.exit_reason = 1234;
	cr_assert(says("exit reason 1234"));
}

Test(failure, host_without_memory_is_said)
{
	failure.code = -EFAULT;
	cr_assert(says("Bad address"));
	cr_assert(says("out of memory"));
	failure.code = -EIO;
	cr_assert(says("KVM_RUN failed"));
	failure.code = 0;
}

/* KVM tells how many words it gives; a wrong number must not be believed. */
Test(failure, too_many_words_are_cut)
{
	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.internal.suberror = 77;
	run.internal.ndata = 1000000;
	cr_assert(says("suberror 77"));
}

Test(failure, text_is_cut_to_its_room)
{
	char small[20];

	run.exit_reason = KVM_EXIT_FAIL_ENTRY;
	failure_describe(&failure, small, sizeof(small));
	cr_assert(eq(str, small, "processor 3 stopped"));
}

Test(failure, whole_text_fits_an_event)
{
	struct cpu_event event;

	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run.internal.ndata = 4;
	memset(run.internal.data, 0xff, sizeof(run.internal.data));
	memset(&regs, 0xff, sizeof(regs));
	memset(&sregs, 0xff, sizeof(sregs));
	failure_describe(&failure, event.text, sizeof(event.text));
	cr_assert(lt(sz, strlen(event.text), sizeof(event.text) - 1));
	cr_assert(ne(ptr, strstr(event.text, "efer ffffffffffffffff"), NULL));
}

Test(failure, exit_bytes_are_bounded)
{
	const uint8_t *bytes = NULL;

	memset(&run, 0, sizeof(run));
	run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run.emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	cr_assert(eq(sz, failure_exit_bytes(&run, &bytes), 0));
	run.emulation_failure.ndata = 4;
	run.emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	run.emulation_failure.insn_size = 255;
	run.emulation_failure.insn_bytes[0] = 0x0f;
	cr_assert(eq(sz, failure_exit_bytes(&run, &bytes), 15));
	cr_assert(eq(u8, bytes[0], 0x0f));
}
