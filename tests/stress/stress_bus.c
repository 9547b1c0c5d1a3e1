/* SPDX-License-Identifier: MIT */
/* LINK: vmm/bus/ vmm/kvm/ */
/*
 * Readers on a bus whose regions come, go and move. A reader must find the region that never moves
 * each time, and of the others either the right device or nothing.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/base/clock.h"
#include "vmm/base/thread.h"
#include "vmm/bus/bus.h"

#define READERS	   2
#define WRITERS	   2
#define REGIONS	   8 /* of each writer */
#define RUN_NS	   UINT64_C(1500000000)
#define STRIDE	   0x1000u
#define FIXED_BASE ((WRITERS * REGIONS / 2) * STRIDE + 0x800u)

static struct bus *bus;
static atomic_bool ending;
static atomic_ulong reads, moves;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_bus: %s\n", text);
	abort();
}

/* Each device answers with its own number, which is also where it lies: base / STRIDE. */
static uint64_t read_number(void *device, uint64_t offset UNUSED, unsigned size UNUSED)
{
	return *(const uint64_t *)device;
}

static void write_nothing(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED,
			  uint64_t value UNUSED)
{
}

static const struct io_ops OPS = { read_number, write_nothing };

struct movable {
	struct io_region region;
	uint64_t number;
};

static void *read_all(void *arg UNUSED)
{
	while (!atomic_load(&ending)) {
		uint64_t value;

		for (uint64_t number = 0; number < (uint64_t)WRITERS * REGIONS; number++) {
			if (bus_read(bus, number * STRIDE, 8, &value) && value != number) {
				fail("an access reached another device");
			}
		}
		if (!bus_read(bus, FIXED_BASE, 8, &value) || value != FIXED_BASE) {
			fail("the fixed region was lost");
		}
		(void)atomic_fetch_add(&reads, 1);
	}
	return NULL;
}

static void *move_own(void *arg)
{
	const uint64_t first = *(const uint64_t *)arg * REGIONS;
	static struct movable all[WRITERS * REGIONS]; /* outlives the readers, as devices do */
	struct movable *own = &all[first];

	for (uint64_t i = 0; i < REGIONS; i++) {
		own[i].number = first + i;
		own[i].region = (struct io_region){ .base = own[i].number * STRIDE,
						    .length = 8,
						    .ops = &OPS,
						    .device = &own[i].number };
	}
	for (unsigned i = 0; !atomic_load(&ending); i = (i + 3) % REGIONS) {
		struct io_region *region = &own[i].region;

		if (region->bus) {
			bus_unmap(region);
		} else if (bus_map(bus, region) != 0) {
			fail("a free place was refused");
		}
		(void)atomic_fetch_add(&moves, 1);
	}
	for (unsigned i = 0; i < REGIONS; i++) {
		bus_unmap(&own[i].region);
	}
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if (thread_start(&thread, "stress", run, arg) != 0) {
		fail("no thread");
	}
	return thread;
}

int main(void)
{
	static uint64_t writer_numbers[WRITERS];
	struct movable fixed = { .number = FIXED_BASE };
	pthread_t threads[READERS + WRITERS];
	uint64_t end_ns = clock_now_ns() + RUN_NS;

	fixed.region = (struct io_region){
		.base = FIXED_BASE, .length = 8, .ops = &OPS, .device = &fixed.number
	};
	if (bus_create(NULL, BUS_MMIO, &bus) != 0 || bus_map(bus, &fixed.region) != 0) {
		fail("no bus");
	}
	for (unsigned i = 0; i < READERS; i++) {
		threads[i] = start(read_all, NULL);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		writer_numbers[i] = i;
		threads[READERS + i] = start(move_own, &writer_numbers[i]);
	}
	while (clock_now_ns() < end_ns) {
		(void)usleep(10000);
	}
	atomic_store(&ending, true);
	for (unsigned i = 0; i < READERS + WRITERS; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	bus_destroy(bus);
	(void)printf("stress_bus: %lu rounds of reads, %lu moves\n", atomic_load(&reads),
		     atomic_load(&moves));
	return atomic_load(&reads) == 0 || atomic_load(&moves) == 0;
}
