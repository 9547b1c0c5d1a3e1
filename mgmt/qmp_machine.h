/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_MACHINE_H
#define THUNDERLAKE_MGMT_QMP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/audio.h"
#include "mgmt/machine.h"
#include "mgmt/machine_config.h"
#include "vmm/base/error.h"

struct balloon_stats;
struct block_info;
struct clipboard;
struct display;
struct drive_ops;
struct input;
struct pci_device;
struct recording;

/*
 * What the control socket needs of a machine: the seam that lets its commands be tested and fuzzed
 * without one. Main thread. Lists are asked by index and end with false. Pointers in the results
 * live until the machine changes.
 */
struct qmp_cpus {
	unsigned count, sockets, cores, threads;
};

struct qmp_chardev {
	char label[80];
	const char *description; /* as char_description: "pty:/dev/pts/3" */
};

struct qmp_network {
	const char *id, *backend, *address;
	bool link_up;
};

struct qmp_device {
	const char *id, *driver;
	bool can_go, leaving;
};

struct qmp_drive {
	const char *id;
	const struct drive_ops *ops;
	void *state; /* for `ops` */
};

struct qmp_balloon {
	uint64_t actual, target;
};

struct qmp_machine_ops {
	const char *(*name)(void *machine);
	enum machine_status (*status)(void *machine);
	enum machine_end (*end)(void *machine);
	enum machine_action (*on_panic)(void *machine); /* what becomes of a guest that panics */
	uint64_t (*memory_bytes)(void *machine);
	struct qmp_cpus (*cpus)(void *machine);
	int (*cpu_thread_id)(void *machine, unsigned cpu);

	void (*pause)(void *machine);
	int (*resume)(void *machine, struct error *err);
	int (*reset)(void *machine, struct error *err);
	void (*power_button)(void *machine);
	void (*quit)(void *machine);

	bool (*block_at)(void *machine, size_t index, const char **id,
			 const struct block_info **info);
	/* Its optical drives. */
	bool (*drive_at)(void *machine, size_t index, struct qmp_drive *out);
	bool (*chardev_at)(void *machine, size_t index, struct qmp_chardev *out);
	bool (*network_at)(void *machine, size_t index, struct qmp_network *out);
	/* NULL where nothing is plugged in. */
	const struct pci_device *(*pci_at)(void *machine, unsigned slot, unsigned function);
	/* What is in the slot of a root port, or NULL. */
	const struct pci_device *(*pci_behind)(void *machine, const struct pci_device *port);

	/* Where its sound, pictures, keys and copied texts pass; NULL where there is none. */
	struct audio *(*audio)(void *machine);
	struct display *(*display)(void *machine);
	struct input *(*input)(void *machine);
	struct clipboard *(*clipboard)(void *machine);
	struct recording *(*recording)(void *machine); /* never NULL */

	/* Of all its sound cards. -ENODEV: none has such a jack. */
	int (*set_jack)(void *machine, enum audio_jack jack, bool connected);

	/* Whether the machine has a device so named. */
	bool (*has_device)(void *machine, const char *id);

	/* Devices that come and go, and what disks to come are named: as the functions of
	 * machine.h. */
	bool (*device_at)(void *machine, size_t index, struct qmp_device *out);
	int (*add_device)(void *machine, const struct machine_new_device *wanted,
			  struct error *err);
	int (*remove_device)(void *machine, const char *id, struct error *err);
	int (*add_drive)(void *machine, const char *name, const char *file, bool read_only,
			 struct error *err);
	int (*remove_drive)(void *machine, const char *name, struct error *err);

	/* -ENODEV: no network card of that id. */
	int (*set_link)(void *machine, const char *id, bool up);
	/* -ENODEV: no balloon. Sizes are the memory that the guest has, in bytes. */
	int (*balloon)(void *machine, struct qmp_balloon *out);
	int (*balloon_stats)(void *machine, struct balloon_stats *out);
	int (*set_balloon)(void *machine, uint64_t target);
};

/* For a real machine: pass `struct machine *` as the machine. */
extern const struct qmp_machine_ops qmp_real_machine;

#endif
