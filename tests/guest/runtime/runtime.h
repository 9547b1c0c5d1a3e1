/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_RUNTIME_RUNTIME_H
#define THUNDERLAKE_TESTS_GUEST_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a payload stands on: 64-bit ring 0, all memory to 6 GiB and the first GiB of the 64-bit BARs
 * mapped at its own address for ring 0 and 3. Interrupts are off and the handlers of exceptions
 * end the payload. On a software KVM ring 0 runs at 2 MIPS: what takes long goes to ring 3 by
 * enter_user.
 */

/* The payload. `command_line` is the kernel command line; returning means finish(0). */
void payload_main(const char *command_line);

/* Writes `code` to the debug-exit port; a machine that serves it ends with (code << 1) | 1. */
__attribute__((noreturn)) void finish(uint32_t code);
#define FINISH_EXCEPTION 0xeeu

/* Ring 3 with IOPL 3 from here on: ports, cli, sti work; MSRs and control registers do not. */
void enter_user(void);

bool has_word(const char *command_line, const char *word);

/* Text to COM1, without waiting. */
void print(const char *text);
void print_hex(uint64_t value);

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

/* Device memory: one access of that width each. */
static inline volatile uint8_t *mmio8(uint64_t gpa)
{
	return (volatile uint8_t *)gpa;
}

static inline volatile uint16_t *mmio16(uint64_t gpa)
{
	return (volatile uint16_t *)gpa;
}

static inline volatile uint32_t *mmio32(uint64_t gpa)
{
	return (volatile uint32_t *)gpa;
}

static inline volatile uint64_t *mmio64(uint64_t gpa)
{
	return (volatile uint64_t *)gpa;
}

/* --- interrupts --- */

typedef void interrupt_fn(void);

/* Enables the local APIC and lets `fn` run in ring 0 on `vector` (32 and up), before the end of
 * interrupt is signalled. Ring 0 only. */
void interrupt_set(uint8_t vector, interrupt_fn *fn);

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* --- processors --- */

/* Starts the processor with that APIC id in `fn`, ring 0, interrupts off, by INIT and SIPI. One at
 * a time: the caller waits for a sign of life. Ring 0 only. */
void start_processor(uint32_t apic_id, void (*fn)(void));
uint32_t own_apic_id(void);

#endif
