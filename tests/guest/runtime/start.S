/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of every payload: from the 32-bit PVH entry to C in 64-bit ring 0. On a
 * software KVM each of them is emulated, so that nothing is computed here which the assembler can:
 * page tables and descriptors lie in the image as the processor wants them.
 */
#define CODE64	    0x08
#define DATA	    0x10
#define USER_DATA   0x18
#define USER_CODE   0x20
#define TSS	    0x28
#define CODE32	    0x38
#define RPL_USER    3

#define CR0_PG_PE   0x80000001
#define CR4_PAE	    0x20
#define EFER	    0xc0000080
#define EFER_LME    0x100
#define IOPL_USER   0x3002

#define TRAMPOLINE  0x8000
#define STACK_BYTES 8192

	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long start32

/* From 32-bit protected mode into 64-bit mode at \target. Spoils eax, ecx, edx. */
.macro enter_long_mode target
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG_PE, %eax
	movl	%eax, %cr0
	ljmp	$CODE64, $\target
.endm

.macro load_data_segments
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
.endm

	.section .text.start, "ax", @progbits
	.code32
	.globl start32
start32:
	cli
	lgdt	gdt_pointer
	load_data_segments
	movl	$stack_end, %esp
	enter_long_mode start64

	.code64
start64:
	movl	$TSS, %eax
	ltr	%ax
	lidt	idt_pointer
	/* EBX has had the start_info all along. */
	movl	%ebx, %edi
	call	runtime_main
1:	hlt
	jmp	1b

/* void enter_user(void): returns in ring 3 with IOPL 3, interrupts as they were. */
	.globl enter_user
enter_user:
	popq	%rcx
	movq	%rsp, %rdx
	pushfq
	popq	%rsi
	orl	$IOPL_USER, %esi
	pushq	$(USER_DATA | RPL_USER)
	pushq	%rdx
	pushq	%rsi
	pushq	$(USER_CODE | RPL_USER)
	pushq	%rcx
	iretq

/* --- other processors: real mode at TRAMPOLINE, where start_processor copies this --- */

	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	TRAMPOLINE + (trampoline_gdt - trampoline)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$CODE32, $processor32
trampoline_gdt:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.code32
processor32:
	load_data_segments
	enter_long_mode processor64

	.code64
processor64:
	movl	processor_stack, %esp
	lidt	idt_pointer
	call	*processor_entry
1:	hlt
	jmp	1b

/* --- interrupts: a stub for each vector pushes its number, and a zero where the processor pushes
 * no error code --- */

	.balign 16
	.globl interrupt_stubs
interrupt_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	interrupt_common
	.set	vector, vector + 1
	.endr

interrupt_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movq	72(%rsp), %rdi
	movq	80(%rsp), %rsi
	movq	88(%rsp), %rdx
	call	runtime_interrupt
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

/* --- tables --- */

	.data
	.balign 8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* CODE64 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00cff3000000ffff	/* USER_DATA */
	.quad	0x00affb000000ffff	/* USER_CODE */
	.word	tss_end - tss - 1, tss_low, 0x8900 + tss_middle, 0
	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE32 */
gdt_end:

gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt
idt_pointer:
	.word	256 * 16 - 1
	.quad	idt

	.balign 8
	.globl	tss
tss:
	.long	0
	.quad	interrupt_stack_end	/* RSP0 */
	.fill	88
	.word	0, port_bitmap - tss
port_bitmap:	/* all ports allowed, for hosts that do not keep IOPL */
	.fill	8192
	.byte	0xff
tss_end:

	.globl	processor_stack, processor_entry
processor_stack:
	.long	0
	.balign 8
processor_entry:
	.quad	0

/* Identity map by 2 MiB pages, for ring 0 and 3 alike: 0 to 6 GiB, and the first GiB of the window
 * for 64-bit BARs at 256 GiB. Present, writable, user, accessed, dirty. */
#define TABLE 0x27
#define LARGE 0xe7
	.balign 4096
pml4:
	.quad	pdpt + TABLE
	.fill	511, 8
pdpt:
	.quad	directories + TABLE, directories + 0x1000 + TABLE, directories + 0x2000 + TABLE
	.quad	directories + 0x3000 + TABLE, directories + 0x4000 + TABLE
	.quad	directories + 0x5000 + TABLE
	.fill	250, 8
	.quad	directory_bars + TABLE	/* entry 256 */
	.fill	255, 8
directories:
	.set	gpa, 0
	.rept	6 * 512
	.quad	gpa + LARGE
	.set	gpa, gpa + 0x200000
	.endr
directory_bars:
	.set	gpa, 0x4000000000
	.rept	512
	.quad	gpa + LARGE
	.set	gpa, gpa + 0x200000
	.endr

	.bss
	.balign 16
	.globl	idt
idt:
	.fill	256 * 16
	.fill	STACK_BYTES
stack_end:
	.fill	STACK_BYTES
interrupt_stack_end:

	.section .note.GNU-stack, "", @progbits
