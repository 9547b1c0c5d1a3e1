/* SPDX-License-Identifier: MIT */
#include "vmm/bus/bus.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

#include "vmm/base/bytes.h"
#include "vmm/base/thread.h"
#include "vmm/kvm/kvm.h"

/*
 * Readers are many (every exit to user space), writers are rare (a guest that moves a BAR), so the
 * table is guarded by a sequence number: a reader searches without a lock, then looks whether a
 * writer was at work meanwhile, and if so searches again with the writers' lock. Readers write
 * nothing that is shared, nothing is ever freed under them, and nobody spins.
 *
 * Pairing: the writer makes the number odd, then stores entries with release; a reader that loads
 * one of those with acquire therefore sees the odd number (or a later one) when it looks again.
 */
struct slot {
	_Atomic uint64_t base;
	_Atomic uint64_t length;
	_Atomic(struct io_region *) region;
};

struct bus {
	struct kvm *kvm; /* borrowed, may be NULL */
	enum bus_kind kind;

	struct mutex lock; /* writers of all that follows */
	atomic_uint sequence;
	atomic_uint count;
	struct slot slots[BUS_REGIONS_MAX]; /* by rising base */

	struct list doorbells;	    /* guarded by lock */
	atomic_uint user_doorbells; /* of these, how many the kernel does not serve */
};

/* What a reader takes out of the table about an address. */
struct hit {
	const struct io_region *region;
	uint64_t base;
	uint64_t length;
	uint64_t gap; /* when nothing is there: bytes up to the next region, or to the end */
};

int bus_create(struct kvm *kvm, enum bus_kind kind, struct bus **out)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	*out = bus;
	if (!bus) {
		return -ENOMEM;
	}
	bus->kvm = kvm;
	bus->kind = kind;
	mutex_init(&bus->lock);
	list_init(&bus->doorbells);
	return 0;
}

void bus_destroy(struct bus *bus)
{
	if (!bus) {
		return;
	}
	for (unsigned i = 0; i < atomic_load(&bus->count); i++) {
		atomic_load(&bus->slots[i].region)->bus = NULL;
	}
	while (!list_is_empty(&bus->doorbells)) {
		bus_doorbell_remove(list_entry(bus->doorbells.next, struct bus_doorbell, node));
	}
	mutex_finish(&bus->lock);
	free(bus);
}

/* --- table --- */

static uint64_t slot_base(struct bus *bus, unsigned i)
{
	return atomic_load_explicit(&bus->slots[i].base, memory_order_acquire);
}

/* Index of the first slot whose base is above `address`. Sound also on a table in motion, when the
 * result means nothing but stays in bounds. */
