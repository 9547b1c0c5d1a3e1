/* SPDX-License-Identifier: MIT */
/* Takes interrupts and tells the test's device of each (test_irq.c). */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_irq.h"

#define IOAPIC_GPA     0xfec00000
#define IOAPIC_WINDOW  0x10
#define IOAPIC_PIN_LOW (0x10 + 2 * TEST_LINE)
#define REDIRECT_LEVEL 0xa000 /* level-triggered, active low, as PCI's; not masked */

static volatile unsigned taken;

/* A level-triggered interrupt may come once more than its device asks, as on a shared line: some
 * emulated LAPICs signal its end before the handler runs. So the device is asked, as drivers do. */
static void take(void)
{
	if (!inb(TEST_IRQ_PORT + TEST_IRQ_TAKEN)) {
		return;
	}
	taken = taken + 1;
	outb(TEST_IRQ_PORT + TEST_IRQ_TAKEN, 1);
}

static void write_ioapic(uint32_t index, uint32_t value)
{
	*mmio32(IOAPIC_GPA) = index;
	*mmio32(IOAPIC_GPA + IOAPIC_WINDOW) = value;
}

void payload_main(const char *command_line)
{
	interrupt_set(TEST_MSI_VECTOR, take);
	interrupt_set(TEST_LINE_VECTOR, take);
	write_ioapic(IOAPIC_PIN_LOW + 1, 0);
	write_ioapic(IOAPIC_PIN_LOW, REDIRECT_LEVEL | TEST_LINE_VECTOR);
	interrupts_on();
	if (has_word(command_line, "user")) {
		enter_user();
	}
	outb(TEST_IRQ_PORT + TEST_IRQ_READY, 1);
	while (taken < TEST_COUNT) {
		__asm__ volatile("pause" : : : "memory");
	}
}
