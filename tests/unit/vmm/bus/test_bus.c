/* SPDX-License-Identifier: MIT */
/* LINK: vmm/bus/ vmm/kvm/ */
#include "vmm/bus/bus.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmm/base/bytes.h"

/* Remembers the last access; reads as its offset times 0x11 in each byte. */
struct fake {
	struct io_region region;
	uint64_t offset;
	uint64_t value;
	unsigned size;
	unsigned accesses;
};

static uint64_t read_fake(void *device, uint64_t offset, unsigned size)
{
	struct fake *fake = device;

	fake->offset = offset;
	fake->size = size;
	fake->accesses++;
	return offset * 0x1111111111111111u & all_ones(size);
}

static void write_fake(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct fake *fake = device;

	fake->offset = offset;
	fake->size = size;
	fake->value = value;
	fake->accesses++;
}

static const struct io_ops FAKE_OPS = { read_fake, write_fake };

static struct bus *bus;

static void set_up(void)
{
	cr_assert(eq(int, bus_create(NULL, BUS_MMIO, &bus), 0));
}

static void tear_down(void)
{
	bus_destroy(bus);
}

/* The bus goes away after the test's own variables: what is mapped is static. */
TestSuite(bus, .init = set_up, .fini = tear_down, .timeout = 10);

static int map(struct fake *fake, uint64_t base, uint64_t length)
{
	*fake = (struct fake){
		.region = { .base = base, .length = length, .ops = &FAKE_OPS, .device = fake }
	};
	return bus_map(bus, &fake->region);
}

Test(bus, destroy_accepts_null)
{
	bus_destroy(NULL);
}

Test(bus, access_reaches_the_region_with_its_offset)
{
	static struct fake low, high;
	uint64_t value;

	cr_assert(eq(int, map(&high, 0x2000, 0x10), 0));
	cr_assert(eq(int, map(&low, 0x1000, 0x10), 0));
	cr_assert(bus_write(bus, 0x2004, 4, 0xabcd));
	cr_assert(eq(u64, high.offset, 4));
	cr_assert(eq(u64, high.value, 0xabcd));
	cr_assert(eq(uint, high.size, 4));
	cr_assert(bus_read(bus, 0x100f, 1, &value));
	cr_assert(eq(u64, value, 0xff));
	cr_assert(eq(uint, low.accesses, 1));
}

Test(bus, nothing_reads_as_ones)
{
	static struct fake fake;
	uint64_t value = 0;

	cr_assert(eq(int, map(&fake, 0x1000, 0x10), 0));
	cr_assert(not(bus_read(bus, 0xfff, 1, &value)));
	cr_assert(eq(u64, value, 0xff));
	cr_assert(not(bus_read(bus, 0x1010, 8, &value)));
	cr_assert(eq(u64, value, UINT64_MAX));
	cr_assert(not(bus_write(bus, 0x1010, 4, 1)));
	cr_assert(eq(uint, fake.accesses, 0));
}

Test(bus, value_is_cut_to_the_access)
{
	static struct fake fake;

	cr_assert(eq(int, map(&fake, 0, 8), 0));
	cr_assert(bus_write(bus, 0, 2, 0x12345678));
	cr_assert(eq(u64, fake.value, 0x5678));
}

Test(bus, access_over_the_end_is_split_into_bytes)
{
	static struct fake first, second;
	uint64_t value;

	cr_assert(eq(int, map(&first, 0x1000, 0x10), 0));
	cr_assert(eq(int, map(&second, 0x1010, 1), 0));
	cr_assert(bus_read(bus, 0x100e, 4, &value));
	/* Two bytes of the first, offset 0 of the second, then nothing. */
	cr_assert(eq(u64, value, 0xff00ffee));
	cr_assert(eq(uint, first.accesses, 2));
	cr_assert(bus_write(bus, 0x100f, 4, 0x44332211));
	cr_assert(eq(u64, first.value, 0x11));
	cr_assert(eq(u64, second.value, 0x22));
	cr_assert(eq(uint, second.size, 1));
}

