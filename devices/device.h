/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_DEVICE_H
#define THUNDERLAKE_DEVICES_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"
#include "vmm/base/options.h"

struct audio;
struct bus;
struct clipboard;
struct display;
struct drive_ops;
struct guest_mem;
struct input;
struct irq_router;
struct loop;
struct machine_requests;
struct pci_bus;
struct pci_port;
struct scsi_bus;

/*
 * All a device is granted. No globals, no way back to the machine. Everything is borrowed and
 * outlives the device. Unit tests pass a fake one (buses and router without a KVM).
 */
struct device_env {
	struct guest_mem *mem;
	struct bus *pio;
	struct bus *mmio;
	struct irq_router *irqs;
	struct pci_bus *pci; /* NULL: no PCI in this machine */
	/* The free slot for a device that comes while the guest runs; NULL: one of bus 0. */
	struct pci_port *port;
	/* Where pictures go, and keys and copied texts come from; NULL: this machine has none. */
	struct display *display;
	struct input *input;
	struct clipboard *clipboard;
	/* Where sound goes and comes from; NULL: this machine has none. */
	struct audio *audio;
	/* Of the machine's first SCSI controller; NULL: none was made yet. */
	struct scsi_bus *scsi;
	/* The device's queue work and back ends, terminals included, run here. Never the main loop:
	 * a processor may wait for this loop (virtio start and stop) while the main thread waits
	 * for the processor to pause. */
	struct loop *loop;
	struct loop *main_loop;	  /* only to post what the user's side hears */
	const char *id;		  /* the device's name in this machine, unique: "disk0" */
	const char *machine_name; /* for texts and names that follow it; NULL in tests */
	unsigned cpu_count;	  /* processors of the guest: a sensible number of queues */
	/* Reset, power-off, panic: devices/legacy/request.h. NULL: nobody hears them. */
	const struct machine_requests *requests;
	/* Something happened that the control socket's clients want to know; posted to the main
	 * thread. Any thread; NULL in tests. `event` is static text, `value` its number if any. */
	void (*notify)(void *arg, const char *id, const char *event, uint64_t value);
	void *notify_arg;
};

/*
 * A kind of device, as data. Listed in the one array of mgmt/device_types.c; `--device NAME,…`
 * makes one. Calls come from the main thread, in this order: init, then any of reset, quiesce +
 * resume, last finish. No vCPU runs meanwhile.
 */
struct device_type {
	const char *name; /* "virtio-blk" */
	const char *help; /* one line */
	struct option_table options;
	size_t options_size; /* of the struct that `options` fills; 0 without options */
	size_t state_size;   /* allocated zeroed before init, freed after finish */
	/* Its work takes long enough to delay other devices: a loop and thread of its own. */
	bool has_own_loop;
	/* Or it runs where sound does: audio_loop of env->audio, without which it is not made. */
	bool is_on_audio_loop;
	/* Or it is a SCSI unit: its loop is that of env->scsi, without which it is not made. */
	bool is_on_scsi_bus;
	/* May come and go while the guest runs: it is on PCI and nowhere else, nobody keeps a
	 * pointer to it or its id beyond `finish`, and it does not notify. */
	bool is_hot_pluggable;

	/* `options` is valid for the call only. On failure init has undone all it did. */
	int (*init)(void *state, const struct device_env *env, const void *options,
		    struct error *err);
	/* Back to power-on; vCPUs are paused. May be NULL. */
	void (*reset)(void *state);
	/* Finishes or parks what is in flight: no access to guest memory, no interrupt, after the
	 * return and until resume. May be NULL, then resume too. */
	void (*quiesce)(void *state);
	void (*resume)(void *state);
	/* May be NULL. */
	void (*finish)(void *state);

	/* A SCSI controller's bus, from init until finish; NULL: it is no controller. */
	struct scsi_bus *(*scsi_bus)(void *state);
	/* What people do with an optical drive (devices/scsi/drive.h); NULL: it is none. */
	const struct drive_ops *drive;
};

#endif
