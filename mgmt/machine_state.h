/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_STATE_H
#define THUNDERLAKE_MGMT_MACHINE_STATE_H

#include "mgmt/machine.h"
#include "mgmt/uuid.h"
#include "vmm/base/log.h"
#include "vmm/boot/boot.h"

struct request_round;

/* What machine.c, which makes a machine, and machine_life.c, which runs it, share. */
struct machine {
	const struct machine_config *config;
	struct loop *main_loop;
	char name[64];
	uint8_t uuid[UUID_BYTES];

	/* Ground floor first, destroyed in reverse order. */
	struct boot_files files;
	struct kvm *kvm;
	struct guest_mem *mem;
	struct bus *pio;
	struct bus *mmio;
	struct irq_router *irqs;
	struct loop *io_loop;
	struct pci_bus *pci;
	struct q35 *q35;
	struct display *display;
	struct recording *recording;
	struct input *input;
	struct clipboard *clipboard;
	struct sound *sound; /* NULL: no sound card */
	struct machine_devices *devices;
	struct machine_slots *slots;
	struct list drives; /* named for disks to come */
	struct cpus *cpus;

	struct request_inbox *inbox;
	enum machine_status status;
	enum machine_end end;
	int debug_exit_code;
	struct log_limit log_limit; /* of what the guest does to itself */
	struct list listeners;
};

/* --- machine.c --- */

/* Puts the kernel into memory and the boot processor at its entry. Processors paused. */
int machine_load(struct machine *machine, struct error *err);

/* --- machine_life.c --- */

/* Tells the listeners. */
void machine_emit(struct machine *machine, enum machine_event event, const char *device,
		  const char *text, uint64_t value);

/* What the guest and its processors want; `arg` is the machine. */
void machine_on_requests(void *arg, const struct request_round *round);

/* --- machine_hotplug.c --- */

/* Makes the root ports, before any device. */
int machine_slots_create(struct machine *machine, struct error *err);
/* After the devices. NULL is fine. */
void machine_slots_destroy(struct machine_slots *slots);
/* Power-on state, after that of the devices; processors paused. What was leaving has left. */
void machine_slots_reset(struct machine_slots *slots);
void machine_forget_drives(struct machine *machine);

#endif
