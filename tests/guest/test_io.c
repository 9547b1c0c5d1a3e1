/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_io.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>
#include <sys/eventfd.h>

#include "tests/guest/mini.h"
#include "vmm/base/bytes.h"

TestSuite(io, .timeout = 60);

/* A device of plain bytes. */
static uint8_t bytes[TEST_GPA_BYTES];

static uint64_t read_bytes(void *device UNUSED, uint64_t offset, unsigned size)
{
	return load_le(bytes + offset, size);
}

static void write_bytes(void *device UNUSED, uint64_t offset, unsigned size, uint64_t value)
{
	store_le(bytes + offset, size, value);
}

static const struct io_ops BYTES_OPS = { read_bytes, write_bytes };

/* A device that gives back what it was given, in order. */
static uint8_t fifo[TEST_STRING_BYTES];
static size_t fifo_in, fifo_out;

static uint64_t read_fifo(void *device UNUSED, uint64_t offset UNUSED, unsigned size)
{
	fifo_out += size;
	return load_le(fifo + fifo_out - size, size);
}

static void write_fifo(void *device UNUSED, uint64_t offset UNUSED, unsigned size, uint64_t value)
{
	store_le(fifo + fifo_in, size, value);
	fifo_in += size;
}

static const struct io_ops FIFO_OPS = { read_fifo, write_fifo };

static struct mini mini;

static void run(struct bus **bus, struct io_region *region, const char *command_line)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	cr_assert(eq(int, bus_map(*bus, region), 0));
	mini_boot(&mini, "io", command_line);
	mini_expect_finish(&mini, 0);
	cr_assert(eq(str, mini.text, "done"));
	mini_finish(&mini);
}

static struct io_region port_region = { .base = TEST_PORT,
					.length = TEST_PORT_COUNT,
					.ops = &BYTES_OPS };
static struct io_region fifo_region = { .base = TEST_FIFO_PORT, .length = 4, .ops = &FIFO_OPS };
static struct io_region memory_region = { .base = TEST_GPA,
					  .length = TEST_GPA_BYTES,
					  .ops = &BYTES_OPS };

Test(io, port_keeps_its_value)
{
	run(&mini.pio, &port_region, "port");
}

Test(io, port_keeps_its_value_from_ring_3)
{
	run(&mini.pio, &port_region, "user port");
}

Test(io, string_passes_all_bytes)
{
	run(&mini.pio, &fifo_region, "string");
	cr_assert(eq(sz, fifo_in, TEST_STRING_BYTES));
}

Test(io, string_passes_all_bytes_from_ring_3)
{
	run(&mini.pio, &fifo_region, "user string");
	cr_assert(eq(sz, fifo_in, TEST_STRING_BYTES));
}

Test(io, memory_keeps_its_value)
{
	run(&mini.mmio, &memory_region, "memory");
}

Test(io, memory_keeps_its_value_from_ring_3)
{
	run(&mini.mmio, &memory_region, "user memory");
}

Test(io, nothing_reads_as_ones)
{
	mini_run(&mini, "io", "nothing");
	mini_finish(&mini);
}

Test(io, nothing_reads_as_ones_from_ring_3)
{
	mini_run(&mini, "io", "user nothing");
	mini_finish(&mini);
}

static uint64_t count_of(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) < 0 ? 0 : count;
}

/* One doorbell for any width and value, one for a single value of 16 bits over a device. */
static void ring_doorbells(const char *command_line)
{
	struct bus_doorbell any = { .address = TEST_DOORBELL_PORT, .fd = eventfd(0, EFD_NONBLOCK) };
	struct bus_doorbell match = { .address = TEST_DOORBELL_GPA,
				      .size = 2,
				      .match = true,
				      .value = TEST_DOORBELL_VALUE,
				      .fd = eventfd(0, EFD_NONBLOCK) };
	struct io_region under = { .base = TEST_DOORBELL_GPA, .length = 4, .ops = &FIFO_OPS };

	mini_make(&mini, &(struct mini_config){ 0 });
	cr_assert(eq(int, bus_map(mini.mmio, &under), 0));
	cr_assert(eq(int, bus_doorbell_add(mini.pio, &any), 0));
	cr_assert(eq(int, bus_doorbell_add(mini.mmio, &match), 0));
	cr_assert(any.in_kernel);
	cr_assert(match.in_kernel);
	mini_boot(&mini, "io", command_line);
	mini_expect_finish(&mini, 0);
	cr_assert(eq(u64, count_of(any.fd), 2));
	cr_assert(eq(u64, count_of(match.fd), 2));
	/* The other value and the other width went to the device. */
	cr_assert(eq(sz, fifo_in, 2 + 4));
	mini_finish(&mini);
	cr_assert(eq(ptr, any.bus, NULL));
	(void)close(any.fd);
	(void)close(match.fd);
}

Test(io, doorbell_rings_for_what_it_matches)
{
	ring_doorbells("doorbell");
}

Test(io, doorbell_rings_for_what_it_matches_from_ring_3)
{
	ring_doorbells("user doorbell");
}
