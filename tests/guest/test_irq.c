/* SPDX-License-Identifier: MIT */
#include "tests/guest/test_irq.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdatomic.h>
#include <time.h>

#include "tests/guest/mini.h"

#define PAUSES 100

TestSuite(irq, .timeout = 60);

static struct mini mini;
static struct msi_vector vector;
static struct irq_line line;
static atomic_uint taken;

/* A message is not sent twice, so that whoever asks has reason to. */
static uint64_t read_one(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED)
{
	return 1;
}

static uint64_t read_level(void *device UNUSED, uint64_t offset UNUSED, unsigned size UNUSED)
{
	return irq_router_level(mini.irq, TEST_LINE);
}

/* Each interrupt taken asks for the next, until there were enough. */
static void signal_next(void *device UNUSED, uint64_t offset, unsigned size UNUSED,
			uint64_t value UNUSED)
{
	if (offset == TEST_IRQ_READY || ++taken < TEST_COUNT) {
		msi_vector_signal(&vector);
	}
}

static const struct io_ops MSI_OPS = { read_one, signal_next };

/* A line stays up until the guest has taken it; the handler's end brings the next. */
static void drive_line(void *device UNUSED, uint64_t offset, unsigned size UNUSED,
		       uint64_t value UNUSED)
{
	if (offset == TEST_IRQ_READY || ++taken < TEST_COUNT) {
		irq_line_set(&line, false);
		irq_line_set(&line, true);
	} else {
		irq_line_set(&line, false);
	}
}

static const struct io_ops LINE_OPS = { read_level, drive_line };

static struct io_region region = { .base = TEST_IRQ_PORT, .length = 2 };

static void make(const struct io_ops *ops)
{
	mini_make(&mini, &(struct mini_config){ 0 });
	irq_line_init(&line, mini.irq, TEST_LINE);
	cr_assert(eq(int, msi_vector_init(&vector, mini.irq), 0));
	cr_assert(eq(int, msi_vector_set(&vector, TEST_MSI_ADDRESS, TEST_MSI_VECTOR), 0));
	region.ops = ops;
	cr_assert(eq(int, bus_map(mini.pio, &region), 0));
}

static void finish(void)
{
	mini_expect_finish(&mini, 0);
	cr_assert(eq(uint, atomic_load(&taken), TEST_COUNT));
	msi_vector_finish(&vector);
	mini_finish(&mini);
}

Test(irq, message_reaches_the_handler)
{
	make(&MSI_OPS);
	cr_assert(eq(int, msi_vector_enable(&vector, true), 0));
	mini_boot(&mini, "irq", "");
	finish();
}

Test(irq, message_reaches_the_handler_from_ring_3)
{
	make(&MSI_OPS);
	cr_assert(eq(int, msi_vector_enable(&vector, true), 0));
	mini_boot(&mini, "irq", "user");
	finish();
}

/* The first message comes while the vector is disabled, and is delivered by enabling it. */
Test(irq, disabled_message_stays_pending)
{
	make(&MSI_OPS);
	mini_boot(&mini, "irq", "");
	cr_assert(eq(int, (int)mini_wait(&mini, 300), MINI_TIMEOUT));
	cr_assert(eq(uint, atomic_load(&taken), 0));
	cr_assert(msi_vector_is_pending(&vector));
	cr_assert(eq(int, msi_vector_enable(&vector, true), 0));
	cpus_resume(mini.cpus);
	finish();
}

Test(irq, level_line_reaches_the_handler)
{
	make(&LINE_OPS);
	mini_boot(&mini, "irq", "");
	finish();
}

Test(irq, level_line_reaches_the_handler_from_ring_3)
{
	make(&LINE_OPS);
	mini_boot(&mini, "irq", "user");
	finish();
}

Test(irq, pauses_lose_no_interrupt)
{
	make(&LINE_OPS);
	mini_boot(&mini, "irq", "");
	for (unsigned i = 0; i < PAUSES; i++) {
		cpus_pause(mini.cpus);
		cpus_resume(mini.cpus);
	}
	finish();
}

/* As a button does it: the guest lowers the line, nobody but the test raises it. */
static void lower_line(void *device UNUSED, uint64_t offset, unsigned size UNUSED,
		       uint64_t value UNUSED)
{
	if (offset == TEST_IRQ_TAKEN) {
		irq_line_set(&line, false);
		taken++;
	}
}

static const struct io_ops BUTTON_OPS = { read_level, lower_line };

static void wait_until_taken(unsigned count)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < MINI_TIMEOUT_MS && atomic_load(&taken) < count; i++) {
		(void)nanosleep(&pause, NULL);
	}
	cr_assert(eq(uint, atomic_load(&taken), count));
}

Test(irq, line_raised_during_a_pause_is_heard_after_it)
{
	make(&BUTTON_OPS);
	mini_boot(&mini, "irq", "");
	for (unsigned i = 1; i <= TEST_COUNT; i++) {
		cpus_pause(mini.cpus);
		irq_line_set(&line, true);
		cpus_resume(mini.cpus);
		wait_until_taken(i);
	}
	finish();
}
