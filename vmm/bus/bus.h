/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BUS_BUS_H
#define THUNDERLAKE_VMM_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/list.h"

struct kvm;

/*
 * Dispatch of port or memory-mapped accesses to devices. One bus of each kind per machine. Accesses
 * come from vCPU threads, several at once; a device takes its own lock. No bus lock is held while a
 * device runs, so a device may map and unmap regions from inside an access. A region's device may
 * go away only when all vCPUs are paused.
 */
enum bus_kind {
	BUS_PIO,
	BUS_MMIO
};

struct bus;

struct io_ops {
	/* `offset` is inside the region, `size` is 1, 2, 4 or 8 and the access does not leave the
	 * region. Unknown offsets read as zero and are ignored when written. */
	uint64_t (*read)(void *device, uint64_t offset, unsigned size);
	void (*write)(void *device, uint64_t offset, unsigned size, uint64_t value);
};

/* Embedded in the device, borrowed while mapped. */
struct io_region {
	struct bus *bus; /* NULL while not mapped */
	uint64_t base;	 /* port number or gpa */
	uint64_t length;
	const struct io_ops *ops;
	void *device;
	const char *name; /* for error texts and `info`; static */
};

/* `kvm` (borrowed) serves the doorbells; NULL (unit tests) makes the bus serve them itself. */
int bus_create(struct kvm *kvm, enum bus_kind kind, struct bus **out);
void bus_destroy(struct bus *bus);

#define BUS_REGIONS_MAX 1024u

/* Any thread. -EEXIST on overlap, -EINVAL on zero or wrapping length, or when mapped already,
 * -ENOSPC beyond BUS_REGIONS_MAX. */
int bus_map(struct bus *bus, struct io_region *region);
/* Harmless when not mapped. */
void bus_unmap(struct io_region *region);

/* An access by a vCPU. Where nothing is mapped, reads give all ones and writes go nowhere; returns
 * whether a device was there. Accesses that straddle the end of a region are split into bytes. */
bool bus_read(struct bus *bus, uint64_t address, unsigned size, uint64_t *value);
bool bus_write(struct bus *bus, uint64_t address, unsigned size, uint64_t value);

/*
 * A doorbell: a write at `address` makes the eventfd `fd` readable without leaving the kernel.
 * `size` 0 matches any width (KVM_CAP_IOEVENTFD_ANY_LENGTH); with `match`, only a write of `value`.
 * A doorbell hides the region under it for the writes it matches.
 */
struct bus_doorbell {
	struct list node;
	struct bus *bus; /* NULL while disarmed */
	uint64_t address;
	unsigned size;
	bool match;
	uint64_t value;
	int fd;		/* borrowed */
	bool in_kernel; /* KVM serves it; else bus_write does */
};

/* Arms a filled, zero-initialised doorbell (address, size, match, value, fd). -EINVAL: a size that
 * is not 0, 1, 2, 4 or 8, or `match` without a size; -EEXIST: the same doorbell is there. */
int bus_doorbell_add(struct bus *bus, struct bus_doorbell *doorbell);
void bus_doorbell_remove(struct bus_doorbell *doorbell);

/* Calls fn for each region by rising base; for `info` texts and tests. Main thread. */
void bus_for_each(struct bus *bus, void (*fn)(void *arg, const struct io_region *region),
		  void *arg);

#endif
