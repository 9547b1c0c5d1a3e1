/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/disc_model.c */
#include "devices/scsi/disc_model.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

TestSuite(disc_model, .timeout = 20);

#define MS	UINT64_C(1000000)
#define START	(500 * MS)
#define SECTORS 1000u

static struct disc_model m;

static void make(struct disc_model_config config)
{
	cr_assert(eq(int, disc_model_init(&m, &config, SECTORS, START), 0));
}

static struct disc_model_verdict read_at(uint64_t now, uint32_t lba, uint32_t sectors)
{
	return disc_model_read(&m, now, lba, sectors, sectors * UINT64_C(2048));
}

Test(disc_model, nothing_wished_costs_nothing)
{
	struct disc_model_verdict v;

	make((struct disc_model_config){ 0 });
	cr_assert(eq(int, disc_model_is_ready(&m, START), 1));
	v = read_at(START + 5, 900, 100);
	cr_assert(eq(u64, v.end_ns, START + 5));
	cr_assert(eq(int, v.fails, 0));
}

Test(disc_model, spins_up)
{
	make((struct disc_model_config){ .spin_up_ms = 2000 });
	cr_assert(eq(int, disc_model_is_ready(&m, START + 1999 * MS), 0));
	cr_assert(eq(int, disc_model_is_ready(&m, START + 2000 * MS), 1));
	cr_assert(eq(u16, disc_model_progress(&m, START), 0));
	cr_assert(eq(u16, disc_model_progress(&m, START + 1000 * MS), 32767));
	cr_assert(eq(u16, disc_model_progress(&m, START + 3000 * MS), 65535));
	cr_assert(eq(u64, read_at(START, 0, 1).end_ns, START + 2000 * MS));
}

Test(disc_model, transfers_at_its_rate_one_after_the_other)
{
	make((struct disc_model_config){ .bytes_per_second = 2048000 }); /* a sector in 1 ms */
	cr_assert(eq(u64, read_at(START, 0, 10).end_ns, START + 10 * MS));
	cr_assert(eq(u64, read_at(START, 10, 10).end_ns, START + 20 * MS));
	cr_assert(eq(u64, read_at(START + 100 * MS, 20, 10).end_ns, START + 110 * MS));
}

Test(disc_model, seeks_by_the_way)
{
	make((struct disc_model_config){ .seek_ms = 300 });
	cr_assert(eq(int, read_at(START, 0, 1).has_sought, 0));
	/* From 1 to 501 is half of the disc: 100 ms to settle, 100 of 200 for the way. */
	cr_assert(eq(u64, read_at(START, 501, 1).end_ns, START + 200 * MS));
	/* On from there: no seek. */
	cr_assert(eq(u64, read_at(START, 502, 1).end_ns, START + 200 * MS));
}

Test(disc_model, fails_at_the_first_bad_sector_each_time)
{
	struct disc_model_verdict v;

	make((struct disc_model_config){
		.bytes_per_second = 2048000,
		.faults = { { .first_lba = 30, .last_lba = 40, .delay_ms = 50 },
			    { .first_lba = 20, .last_lba = 20, .delay_ms = 7 } },
		.fault_count = 2 });
	for (unsigned i = 0; i < 2; i++) {
		uint64_t now = START + i * 1000 * MS;

		v = read_at(now, 10, 30);
		cr_assert(eq(int, v.fails, 1));
		cr_assert(eq(u32, v.failed_lba, 20));
		cr_assert(eq(u64, v.end_ns, now + 17 * MS));
	}
	v = read_at(START + 5000 * MS, 41, 1);
	cr_assert(eq(int, v.fails, 0));
	v = read_at(START + 5000 * MS, 35, 1);
	cr_assert(eq(u32, v.failed_lba, 35));
}

Test(disc_model, a_fault_of_one_time_is_mended_by_the_retry)
{
	make((struct disc_model_config){
		.faults = { { .first_lba = 5, .last_lba = 5, .once = true } }, .fault_count = 1 });
	cr_assert(eq(int, read_at(START, 0, 10).fails, 1));
	cr_assert(eq(int, read_at(START, 0, 10).fails, 0));
}

Test(disc_model, slow_sectors_are_read)
{
	struct disc_model_verdict v;

	make((struct disc_model_config){ .faults = { { 5, 6, DISC_FAULT_SLOW, 800, false } },
					 .fault_count = 1 });
	v = read_at(START, 0, 10);
	cr_assert(eq(int, v.fails, 0));
	cr_assert(eq(u64, v.end_ns, START + 800 * MS));
}

Test(disc_model, refuses_a_range_turned_around)
{
	const struct disc_model_config config = { .faults = { { 6, 5, DISC_FAULT_SLOW, 0, false } },
						  .fault_count = 1 };

	cr_assert(eq(int, disc_model_init(&m, &config, SECTORS, 0), -EINVAL));
}
