/* SPDX-License-Identifier: MIT */
#include "tests/guest/mini.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/base/clock.h"
#include "vmm/boot/layout.h"

#define MIB	      ((uint64_t)1 << 20)
#define IMAGE_MAX     (1 << 20)
#define POLL_MS	      5
#define UART_LSR      5
#define UART_IDLE     0x60
#define PVH_MAGIC     0x336ec578u
#define PVH_ENTRY     18u
#define PVH_NOTE_DESC 16u /* after three words and "Xen" */

/* --- the two ports --- */

static uint64_t read_exit(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED)
{
	return 0;
}

static void write_exit(void *device, uint64_t offset UNUSED, unsigned size UNUSED, uint64_t value)
{
	struct mini *mini = device;

	mutex_lock(&mini->lock);
	mini->exit_code = (uint32_t)value;
	mini->outcome = MINI_FINISHED;
	condition_wake_all(&mini->changed);
	mutex_unlock(&mini->lock);
}

static uint64_t read_text(void *device UNUSED, uint64_t offset, unsigned size UNUSED)
{
	return offset == UART_LSR ? UART_IDLE : 0;
}

static void write_text(void *device, uint64_t offset, unsigned size UNUSED, uint64_t value)
{
	struct mini *mini = device;

	mutex_lock(&mini->lock);
	if (offset == 0 && mini->text_length < MINI_TEXT_MAX - 1) {
		mini->text[mini->text_length++] = (char)value;
	}
	mutex_unlock(&mini->lock);
}

static const struct io_ops EXIT_OPS = { read_exit, write_exit };
static const struct io_ops TEXT_OPS = { read_text, write_text };

static void on_event(void *arg, const struct cpu_event *event)
{
	struct mini *mini = arg;

	mutex_lock(&mini->lock);
	mini->event = *event;
	mini->outcome = MINI_EVENT;
	condition_wake_all(&mini->changed);
	mutex_unlock(&mini->lock);
}

/* --- making --- */

void mini_make(struct mini *mini, const struct mini_config *config)
{
	struct cpus_config cpus = { .count = MAX(config->cpus, 1u), .on_event = on_event };
	uint64_t mib = config->memory_mib ? config->memory_mib : 64;
	struct error err = { "" };

	memset(mini, 0, sizeof(*mini));
	mutex_init(&mini->lock);
	condition_init(&mini->changed);
	cr_assert(eq(int, kvm_create(KVM_DEVICE_PATH, &mini->kvm, &err), 0), "%s", err.text);
	cr_assert(eq(int, guest_mem_create(mini->kvm, mib * MIB, &mini->mem, &err), 0), "%s",
		  err.text);
	cr_assert(eq(int, kvm_create_chips(mini->kvm, LAYOUT_TSS_GPA, &err), 0), "%s", err.text);
	cr_assert(eq(int, bus_create(mini->kvm, BUS_PIO, &mini->pio), 0));
	cr_assert(eq(int, bus_create(mini->kvm, BUS_MMIO, &mini->mmio), 0));
	cr_assert(eq(int, irq_router_create(mini->kvm, &mini->irq), 0));
	mini->exit_region = (struct io_region){
		.base = LAYOUT_DEBUG_EXIT_PORT, .length = 4, .ops = &EXIT_OPS, .device = mini
	};
	mini->text_region = (struct io_region){
		.base = LAYOUT_COM1_PORT, .length = 8, .ops = &TEXT_OPS, .device = mini
	};
	cr_assert(eq(int, bus_map(mini->pio, &mini->exit_region), 0));
	cr_assert(eq(int, bus_map(mini->pio, &mini->text_region), 0));
	cpus.kvm = mini->kvm;
	cpus.pio = mini->pio;
	cpus.mmio = mini->mmio;
	cpus.mem = mini->mem;
	cpus.arg = mini;
	cr_assert(eq(int, cpus_create(&cpus, &mini->cpus, &err), 0), "%s", err.text);
}

void mini_finish(struct mini *mini)
{
	cpus_destroy(mini->cpus);
	irq_router_destroy(mini->irq);
	bus_destroy(mini->mmio);
	bus_destroy(mini->pio);
	guest_mem_destroy(mini->mem);
	kvm_destroy(mini->kvm);
	condition_finish(&mini->changed);
	mutex_finish(&mini->lock);
}

