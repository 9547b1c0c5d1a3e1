/* SPDX-License-Identifier: MIT */
#include "tests/guest/runtime/runtime.h"

#define COM1_PORT	0x3f8u
#define DEBUG_EXIT_PORT 0xf4u

#define LAPIC_GPA      0xfee00000u
#define LAPIC_ID       0x20u
#define LAPIC_EOI      0xb0u
#define LAPIC_SPURIOUS 0xf0u
#define LAPIC_ICR_LOW  0x300u
#define LAPIC_ICR_HIGH 0x310u
#define LAPIC_ENABLE   0x1ffu /* spurious vector 0xff */
#define ICR_INIT       0x4500u
#define ICR_STARTUP    0x4600u

#define CODE64		0x08u
#define GATE_FROM_ALL	0xeeu /* present, ring 3 may use it, interrupt gate */
#define STUB_BYTES	16u
#define EXCEPTIONS	32u
#define TRAMPOLINE_GPA	0x8000u
#define TRAMPOLINE_PAGE (TRAMPOLINE_GPA >> 12)
#define STACK_BYTES	4096u
#define PROCESSORS_MAX	64u

/* Intel SDM volume 3 §6.14.1. */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

/* Xen's start_info, as far as it matters here. */
struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules_gpa;
	uint64_t command_line_gpa;
};

extern struct gate idt[];
extern const uint8_t interrupt_stubs[], trampoline[], trampoline_end[];
extern uint32_t processor_stack;
extern void (*processor_entry)(void);

/* Called by start.S. */
void runtime_main(const struct start_info *info);
void runtime_interrupt(uint64_t vector, uint64_t error, uint64_t rip);

static interrupt_fn *handlers[256];
static uint8_t stacks[PROCESSORS_MAX][STACK_BYTES] __attribute__((aligned(16)));
static unsigned processors_started;

void finish(uint32_t code)
{
	outl(DEBUG_EXIT_PORT, code);
	for (;;) {
		__asm__ volatile("pause");
	}
}

void print(const char *text)
{
	while (*text) {
		outb(COM1_PORT, (uint8_t)*text++);
	}
}

void print_hex(uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4) {
		outb(COM1_PORT, (uint8_t) "0123456789abcdef"[value >> shift & 0xf]);
	}
}

bool has_word(const char *command_line, const char *word)
{
	while (*command_line) {
		const char *at = command_line;
		const char *want = word;

		while (*want && *at == *want) {
			at++;
			want++;
		}
		if (!*want && (*at == '\0' || *at == ' ')) {
			return true;
		}
		while (*command_line && *command_line != ' ') {
			command_line++;
		}
		while (*command_line == ' ') {
			command_line++;
		}
	}
	return false;
}

/* --- interrupts --- */

static void set_gate(unsigned vector)
{
	uint64_t stub = (uint64_t)interrupt_stubs + (uint64_t)vector * STUB_BYTES;

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)stub,
		.selector = CODE64,
		.type = GATE_FROM_ALL,
		.offset_middle = (uint16_t)(stub >> 16),
	};
}

void interrupt_set(uint8_t vector, interrupt_fn *fn)
{
	set_gate(vector);
	handlers[vector] = fn;
	*mmio32(LAPIC_GPA + LAPIC_SPURIOUS) = LAPIC_ENABLE;
}

void runtime_interrupt(uint64_t vector, uint64_t error, uint64_t rip)
{
	if (handlers[vector]) {
		handlers[vector]();
		*mmio32(LAPIC_GPA + LAPIC_EOI) = 0;
		return;
	}
	print("exception ");
	print_hex(vector);
	print(" error ");
	print_hex(error);
	print(" at ");
	print_hex(rip);
	print("\n");
	finish(FINISH_EXCEPTION);
}

/* --- processors --- */

uint32_t own_apic_id(void)
{
	return *mmio32(LAPIC_GPA + LAPIC_ID) >> 24;
}

static void send(uint32_t apic_id, uint32_t command)
{
	*mmio32(LAPIC_GPA + LAPIC_ICR_HIGH) = apic_id << 24;
	*mmio32(LAPIC_GPA + LAPIC_ICR_LOW) = command;
}

void start_processor(uint32_t apic_id, void (*fn)(void))
{
	uint64_t length = (uint64_t)(trampoline_end - trampoline);

	for (uint64_t i = 0; i < length; i++) {
		*mmio8(TRAMPOLINE_GPA + i) = trampoline[i];
	}
	processor_entry = fn;
	processor_stack = (uint32_t)(uint64_t)stacks[++processors_started];
	send(apic_id, ICR_INIT);
	send(apic_id, ICR_STARTUP | TRAMPOLINE_PAGE);
}

/* --- start --- */

void runtime_main(const struct start_info *info)
{
	for (unsigned vector = 0; vector < EXCEPTIONS; vector++) {
		set_gate(vector);
	}
	payload_main((const char *)info->command_line_gpa);
	finish(0);
}
