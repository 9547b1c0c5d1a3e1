/* SPDX-License-Identifier: MIT */
/* LINK: devices/virtio/balloon.c devices/virtio/virtio.c devices/virtio/virtqueue.c
 * devices/virtio/virtio_pci.c devices/virtio/virtio_pci_common.c devices/pci/
 * devices/legacy/reset_port.c vmm/bus/ vmm/mem/ vmm/kvm/
 * tests/unit/devices/virtio/fake_driver.c tests/unit/devices/virtio/fake_ring.c */
#include "devices/virtio/balloon.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/devices/virtio/fake_driver.h"
#include "vmm/base/bytes.h"

#define STATS		 (UINT64_C(1) << VIRTIO_BALLOON_F_STATS_VQ)
#define OOM		 (UINT64_C(1) << VIRTIO_BALLOON_F_DEFLATE_ON_OOM)
#define REPORTING	 (UINT64_C(1) << VIRTIO_BALLOON_F_REPORTING)
#define BALLOON_FEATURES UINT64_C(0x3f)
#define PAGE		 4096u
#define MEBIBYTE	 (1u << 20)

static struct fake_machine machine;
static struct fake_driver driver;
static void *state;

static void make_device(const char *text, uint64_t features)
{
	void *options = calloc(1, virtio_balloon_type.options_size);

	cr_assert(zero(int, options_parse(&virtio_balloon_type.options, text, options, NULL)));
	state = calloc(1, virtio_balloon_type.state_size);
	cr_assert(zero(int, virtio_balloon_type.init(state, &machine.env, options, NULL)));
	free(options);
	fake_driver_attach(&driver, &machine, 1);
	fake_driver_start(&driver, features, 0);
}

static void set_up(void)
{
	fake_machine_init(&machine);
}

static void tear_down(void)
{
	virtio_balloon_type.finish(state);
	free(state);
	fake_machine_finish(&machine);
}

TestSuite(balloon, .init = set_up, .fini = tear_down, .timeout = 10);

/* Pages full of ones: a discarded one reads as zeros. */
static uint8_t *make_pages(unsigned count, uint64_t *gpa)
{
	uint8_t *bytes;

	*gpa = fake_driver_alloc(&driver, count * PAGE);
	bytes = fake_driver_at(&driver, *gpa, count * PAGE);
	memset(bytes, 1, count * PAGE);
	return bytes;
}

static uint32_t send_pfns(unsigned queue, const uint32_t *pfns, unsigned count)
{
	const uint64_t gpa = fake_driver_alloc(&driver, PAGE);
	const struct fake_buffer buffer = { gpa, count * 4, false };

	memcpy(fake_driver_at(&driver, gpa, PAGE), pfns, count * sizeof(*pfns));
	return fake_driver_request(&driver, queue, &buffer, 1);
}

Test(balloon, offers_what_its_options_say)
{
	make_device("", 0);
	cr_assert(
		eq(u64, fake_driver_features(&driver) & BALLOON_FEATURES, STATS | OOM | REPORTING));
	cr_assert(eq(uint, driver.queue_count, 4));
}

Test(balloon, options_take_features_away)
{
	make_device("deflate-on-oom=off,free-page-reporting=off", 0);
	cr_assert(eq(u64, fake_driver_features(&driver) & BALLOON_FEATURES, STATS));
	cr_assert(eq(uint, driver.queue_count, 3));
}

/* --- inflate and deflate --- */

Test(balloon, inflate_gives_exactly_these_pages_back)
{
	uint64_t gpa;

	make_device("", 0);
	const uint8_t *bytes = make_pages(8, &gpa);
	const uint32_t first = (uint32_t)(gpa / PAGE);
	/* Up, down, and alone. */
	const uint32_t pfns[] = { first, first + 1, first + 5, first + 4, first + 7 };

	cr_assert(zero(u32, send_pfns(0, pfns, 5)));
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(eq(u8, bytes[i * PAGE], i == 2 || i == 3 || i == 6), "page %u", i);
	}
	cr_assert(eq(u8, fake_driver_take_isr(&driver), 1));
}

