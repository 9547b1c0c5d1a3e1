/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_control.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/guest/mini.h"
#include "vmm/base/bytes.h"
#include "vmm/boot/layout.h"

TestSuite(control, .timeout = 120);

static struct mini mini;

static void sleep_ms(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000l };

	(void)nanosleep(&pause, NULL);
}

static uint64_t counter(void)
{
	const _Atomic uint64_t *count = guest_mem_slice(mini.mem, TEST_COUNTER_GPA, 8);

	return atomic_load(count);
}

/* Returns when the guest has counted on from `before`. */
static void wait_for_progress(uint64_t before)
{
	for (unsigned i = 0; counter() == before; i++) {
		cr_assert(lt(uint, i, MINI_TIMEOUT_MS), "%s", mini.text);
		sleep_ms(1);
	}
}

static void pause_and_resume(const char *command_line, unsigned rounds)
{
	mini_boot(&mini, "control", command_line);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t paused;

		wait_for_progress(round == 0 ? 0 : counter());
		cpus_pause(mini.cpus);
		cpus_pause(mini.cpus);
		paused = counter();
		sleep_ms(2);
		cr_assert(eq(u64, counter(), paused));
		cpus_resume(mini.cpus);
		wait_for_progress(paused);
	}
	cr_assert(eq(int, (int)mini_wait(&mini, 0), MINI_TIMEOUT), "%s", mini.event.text);
	mini_finish(&mini);
}

Test(control, paused_guest_stands_still)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	pause_and_resume("count", 20);
}

Test(control, paused_guest_stands_still_in_ring_3)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	pause_and_resume("user count", 20);
}

static uint64_t read_value(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED)
{
	return TEST_IN_VALUE;
}

static void write_nothing(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED,
			  uint64_t value UNUSED)
{
}

static const struct io_ops VALUE_OPS = { read_value, write_nothing };

/* A pause between a read's exit and its completion must not lose the value. */
Test(control, pause_completes_the_read_under_way)
{
	struct io_region region = { .base = TEST_IN_PORT, .length = 1, .ops = &VALUE_OPS };

	mini_make(&mini, &(struct mini_config){ 0 });
	cr_assert(eq(int, bus_map(mini.pio, &region), 0));
	pause_and_resume("user port", 200);
}

static unsigned count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	cr_assert(ne(ptr, folder, NULL));
	while (readdir(folder)) {
		count++;
	}
	(void)closedir(folder);
	return count;
}

Test(control, twenty_resets_leave_no_descriptor)
{
	unsigned before;

	mini_make(&mini, &(struct mini_config){ .cpus = 2 });
	before = count_descriptors();
	for (unsigned i = 0; i < 20; i++) {
		mini_boot(&mini, "control", "user count");
		wait_for_progress(counter());
		cr_assert(eq(int, (int)mini_wait(&mini, 0), MINI_TIMEOUT));
	}
	cr_assert(eq(uint, count_descriptors(), before));
	mini_finish(&mini);
}

Test(control, machine_leaves_no_descriptor)
{
	unsigned before = count_descriptors();

	mini_make(&mini, &(struct mini_config){ .cpus = 2 });
	mini_finish(&mini);
	cr_assert(eq(uint, count_descriptors(), before));
}

Test(control, triple_fault_is_a_reset)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	for (unsigned i = 0; i < 3; i++) {
		mini_boot(&mini, "control", "triple");
		cr_assert(eq(int, (int)mini_wait(&mini, MINI_TIMEOUT_MS), MINI_EVENT));
		cr_assert(eq(int, (int)mini.event.kind, CPU_EVENT_RESET), "%s", mini.event.text);
		cr_assert(eq(uint, mini.event.cpu, 0));
	}
	/* And after the last one the machine works. */
	mini_boot(&mini, "control", "");
	mini_expect_finish(&mini, 0);
	mini_finish(&mini);
}

