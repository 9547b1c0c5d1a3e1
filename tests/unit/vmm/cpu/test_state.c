/* SPDX-License-Identifier: MIT */
/* LINK: vmm/cpu/state.c vmm/kvm/ */
#include "vmm/cpu/state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "vmm/boot/layout.h"

/* Two headers have these numbers, since neither may include the other. */
_Static_assert(CPU_SELECTOR_CODE64 == LAYOUT_GDT_CODE64, "64-bit code");
_Static_assert(CPU_SELECTOR_DATA == LAYOUT_GDT_DATA, "data");
_Static_assert(CPU_SELECTOR_CODE32 == LAYOUT_GDT_CODE32, "32-bit code");
_Static_assert(CPU_SELECTOR_TSS == LAYOUT_GDT_TSS, "task state");

TestSuite(state, .timeout = 10);

/* Some power-on values that must or must not survive. */
static struct cpu_state power_on(void)
{
	struct cpu_state state = { .regs = { .rip = 0xfff0, .rdx = 0x600 } };

	state.sregs.cs.selector = 0xf000;
	state.sregs.cs.base = 0xffff0000;
	state.sregs.apic_base = 0xfee00900;
	state.sregs.cr0 = 0x60000010;
	return state;
}

Test(state, reset_entry_is_power_on)
{
	const struct cpu_entry entry = { .mode = CPU_ENTRY_RESET, .rip = 1 };
	struct cpu_state state = power_on();

	cpu_state_enter(&state, &entry);
	cr_assert(eq(u64, state.regs.rip, 0xfff0));
	cr_assert(eq(u64, state.regs.rdx, 0x600));
	cr_assert(eq(u64, state.sregs.cs.base, 0xffff0000));
	cr_assert(eq(u64, state.sregs.cr0, 0x60000010));
}

Test(state, pvh_entry_is_flat_32_bit)
{
	const struct cpu_entry entry = {
		.mode = CPU_ENTRY_PVH, .rip = 0x100000, .argument = 0x7000, .gdt_gpa = 0x500
	};
	struct cpu_state state = power_on();

	cpu_state_enter(&state, &entry);
	cr_assert(eq(u64, state.regs.rip, 0x100000));
	cr_assert(eq(u64, state.regs.rbx, 0x7000));
	cr_assert(eq(u64, state.regs.rdx, 0));
	cr_assert(eq(u64, state.regs.rflags, 2));
	cr_assert(eq(u64, state.sregs.cr0, 0x11));
	cr_assert(eq(u64, state.sregs.cr4, 0));
	cr_assert(eq(u64, state.sregs.efer, 0));
	cr_assert(eq(u8, state.sregs.cs.db, 1));
	cr_assert(eq(u8, state.sregs.cs.l, 0));
	cr_assert(eq(u32, state.sregs.cs.limit, 0xffffffff));
	cr_assert(eq(u16, state.sregs.ss.selector, LAYOUT_GDT_DATA));
	cr_assert(eq(u32, state.sregs.tr.limit, 0x67));
	cr_assert(eq(u64, state.sregs.gdt.base, 0x500));
	cr_assert(eq(u64, state.sregs.apic_base, 0xfee00900));
}

Test(state, long_entry_is_64_bit_with_paging)
{
	const struct cpu_entry entry = { .mode = CPU_ENTRY_LONG,
					 .rip = 0x1000200,
					 .argument = 0x7000,
					 .page_table_gpa = 0x9000 };
	struct cpu_state state = power_on();

	cpu_state_enter(&state, &entry);
	cr_assert(eq(u64, state.regs.rip, 0x1000200));
	cr_assert(eq(u64, state.regs.rsi, 0x7000));
	cr_assert(eq(u64, state.sregs.cr0, 0x80000011));
	cr_assert(eq(u64, state.sregs.cr3, 0x9000));
	cr_assert(eq(u64, state.sregs.cr4, 0x20));
	cr_assert(eq(u64, state.sregs.efer, 0x500));
	cr_assert(eq(u8, state.sregs.cs.l, 1));
	cr_assert(eq(u8, state.sregs.cs.db, 0));
	cr_assert(eq(u16, state.sregs.cs.selector, LAYOUT_GDT_CODE64));
}