Test(balloon, pages_that_are_not_ram_are_harmless)
{
	const uint32_t pfns[] = { UINT32_MAX, 0, UINT32_MAX - 1, FAKE_MEMORY_BYTES / PAGE };
	const uint8_t *zero_page;

	make_device("", 0);
	zero_page = fake_driver_at(&driver, 0, PAGE);
	memset(fake_driver_at(&driver, 0, PAGE), 1, PAGE);
	cr_assert(zero(u32, send_pfns(0, pfns, 4)));
	cr_assert(zero(u8, zero_page[0]), "the good one among them");
}

Test(balloon, waiting_chains_are_all_served)
{
	uint64_t gpa;

	make_device("", 0);
	uint8_t *bytes = make_pages(4, &gpa);
	const uint64_t list = fake_driver_alloc(&driver, PAGE);
	uint32_t *pfns = fake_driver_at(&driver, list, PAGE);

	for (unsigned i = 0; i < 4; i++) {
		const struct fake_buffer buffer = { list + i * 4, 4, false };

		pfns[i] = (uint32_t)(gpa / PAGE) + i;
		(void)fake_ring_add(&driver.rings[0], &buffer, 1);
	}
	fake_driver_kick(&driver, 0);
	for (unsigned i = 0; i < 4; i++) {
		fake_machine_run(&machine);
	}
	cr_assert(eq(u16, driver.rings[0].used->idx, 4));
	cr_assert(zero(u8, bytes[3 * PAGE]));
}

Test(balloon, deflate_is_acknowledged)
{
	uint64_t gpa;

	make_device("", 0);
	const uint8_t *bytes = make_pages(1, &gpa);
	const uint32_t pfn = (uint32_t)(gpa / PAGE);

	cr_assert(zero(u32, send_pfns(1, &pfn, 1)));
	cr_assert(eq(u8, bytes[0], 1));
}

/* --- sizes --- */

Test(balloon, target_reaches_the_driver)
{
	make_device("", 0);
	cr_assert(eq(u64, balloon_target(state), FAKE_MEMORY_BYTES));
	cr_assert(zero(int, balloon_set_target(state, FAKE_MEMORY_BYTES - 5 * MEBIBYTE)));
	fake_machine_run(&machine);
	cr_assert(eq(u64, fake_driver_config(&driver, 0, 4), 5 * MEBIBYTE / PAGE));
	cr_assert(eq(u8, fake_driver_take_isr(&driver), VIRTIO_PCI_ISR_CONFIG));
	cr_assert(eq(u64, balloon_target(state), FAKE_MEMORY_BYTES - 5 * MEBIBYTE));
	cr_assert(zero(int, balloon_set_target(state, UINT64_MAX)));
	fake_machine_run(&machine);
	cr_assert(eq(u64, fake_driver_config(&driver, 0, 4), 0));
	cr_assert(eq(int, balloon_set_target(state, 0), -EINVAL));
}

Test(balloon, actual_size_is_told)
{
	make_device("", 0);
	cr_assert(eq(u64, balloon_actual(state), FAKE_MEMORY_BYTES));
	fake_driver_set_config(&driver, 4, 4, MEBIBYTE / PAGE);
	cr_assert(eq(u64, balloon_actual(state), FAKE_MEMORY_BYTES - MEBIBYTE));
	cr_assert(eq(uint, machine.notify_count, 1));
	cr_assert(zero(int, strcmp(machine.notify_event, BALLOON_EVENT)));
	cr_assert(eq(u64, machine.notify_value, FAKE_MEMORY_BYTES - MEBIBYTE));
	fake_driver_set_config(&driver, 4, 4, MEBIBYTE / PAGE);
	cr_assert(eq(uint, machine.notify_count, 1), "no change");
	fake_driver_set_config(&driver, 4, 4, UINT32_MAX);
	cr_assert(zero(u64, balloon_actual(state)));
}

Test(balloon, driver_cannot_write_the_target)
{
	make_device("", 0);
	fake_driver_set_config(&driver, 0, 4, 1234);
	cr_assert(zero(u64, fake_driver_config(&driver, 0, 4)));
}