/* KVM cuts accesses at page ends, which leaves widths that no device knows. */
Test(bus, odd_width_is_split_into_bytes)
{
	static struct fake fake;
	uint64_t value;

	cr_assert(eq(int, map(&fake, 0, 16), 0));
	cr_assert(bus_read(bus, 1, 3, &value));
	cr_assert(eq(u64, value, 0x332211));
	cr_assert(eq(uint, fake.size, 1));
}

Test(bus, map_rejects_overlap)
{
	static struct fake fake, other;

	cr_assert(eq(int, map(&fake, 0x1000, 0x10), 0));
	cr_assert(eq(int, map(&other, 0x100f, 1), -EEXIST));
	cr_assert(eq(int, map(&other, 0xfff, 2), -EEXIST));
	cr_assert(eq(int, map(&other, 0x1000, 0x10), -EEXIST));
	cr_assert(eq(int, map(&other, 0, 0x2000), -EEXIST));
	cr_assert(eq(ptr, other.region.bus, NULL));
	cr_assert(eq(int, map(&other, 0x1010, 1), 0));
}

Test(bus, map_rejects_no_and_wrapping_length)
{
	static struct fake fake;

	cr_assert(eq(int, map(&fake, 0x1000, 0), -EINVAL));
	cr_assert(eq(int, map(&fake, UINT64_MAX, 2), -EINVAL));
	cr_assert(eq(int, map(&fake, UINT64_MAX, 1), 0));
	cr_assert(eq(int, bus_map(bus, &fake.region), -EINVAL));
}

Test(bus, map_rejects_more_than_the_table_holds)
{
	static struct fake fakes[BUS_REGIONS_MAX + 1];

	for (unsigned i = 0; i < BUS_REGIONS_MAX; i++) {
		/* From the top, so that each insertion moves all others. */
		cr_assert(eq(int, map(&fakes[i], (BUS_REGIONS_MAX - i) * 4, 4), 0));
	}
	cr_assert(eq(int, map(&fakes[BUS_REGIONS_MAX], 0, 4), -ENOSPC));
	for (unsigned i = 0; i < BUS_REGIONS_MAX; i++) {
		uint64_t value;

		cr_assert(bus_read(bus, (BUS_REGIONS_MAX - i) * 4 + 1, 1, &value));
		cr_assert(eq(uint, fakes[i].accesses, 1));
	}
}

Test(bus, unmapped_region_is_gone_and_can_return)
{
	static struct fake fake, other;
	uint64_t value;

	cr_assert(eq(int, map(&fake, 0x1000, 0x10), 0));
	cr_assert(eq(int, map(&other, 0x2000, 0x10), 0));
	bus_unmap(&fake.region);
	bus_unmap(&fake.region);
	cr_assert(not(bus_read(bus, 0x1000, 1, &value)));
	cr_assert(bus_read(bus, 0x2000, 1, &value));
	cr_assert(eq(int, map(&fake, 0x3000, 0x10), 0));
	cr_assert(bus_read(bus, 0x3000, 1, &value));
}

/* A device that moves its own region, as a BAR does. */
static void move_self(void *device, uint64_t offset UNUSED, unsigned size UNUSED, uint64_t value)
{
	struct io_region *region = device;

	bus_unmap(region);
	region->base = value;
	cr_assert(eq(int, bus_map(bus, region), 0));
}

Test(bus, device_may_remap_itself)
{
	static const struct io_ops OPS = { read_fake, move_self };
	static struct io_region region = { .base = 0, .length = 4, .ops = &OPS, .device = &region };

	cr_assert(eq(int, bus_map(bus, &region), 0));
	cr_assert(bus_write(bus, 0, 4, 0x100));
	cr_assert(not(bus_write(bus, 0, 4, 0x100)));
	cr_assert(bus_write(bus, 0x100, 4, 0x200));
}

static void collect_base(void *arg, const struct io_region *region)
{
	uint64_t **next = arg;

	*(*next)++ = region->base;
}

Test(bus, for_each_goes_by_rising_base)
{
	static struct fake fakes[3];
	uint64_t bases[3] = { 0 };
	uint64_t *next = bases;

	cr_assert(eq(int, map(&fakes[0], 0x20, 1), 0));
	cr_assert(eq(int, map(&fakes[1], 0x10, 1), 0));
	cr_assert(eq(int, map(&fakes[2], 0x30, 1), 0));
	bus_for_each(bus, collect_base, &next);
	cr_assert(eq(ptr, next, bases + 3));
	cr_assert(eq(u64, bases[0], 0x10));
	cr_assert(eq(u64, bases[1], 0x20));
	cr_assert(eq(u64, bases[2], 0x30));
}