static unsigned upper_bound(struct bus *bus, uint64_t address)
{
	unsigned low = 0;
	unsigned high = atomic_load_explicit(&bus->count, memory_order_acquire);

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (slot_base(bus, middle) <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool search(struct bus *bus, uint64_t address, struct hit *hit)
{
	unsigned i = upper_bound(bus, address);
	unsigned count = atomic_load_explicit(&bus->count, memory_order_acquire);
	struct slot *slot;

	hit->gap = (i < count ? slot_base(bus, i) : UINT64_MAX) - address;
	if (i == 0) {
		return false;
	}
	slot = &bus->slots[i - 1];
	hit->base = slot_base(bus, i - 1);
	hit->length = atomic_load_explicit(&slot->length, memory_order_acquire);
	hit->region = atomic_load_explicit(&slot->region, memory_order_acquire);
	return address - hit->base < hit->length;
}

static bool find(struct bus *bus, uint64_t address, struct hit *hit)
{
	unsigned before = atomic_load_explicit(&bus->sequence, memory_order_acquire);
	bool found = search(bus, address, hit);
	unsigned after = atomic_load_explicit(&bus->sequence, memory_order_relaxed);

	if (UNLIKELY((before & 1) || before != after)) {
		mutex_lock(&bus->lock);
		found = search(bus, address, hit);
		mutex_unlock(&bus->lock);
	}
	return found;
}

static void set_slot(struct bus *bus, unsigned i, uint64_t base, uint64_t length,
		     struct io_region *region)
{
	atomic_store_explicit(&bus->slots[i].base, base, memory_order_release);
	atomic_store_explicit(&bus->slots[i].length, length, memory_order_release);
	atomic_store_explicit(&bus->slots[i].region, region, memory_order_release);
}

static void copy_slot(struct bus *bus, unsigned to, unsigned from)
{
	struct slot *slot = &bus->slots[from];

	set_slot(bus, to, atomic_load(&slot->base), atomic_load(&slot->length),
		 atomic_load(&slot->region));
}

static void begin_write_locked(struct bus *bus) REQUIRES(bus->lock)
{
	unsigned sequence = atomic_load_explicit(&bus->sequence, memory_order_relaxed);

	atomic_store_explicit(&bus->sequence, sequence + 1, memory_order_relaxed);
}

static void end_write_locked(struct bus *bus) REQUIRES(bus->lock)
{
	unsigned sequence = atomic_load_explicit(&bus->sequence, memory_order_relaxed);

	atomic_store_explicit(&bus->sequence, sequence + 1, memory_order_release);
}

static int insert_locked(struct bus *bus, struct io_region *region) REQUIRES(bus->lock)
{
	unsigned count = atomic_load(&bus->count);
	unsigned at = upper_bound(bus, region->base);

	if (count == BUS_REGIONS_MAX) {
		return -ENOSPC;
	}
	if (at > 0 &&
	    region->base - slot_base(bus, at - 1) < atomic_load(&bus->slots[at - 1].length)) {
		return -EEXIST;
	}
	if (at < count && slot_base(bus, at) - region->base < region->length) {
		return -EEXIST;
	}
	begin_write_locked(bus);
	for (unsigned i = count; i > at; i--) {
		copy_slot(bus, i, i - 1);
	}
	set_slot(bus, at, region->base, region->length, region);
	atomic_store_explicit(&bus->count, count + 1, memory_order_release);
	end_write_locked(bus);
	region->bus = bus;
	return 0;
}

int bus_map(struct bus *bus, struct io_region *region)
{
	uint64_t end;
	int code;

	/* The last byte may be the last of the address space. */
	if (region->bus || region->length == 0 ||
	    __builtin_add_overflow(region->base, region->length - 1, &end)) {
		return -EINVAL;
	}
	mutex_lock(&bus->lock);
	code = insert_locked(bus, region);
	mutex_unlock(&bus->lock);
	return code;
}

void bus_unmap(struct io_region *region)
{
	struct bus *bus = region->bus;
	unsigned count, at;

	if (!bus) {
		return;
	}
	mutex_lock(&bus->lock);
	count = atomic_load(&bus->count);
	at = upper_bound(bus, region->base) - 1;
	assert(at < count && atomic_load(&bus->slots[at].region) == region);
	begin_write_locked(bus);
	for (unsigned i = at; i + 1 < count; i++) {
		copy_slot(bus, i, i + 1);
	}
	atomic_store_explicit(&bus->count, count - 1, memory_order_release);
	end_write_locked(bus);
	region->bus = NULL;
	mutex_unlock(&bus->lock);
}

void bus_for_each(struct bus *bus, void (*fn)(void *arg, const struct io_region *region), void *arg)
{
	for (unsigned i = 0; i < atomic_load(&bus->count); i++) {
		fn(arg, atomic_load(&bus->slots[i].region));
	}
}

/* --- accesses --- */

/* Whether a device may see the access as it is: a width of its contract, all in the region. */
static bool is_whole(const struct hit *hit, uint64_t address, unsigned size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) &&
	       size <= hit->length - (address - hit->base);
}

static bool read_bytes(struct bus *bus, uint64_t address, unsigned size, uint64_t *value)
{
	bool found = false;

	*value = 0;
	for (unsigned i = 0; i < size; i++) {
		struct hit hit;
		uint64_t byte = 0xff;

		if (find(bus, address + i, &hit)) {
			byte = hit.region->ops->read(hit.region->device, address + i - hit.base, 1);
			found = true;
		}
		*value |= (byte & 0xff) << (8 * i);
	}
	return found;
}

bool bus_read(struct bus *bus, uint64_t address, unsigned size, uint64_t *value)
{
	struct hit hit;
	bool found = find(bus, address, &hit);

	assert(size >= 1 && size <= 8);
	if (LIKELY(found) && LIKELY(is_whole(&hit, address, size))) {
		*value = hit.region->ops->read(hit.region->device, address - hit.base, size);
		return true;
	}
	if (!found && hit.gap >= size) {
		*value = all_ones(size);
		return false;
	}
	return read_bytes(bus, address, size, value);
}

static bool write_bytes(struct bus *bus, uint64_t address, unsigned size, uint64_t value)
{
	bool found = false;

	for (unsigned i = 0; i < size; i++) {
		struct hit hit;

		if (find(bus, address + i, &hit)) {
			hit.region->ops->write(hit.region->device, address + i - hit.base, 1,
					       value >> (8 * i) & 0xff);
			found = true;
		}
	}
	return found;
}

/* --- doorbells --- */

static bool is_rung_by(const struct bus_doorbell *doorbell, uint64_t address, unsigned size,
		       uint64_t value)
{
	return !doorbell->in_kernel && doorbell->address == address &&
	       (doorbell->size == 0 || doorbell->size == size) &&
	       (!doorbell->match || ((doorbell->value ^ value) & all_ones(size)) == 0);
}

static void ring(int fd)
{
	const uint64_t one = 1;

	/* -EAGAIN: the counter is full, so that the descriptor is readable as it should be. */
	if (write(fd, &one, sizeof(one)) < 0) {
		assert(errno == EAGAIN);
	}
}

static bool ring_doorbell(struct bus *bus, uint64_t address, unsigned size, uint64_t value)
{
	struct bus_doorbell *doorbell;
	bool rung = false;

	mutex_lock(&bus->lock);
	list_for_each (doorbell, &bus->doorbells, struct bus_doorbell, node) {
		if (is_rung_by(doorbell, address, size, value)) {
			ring(doorbell->fd);
			rung = true;
			break;
		}
	}
	mutex_unlock(&bus->lock);
	return rung;
}

bool bus_write(struct bus *bus, uint64_t address, unsigned size, uint64_t value)
{
	struct hit hit;
	bool found;

	assert(size >= 1 && size <= 8);
	value &= all_ones(size);
	if (UNLIKELY(atomic_load_explicit(&bus->user_doorbells, memory_order_acquire) > 0) &&
	    ring_doorbell(bus, address, size, value)) {
		return true;
	}
	found = find(bus, address, &hit);
	if (LIKELY(found) && LIKELY(is_whole(&hit, address, size))) {
		hit.region->ops->write(hit.region->device, address - hit.base, size, value);
		return true;
	}
	return (found || hit.gap < size) && write_bytes(bus, address, size, value);
}

static int assign_in_kernel(struct bus *bus, const struct bus_doorbell *doorbell, uint32_t flags)
{
	const struct kvm_ioeventfd event = {
		.datamatch = doorbell->match ? doorbell->value : 0,
		.addr = doorbell->address,
		.len = doorbell->size,
		.fd = doorbell->fd,
		.flags = flags | (bus->kind == BUS_PIO ? KVM_IOEVENTFD_FLAG_PIO : 0) |
			 (doorbell->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
	};

	return kvm_assign_ioeventfd(bus->kvm, &event);
}

/* One write could ring either. */
static bool is_ambiguous(const struct bus_doorbell *a, const struct bus_doorbell *b)
{
	return a->address == b->address && (!a->size || !b->size || a->size == b->size) &&
	       (!a->match || !b->match || a->value == b->value);
}

static int add_doorbell_locked(struct bus *bus, struct bus_doorbell *doorbell) REQUIRES(bus->lock)
{
	struct bus_doorbell *other;

	list_for_each (other, &bus->doorbells, struct bus_doorbell, node) {
		if (is_ambiguous(doorbell, other)) {
			return -EEXIST;
		}
	}
	/* Whatever KVM's reason to refuse, such as too many doorbells, bus_write serves as well. */
	doorbell->in_kernel = bus->kvm && assign_in_kernel(bus, doorbell, 0) == 0;
	if (!doorbell->in_kernel) {
		(void)atomic_fetch_add(&bus->user_doorbells, 1);
	}
	doorbell->bus = bus;
	list_append(&bus->doorbells, &doorbell->node);
	return 0;
}

int bus_doorbell_add(struct bus *bus, struct bus_doorbell *doorbell)
{
	bool has_size = doorbell->size == 1 || doorbell->size == 2 || doorbell->size == 4 ||
			doorbell->size == 8;
	int code;

	if (doorbell->bus || (!has_size && (doorbell->size != 0 || doorbell->match))) {
		return -EINVAL;
	}
	mutex_lock(&bus->lock);
	code = add_doorbell_locked(bus, doorbell);
	mutex_unlock(&bus->lock);
	return code;
}

void bus_doorbell_remove(struct bus_doorbell *doorbell)
{
	struct bus *bus = doorbell->bus;

	if (!bus) {
		return;
	}
	mutex_lock(&bus->lock);
	if (doorbell->in_kernel) {
		(void)assign_in_kernel(bus, doorbell, KVM_IOEVENTFD_FLAG_DEASSIGN);
	} else {
		(void)atomic_fetch_sub(&bus->user_doorbells, 1);
	}
	list_remove(&doorbell->node);
	doorbell->bus = NULL;
	mutex_unlock(&bus->lock);
}
