/* SPDX-License-Identifier: MIT */
/* Counts, or fails in the way that the command line says (test_control.c). */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_control.h"

static void count(void)
{
	for (;;) {
		*mmio64(TEST_COUNTER_GPA) = *mmio64(TEST_COUNTER_GPA) + 1;
	}
}

/* Each read must bring the value, however often it is interrupted between exit and completion. */
static void read_port(void)
{
	for (;;) {
		if (inb(TEST_IN_PORT) != TEST_IN_VALUE) {
			finish(1);
		}
		*mmio64(TEST_COUNTER_GPA) = *mmio64(TEST_COUNTER_GPA) + 1;
	}
}

/* Without an interrupt table an exception cannot be delivered, nor the fault that this is. */
static void fault_three_times(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_table = { 0, 0 };

	__asm__ volatile("lidt %0\n\tud2" : : "m"(no_table));
}

/* There is no memory to fetch an instruction from. */
static void jump_nowhere(void)
{
	((void (*)(void))TEST_NOWHERE_GPA)();
}

void payload_main(const char *command_line)
{
	if (has_word(command_line, "user")) {
		enter_user();
	}
	if (has_word(command_line, "count")) {
		count();
	} else if (has_word(command_line, "port")) {
		read_port();
	} else if (has_word(command_line, "triple")) {
		fault_three_times();
	} else if (has_word(command_line, "nowhere")) {
		jump_nowhere();
	}
}
