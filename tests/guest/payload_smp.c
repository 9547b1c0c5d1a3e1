/* SPDX-License-Identifier: MIT */
/* Starts all processors one after the other; each reports how it sees itself (test_smp.c). */
#include "tests/guest/runtime/runtime.h"
#include "tests/guest/test_smp.h"

static volatile unsigned running;

static void read_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *words)
{
	__asm__ volatile("cpuid"
			 : "=a"(words[0]), "=b"(words[1]), "=c"(words[2]), "=d"(words[3])
			 : "a"(leaf), "c"(subleaf));
}

static void report(void)
{
	struct test_report *own = (struct test_report *)TEST_REPORTS_GPA + running;
	uint32_t words[4];
	uint32_t leaves;

	read_cpuid(0, 0, words);
	leaves = words[0];
	read_cpuid(1, 0, words);
	own->lapic_id = own_apic_id();
	own->cpuid_1_id = words[1] >> 24;
	own->hypervisor = words[2] >> 31;
	own->cpuid_0xb_id = UINT32_MAX;
	if (leaves >= 0xb) {
		read_cpuid(0xb, 1, words);
		own->cpuid_0xb_id = words[3];
		own->core_count = words[1];
	}
	own->ready = 1;
	running = running + 1;
}

static void run_other(void)
{
	report();
	for (;;) {
		__asm__ volatile("hlt");
	}
}

void payload_main(const char *command_line)
{
	(void)command_line;
	report();
	for (unsigned id = 1; id < TEST_CPUS; id++) {
		start_processor(id, run_other);
		while (running <= id) {
			__asm__ volatile("pause");
		}
	}
}