/* After an event the processor stays stopped, whatever pauses and resumes, until a reset. */
Test(control, event_stops_until_reset)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	mini_boot(&mini, "control", "triple");
	cr_assert(eq(int, (int)mini_wait(&mini, MINI_TIMEOUT_MS), MINI_EVENT));
	mini.outcome = MINI_TIMEOUT;
	cpus_resume(mini.cpus);
	cr_assert(eq(int, (int)mini_wait(&mini, 50), MINI_TIMEOUT));
	mini_finish(&mini);
}

Test(control, internal_error_tells_what_to_do)
{
	enum mini_outcome outcome;

	mini_make(&mini, &(struct mini_config){ 0 });
	mini_boot(&mini, "control", "nowhere");
	outcome = mini_wait(&mini, 2000);
	if (outcome != MINI_EVENT || mini.event.kind != CPU_EVENT_FAILED) {
		cr_skip_test("this host's KVM does not call a jump to no memory an internal error");
	}
	cr_assert(ne(ptr, strstr(mini.event.text, "internal error, suberror 1"), NULL), "%s",
		  mini.event.text);
	cr_assert(ne(ptr, strstr(mini.event.text, "rip 00000000d0000000"), NULL), "%s",
		  mini.event.text);
	cr_assert(ne(ptr, strstr(mini.event.text, "code at rip:"), NULL));
	cr_assert(ne(ptr, strstr(mini.event.text, "thunderlake doctor"), NULL));
	mini_finish(&mini);
}

/* --- the other entries, by code of a few bytes --- */

#define RESET_VECTOR_PAGE 0xfffff000u

/* Real mode at F000:FFF0: mov al, 42; out 0xf4, al; jmp $. */
Test(control, reset_entry_runs_the_reset_vector)
{
	static const uint8_t CODE[] = { 0xb0, 42, 0xe6, 0xf4, 0xeb, 0xfe };
	const struct cpu_entry entry = { .mode = CPU_ENTRY_RESET };
	struct kvm_userspace_memory_region slot = { .slot = 8,
						    .guest_phys_addr = RESET_VECTOR_PAGE,
						    .memory_size = 4096 };
	uint8_t *rom = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert(ne(ptr, rom, MAP_FAILED));
	memcpy(rom + 0xff0, CODE, sizeof(CODE));
	slot.userspace_addr = (uintptr_t)rom;
	mini_make(&mini, &(struct mini_config){ 0 });
	cr_assert(eq(int, kvm_set_memory(mini.kvm, &slot), 0));
	for (unsigned i = 0; i < 3; i++) {
		mini_start(&mini, &entry);
		mini_expect_finish(&mini, 42);
	}
	mini_finish(&mini);
}

/* 64-bit mode: mov eax, esi; shr rax, 4 (REX.W, so 64-bit only); out 0xf4, al; jmp $. */
Test(control, long_entry_is_64_bit_with_its_argument)
{
	static const uint8_t CODE[] = {
		0x89, 0xf0, 0x48, 0xc1, 0xe8, 0x04, 0xe6, 0xf4, 0xeb, 0xfe
	};
	const struct cpu_entry entry = { .mode = CPU_ENTRY_LONG,
					 .rip = 0x10000,
					 .argument = 0x550,
					 .page_table_gpa = LAYOUT_PAGE_TABLES_GPA };
	/* One large page by three tables. */
	const uint64_t tables[3] = { (LAYOUT_PAGE_TABLES_GPA + 0x1000) | 3,
				     (LAYOUT_PAGE_TABLES_GPA + 0x2000) | 3, 0x83 };

	mini_make(&mini, &(struct mini_config){ 0 });
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(eq(int,
			     guest_mem_write(mini.mem, LAYOUT_PAGE_TABLES_GPA + i * 0x1000,
					     &tables[i], 8),
			     0));
	}
	cr_assert(eq(int, guest_mem_write(mini.mem, entry.rip, CODE, sizeof(CODE)), 0));
	mini_start(&mini, &entry);
	mini_expect_finish(&mini, 0x55);
	mini_finish(&mini);
}

Test(control, text_arrives_on_the_serial_port)
{
	mini_run(&mini, "io", "");
	cr_assert(eq(str, mini.text, "done"));
	mini_finish(&mini);
}