Test(balloon, reset_empties_it_but_keeps_the_target)
{
	make_device("", 0);
	(void)balloon_set_target(state, FAKE_MEMORY_BYTES / 2);
	fake_machine_run(&machine);
	fake_driver_set_config(&driver, 4, 4, 100);
	fake_driver_reset(&driver);
	cr_assert(eq(u64, balloon_actual(state), FAKE_MEMORY_BYTES));
	cr_assert(eq(u64, fake_driver_config(&driver, 0, 8), FAKE_MEMORY_BYTES / 2 / PAGE));
}

/* --- statistics --- */

/* Offers a buffer of two values, one with a tag nobody knows. */
static uint16_t offer_stats(uint64_t gpa, uint64_t free_bytes)
{
	const struct fake_buffer buffer = { gpa, 25, false }; /* and half of a third */
	uint8_t *bytes = fake_driver_at(&driver, gpa, 25);
	uint16_t head;

	store_le16(bytes, 999);
	store_le64(bytes + 2, 7);
	store_le16(bytes + 10, VIRTIO_BALLOON_S_MEMFREE);
	store_le64(bytes + 12, free_bytes);
	head = fake_ring_add(&driver.rings[2], &buffer, 1);
	fake_driver_kick(&driver, 2);
	return head;
}

Test(balloon, statistics_are_asked_for_and_read)
{
	struct balloon_stats stats;
	uint32_t head, written;

	make_device("", STATS);
	const uint64_t gpa = fake_driver_alloc(&driver, PAGE);

	balloon_get_stats(state, &stats);
	cr_assert(eq(u64, stats.age_ms, UINT64_MAX));
	fake_machine_run(&machine); /* this question finds no chain to ask with */
	const uint16_t offered = offer_stats(gpa, 12345);
	cr_assert(not(fake_ring_take(&driver.rings[2], &head, &written)), "kept for the question");
	balloon_get_stats(state, &stats);
	cr_assert(eq(u64, stats.free_memory, 12345));
	cr_assert(eq(u64, stats.total_memory, UINT64_MAX), "not told");
	cr_assert(lt(u64, stats.age_ms, 10000));
	fake_machine_run(&machine);
	cr_assert(fake_ring_take(&driver.rings[2], &head, &written), "the question");
	cr_assert(eq(u32, head, offered));
	(void)offer_stats(gpa, 777);
	balloon_get_stats(state, &stats);
	cr_assert(eq(u64, stats.free_memory, 777));
}

Test(balloon, second_statistics_chain_replaces_the_first)
{
	uint32_t head, written;

	make_device("", STATS);
	const uint64_t gpa = fake_driver_alloc(&driver, PAGE);
	const uint16_t first = offer_stats(gpa, 1);

	(void)offer_stats(gpa, 2);
	cr_assert(fake_ring_take(&driver.rings[2], &head, &written));
	cr_assert(eq(u32, head, first));
	cr_assert(not(fake_ring_take(&driver.rings[2], &head, &written)));
}

Test(balloon, quiesce_leaves_nothing_outside_the_rings)
{
	uint32_t head, written;

	make_device("", STATS);
	(void)offer_stats(fake_driver_alloc(&driver, PAGE), 1);
	virtio_balloon_type.quiesce(state);
	cr_assert(fake_ring_take(&driver.rings[2], &head, &written));
	virtio_balloon_type.resume(state);
}

/* --- free page reporting --- */

/* Without statistics the reporting queue takes their number. */
static void report(unsigned queue)
{
	uint64_t gpa;
	const uint8_t *bytes = make_pages(8, &gpa);
	/* The second one has only page 5 whole. */
	const struct fake_buffer buffers[] = { { gpa, 2 * PAGE, true },
					       { gpa + 4 * PAGE + 1, 3 * PAGE - 2, true } };

	cr_assert(zero(u32, fake_driver_request(&driver, queue, buffers, 2)));
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(eq(u8, bytes[i * PAGE + 1], !(i < 2 || i == 5)), "page %u", i);
	}
}

Test(balloon, reported_pages_go_back)
{
	make_device("", STATS | REPORTING);
	report(3);
}

Test(balloon, reporting_without_statistics)
{
	make_device("", REPORTING);
	report(2);
}
