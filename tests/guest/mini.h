/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_GUEST_MINI_H
#define THUNDERLAKE_TESTS_GUEST_MINI_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/thread.h"
#include "vmm/bus/bus.h"
#include "vmm/bus/irq.h"
#include "vmm/cpu/cpus.h"
#include "vmm/kvm/kvm.h"
#include "vmm/mem/guest_mem.h"

/*
 * The least machine that runs a payload: KVM, memory, buses, interrupts, processors, and ports for
 * its text and its end. Every function fails the running test when something goes wrong.
 */
#define MINI_TIMEOUT_MS 10000
#define MINI_TEXT_MAX	256

enum mini_outcome {
	MINI_TIMEOUT,
	MINI_FINISHED, /* the payload wrote `exit_code` to the debug-exit port */
	MINI_EVENT,    /* see `event` */
};

struct mini_config {
	uint64_t memory_mib; /* 0: 64 */
	unsigned cpus;	     /* 0: 1 */
};

struct mini {
	struct kvm *kvm;
	struct guest_mem *mem;
	struct bus *pio;
	struct bus *mmio;
	struct irq_router *irq;
	struct cpus *cpus;
	struct io_region exit_region;
	struct io_region text_region;

	struct mutex lock;
	struct condition changed;
	/* guarded by lock while the processors run */
	enum mini_outcome outcome;
	uint32_t exit_code;
	struct cpu_event event;
	char text[MINI_TEXT_MAX];
	unsigned text_length;
};

void mini_make(struct mini *mini, const struct mini_config *config);
void mini_finish(struct mini *mini);

/* Loads tests/guest/payload_NAME.elf of the build folder, resets and starts the processors. */
void mini_boot(struct mini *mini, const char *name, const char *command_line);

/* Resets the processors to `entry` and starts them. */
void mini_start(struct mini *mini, const struct cpu_entry *entry);

/* Waits for the first outcome since mini_start, then pauses the processors. */
enum mini_outcome mini_wait(struct mini *mini, unsigned timeout_ms);

/* All of it: makes a small machine, boots, expects MINI_FINISHED with code 0. Leaves the machine
 * to the caller. */
void mini_run(struct mini *mini, const char *name, const char *command_line);
void mini_expect_finish(struct mini *mini, uint32_t exit_code);

#endif