/* --- doorbells, served by the bus where there is no KVM --- */

static uint64_t count_of(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) < 0 ? 0 : count;
}

Test(bus, doorbell_rings_for_its_width_and_value)
{
	struct bus_doorbell doorbell = { .address = 0x1002,
					 .size = 2,
					 .match = true,
					 .value = 7,
					 .fd = eventfd(0, EFD_NONBLOCK) };
	static struct fake under;

	cr_assert(eq(int, map(&under, 0x1000, 0x10), 0));
	cr_assert(eq(int, bus_doorbell_add(bus, &doorbell), 0));
	cr_assert(not(doorbell.in_kernel));
	cr_assert(bus_write(bus, 0x1002, 2, 7));
	cr_assert(eq(u64, count_of(doorbell.fd), 1));
	cr_assert(eq(uint, under.accesses, 0));
	cr_assert(bus_write(bus, 0x1002, 2, 8));
	cr_assert(bus_write(bus, 0x1002, 4, 7));
	cr_assert(bus_write(bus, 0x1004, 2, 7));
	cr_assert(eq(u64, count_of(doorbell.fd), 0));
	cr_assert(eq(uint, under.accesses, 3));
	bus_doorbell_remove(&doorbell);
	bus_doorbell_remove(&doorbell);
	cr_assert(bus_write(bus, 0x1002, 2, 7));
	cr_assert(eq(u64, count_of(doorbell.fd), 0));
	(void)close(doorbell.fd);
}

Test(bus, doorbell_without_size_rings_for_all)
{
	struct bus_doorbell doorbell = { .address = 0x10, .fd = eventfd(0, EFD_NONBLOCK) };

	cr_assert(eq(int, bus_doorbell_add(bus, &doorbell), 0));
	cr_assert(bus_write(bus, 0x10, 1, 1));
	cr_assert(bus_write(bus, 0x10, 8, 2));
	cr_assert(eq(u64, count_of(doorbell.fd), 2));
	bus_doorbell_remove(&doorbell);
	(void)close(doorbell.fd);
}

Test(bus, doorbell_rejects_what_cannot_ring)
{
	struct bus_doorbell odd = { .address = 0x10, .size = 3 };
	struct bus_doorbell value_without_size = { .address = 0x10, .match = true };
	static struct bus_doorbell first = {
		.address = 0x10, .size = 2, .match = true, .value = 1
	};
	static struct bus_doorbell other_value = {
		.address = 0x10, .size = 2, .match = true, .value = 2
	};
	static struct bus_doorbell same = { .address = 0x10, .size = 2 };

	cr_assert(eq(int, bus_doorbell_add(bus, &odd), -EINVAL));
	cr_assert(eq(int, bus_doorbell_add(bus, &value_without_size), -EINVAL));
	cr_assert(eq(int, bus_doorbell_add(bus, &first), 0));
	cr_assert(eq(int, bus_doorbell_add(bus, &first), -EINVAL));
	cr_assert(eq(int, bus_doorbell_add(bus, &other_value), 0));
	cr_assert(eq(int, bus_doorbell_add(bus, &same), -EEXIST));
	cr_assert(eq(ptr, same.bus, NULL));
}

Test(bus, destroy_leaves_regions_and_doorbells_free)
{
	struct bus *other;
	struct bus_doorbell doorbell = { .address = 0x10 };
	static struct fake fake = {
		.region = { .base = 0, .length = 1, .ops = &FAKE_OPS, .device = &fake }
	};

	cr_assert(eq(int, bus_create(NULL, BUS_PIO, &other), 0));
	cr_assert(eq(int, bus_map(other, &fake.region), 0));
	cr_assert(eq(int, bus_doorbell_add(other, &doorbell), 0));
	bus_destroy(other);
	cr_assert(eq(ptr, fake.region.bus, NULL));
	cr_assert(eq(ptr, doorbell.bus, NULL));
}