/* --- booting --- */

static size_t read_image(const char *name, uint8_t *image)
{
	const char *build = getenv("BUILD_DIR");
	char path[512];
	int fd AUTO_CLOSE = -1;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s/tests/guest/payload_%s.elf", build ? build : ".",
		       name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(ge(int, fd, 0), "%s: not there; run make check-guest", path);
	length = read(fd, image, IMAGE_MAX);
	cr_assert(gt(i64, length, (int64_t)sizeof(Elf64_Ehdr)));
	return (size_t)length;
}

/* The one loadable segment goes where it says; the entry is what the PVH note says. */
static uint64_t load_image(struct mini *mini, const uint8_t *image, size_t length)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint32_t note[5] = { 0 };
	uint64_t entry = 0;

	memcpy(&header, image, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		memcpy(&segment, image + header.e_phoff + i * sizeof(segment), sizeof(segment));
		cr_assert(le(u64, segment.p_offset + segment.p_filesz, length));
		if (segment.p_type == PT_LOAD) {
			uint8_t *target =
				guest_mem_slice(mini->mem, segment.p_paddr, segment.p_memsz);

			cr_assert(ne(ptr, target, NULL));
			memset(target, 0, segment.p_memsz);
			memcpy(target, image + segment.p_offset, segment.p_filesz);
		} else if (segment.p_type == PT_NOTE) {
			memcpy(note, image + segment.p_offset, sizeof(note));
			cr_assert(eq(u32, note[2], PVH_ENTRY));
			entry = note[PVH_NOTE_DESC / sizeof(note[0])];
		}
	}
	cr_assert(ne(u64, entry, 0));
	return entry;
}

static void write_start_info(struct mini *mini, const char *command_line)
{
	uint64_t info[7] = { PVH_MAGIC | UINT64_C(1) << 32 };

	info[3] = LAYOUT_COMMAND_LINE_GPA;
	cr_assert(
		eq(int, guest_mem_write(mini->mem, LAYOUT_BOOT_PARAMS_GPA, info, sizeof(info)), 0));
	cr_assert(eq(int,
		     guest_mem_write(mini->mem, LAYOUT_COMMAND_LINE_GPA, command_line,
				     strlen(command_line) + 1),
		     0));
}

void mini_boot(struct mini *mini, const char *name, const char *command_line)
{
	static uint8_t image[IMAGE_MAX];
	struct cpu_entry entry = { .mode = CPU_ENTRY_PVH, .argument = LAYOUT_BOOT_PARAMS_GPA };

	entry.rip = load_image(mini, image, read_image(name, image));
	write_start_info(mini, command_line);
	mini_start(mini, &entry);
}

void mini_start(struct mini *mini, const struct cpu_entry *entry)
{
	struct error err = { "" };

	mini->outcome = MINI_TIMEOUT;
	mini->text_length = 0;
	memset(mini->text, 0, sizeof(mini->text));
	cr_assert(eq(int, cpus_reset(mini->cpus, entry, &err), 0), "%s", err.text);
	cpus_resume(mini->cpus);
}

enum mini_outcome mini_wait(struct mini *mini, unsigned timeout_ms)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 / 10 };
	uint64_t deadline_ns = clock_now_ns() + timeout_ms * UINT64_C(1000000);
	enum mini_outcome outcome = MINI_TIMEOUT;

	while (outcome == MINI_TIMEOUT && clock_now_ns() < deadline_ns) {
		mutex_lock(&mini->lock);
		outcome = mini->outcome;
		mutex_unlock(&mini->lock);
		if (outcome == MINI_TIMEOUT) {
			(void)nanosleep(&pause, NULL);
		}
	}
	cpus_pause(mini->cpus);
	return outcome;
}

void mini_expect_finish(struct mini *mini, uint32_t exit_code)
{
	enum mini_outcome outcome = mini_wait(mini, MINI_TIMEOUT_MS);

	cr_assert(eq(int, (int)outcome, MINI_FINISHED), "%s%s", mini->text, mini->event.text);
	cr_assert(eq(u32, mini->exit_code, exit_code), "%s", mini->text);
}

void mini_run(struct mini *mini, const char *name, const char *command_line)
{
	mini_make(mini, &(struct mini_config){ 0 });
	mini_boot(mini, name, command_line);
	mini_expect_finish(mini, 0);
}
