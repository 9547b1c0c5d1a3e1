/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_H
#define THUNDERLAKE_MGMT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"
#include "vmm/base/list.h"

struct audio;
struct clipboard;
struct device_type;
struct display;
struct guest_mem;
struct input;
struct kvm;
struct loop;
struct machine;
struct machine_config;
struct pci_bus;
struct recording;

/*
 * One virtual machine: the only place that knows which parts make one. All functions are for the
 * main thread, between two callbacks of its loop; what devices and processors report from their own
 * threads arrives here through the loop.
 */

/* As QMP's RunState names them. */
enum machine_status {
	MACHINE_PRELAUNCH,
	MACHINE_RUNNING,
	MACHINE_PAUSED,
	MACHINE_SHUTDOWN,	/* the guest powered off and --on-poweroff=pause keeps it */
	MACHINE_GUEST_PANICKED, /* likewise with --on-panic=pause */
	MACHINE_INTERNAL_ERROR, /* KVM could not go on */
};

/* Why machine_run's loop was stopped. */
enum machine_end {
	MACHINE_END_NONE,
	MACHINE_END_POWER_OFF,
	MACHINE_END_REBOOT, /* with --on-reboot=exit */
	MACHINE_END_PANIC,
	MACHINE_END_DEBUG_EXIT, /* the guest gave an exit code */
	MACHINE_END_FAILED,	/* KVM or a host part failed; already told to the user */
	MACHINE_END_QUIT,	/* `quit` on the control socket */
	MACHINE_END_SIGNAL,	/* a second SIGINT or SIGTERM */
};

enum machine_event {
	MACHINE_EVENT_STOP,
	MACHINE_EVENT_RESUME,
	MACHINE_EVENT_RESET,	 /* value 1: the guest asked for it, in the way `text` names */
	MACHINE_EVENT_POWERDOWN, /* the power button was pressed */
	MACHINE_EVENT_SHUTDOWN,	 /* the machine is about to end; value 1: the guest's wish */
	MACHINE_EVENT_GUEST_PANICKED,
	MACHINE_EVENT_GUEST_CRASHLOADED,
	MACHINE_EVENT_MICROPHONE,     /* value 1: the guest hears it from now on; 0: no more */
	MACHINE_EVENT_DEVICE_DELETED, /* `device` has left */
	MACHINE_EVENT_DEVICE, /* `device` and `text` as in device_env.notify: "balloon-change" … */
};

struct machine_event_info {
	enum machine_event event;
	const char *device; /* NULL but for MACHINE_EVENT_DEVICE and its removal */
	const char *text;   /* NULL but for that and a reset by the guest */
	uint64_t value;
};

/* Embedded in whoever listens; borrowed until machine_unlisten. */
struct machine_listener {
	struct list node;
	void (*on_event)(void *arg, const struct machine_event_info *info);
	void *arg;
};

/* Makes all parts, loads the kernel, leaves the processors paused. `config` is borrowed for the
 * machine's whole life (reset reads it again). `err` names the part that failed. */
int machine_create(const struct machine_config *config, struct loop *main_loop,
		   struct machine **out, struct error *err);
void machine_destroy(struct machine *machine);

/* First start. */
void machine_start(struct machine *machine);

/* Idempotent. Paused: no processor runs, no device touches guest memory. */
void machine_pause(struct machine *machine);
/* -EBUSY when the machine can't run any more (shut down, panicked or failed): reset it first. */
int machine_resume(struct machine *machine, struct error *err);

/* Power-on state with the kernel loaded anew; goes on running when it ran. A failure (the kernel
 * file went away) leaves MACHINE_INTERNAL_ERROR. */
int machine_reset(struct machine *machine, struct error *err);

/* Presses the power button; the guest decides. */
void machine_power_button(struct machine *machine);

/* Ends main_loop's run with this reason. */
void machine_quit(struct machine *machine, enum machine_end end);

enum machine_status machine_status(const struct machine *machine);
enum machine_end machine_end(const struct machine *machine);
/* The process exit code that MACHINE_END_DEBUG_EXIT brought. */
int machine_debug_exit_code(const struct machine *machine);
const char *machine_name(const struct machine *machine);
const struct machine_config *machine_config(const struct machine *machine);

void machine_listen(struct machine *machine, struct machine_listener *listener);
void machine_unlisten(struct machine_listener *listener);

/* Processors and parts, for query commands. */
unsigned machine_cpu_count(const struct machine *machine);
int machine_cpu_thread_id(const struct machine *machine, unsigned cpu);
struct pci_bus *machine_pci(struct machine *machine);
/* Where pictures leave, keys enter, copied texts and sound pass both ways; NULL: this machine has
 * none. */
struct display *machine_display(struct machine *machine);
struct input *machine_input(struct machine *machine);
struct clipboard *machine_clipboard(struct machine *machine);
struct audio *machine_audio(struct machine *machine);
/* The film of the screen; never NULL. */
struct recording *machine_recording(struct machine *machine);
uint64_t machine_memory_bytes(const struct machine *machine);

/* The devices in the order of their making; NULL ends. */
struct machine_device {
	const struct device_type *type;
	char *id;    /* owned */
	void *state; /* the device type's state struct */
};
const struct machine_device *machine_device_at(const struct machine *machine, size_t index);
/* By id, or NULL. */
const struct machine_device *machine_find_device(const struct machine *machine, const char *id);
/* First of a type, or NULL. */
const struct machine_device *machine_first_of_type(const struct machine *machine,
						   const struct device_type *type);

/* --- devices that come and go (machine_hotplug.c) --- */

struct machine_new_device {
	const char *driver;  /* a device type, or its name with QEMU's "-pci" */
	const char *id;	     /* NULL: one is made */
	const char *bus;     /* the root port: "port1"; NULL: the first that is free */
	const char *drive;   /* for a disk: what machine_add_drive named; NULL: none */
	const char *options; /* text for the type's option table */
};

/* Puts a device into the slot of a root port; a running guest hears of it. -ENOENT: no such driver,
 * -EEXIST: the id is taken, -ENOTSUP: that cannot come or go, -ENOSPC: no free slot, or what making
 * the device says. */
int machine_add_device(struct machine *machine, const struct machine_new_device *wanted,
		       struct error *err);
/* Asks the guest to let the device go: MACHINE_EVENT_DEVICE_DELETED tells when it has. -ENODEV: no
 * such device, -ENOTSUP: it cannot go, -EBUSY: it was asked to already, and a guest may take some
 * seconds. */
int machine_remove_device(struct machine *machine, const char *id, struct error *err);
/* Whether the device sits in a slot; `leaving`: it was asked to go, and the guest has not
 * answered. */
bool machine_device_can_go(const struct machine *machine, const char *id, bool *leaving);

/* Names a raw disk image for a disk to come, which opens it. -EEXIST: the name is taken. */
int machine_add_drive(struct machine *machine, const char *name, const char *file, bool read_only,
		      struct error *err);
/* -ENOENT: no such drive, -EBUSY: a disk has it. */
int machine_remove_drive(struct machine *machine, const char *name, struct error *err);

#endif
