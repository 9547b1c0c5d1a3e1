/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/devices/scsi/fake_optical.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

static struct fake_optical f;

static void setup(void)
{
	fake_optical_init(&f);
}

static void finish(void)
{
	fake_optical_finish(&f);
}

#define RUN(cdb, in, out) fake_optical_run(&f, (cdb), (in), (out))

TestSuite(optical_read, .timeout = 30, .init = setup, .fini = finish);

static const uint8_t READ10[10] = { 0x28, 0, 0, 0, 0, 47, 0, 0, 1 };

Test(optical_read, all_reads_find_the_block)
{
	static const uint8_t READ6[6] = { 0x08, 0, 0, 47, 1 };
	static const uint8_t READ12[12] = { 0xa8, 0, 0, 0, 0, 47, 0, 0, 0, 1 };
	static const uint8_t READ16[16] = { 0x88, [9] = 47, [13] = 1 };
	static const uint8_t *const READS[] = { READ6, READ10, READ12, READ16 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	for (unsigned i = 0; i < ARRAY_SIZE(READS); i++) {
		memset(f.c.data, 0, 4);
		cr_assert(eq(u32, fake_optical_run(&f, READS[i], 2048, 0), 0));
		cr_assert(eq(sz, f.c.command.moved, 2048));
		cr_assert(eq(u32, load_le32(f.c.data), 47));
	}
	cr_assert(eq(u64, optical_counters(f.drive)->sectors, 4));
	cr_assert(eq(u64, optical_counters(f.drive)->seeks, 4));
}

Test(optical_read, no_disc_is_not_ready)
{
	cr_assert(eq(u32, RUN(READ10, 2048, 0), NOT_READY(0x3a01)));
}

Test(optical_read, behind_the_end_is_out_of_range)
{
	static const uint8_t LAST_TWO[10] = { 0x28, 0, 0, 0, 0, 49, 0, 0, 2 };
	static const uint8_t FAR[16] = { 0x88, [2] = 0xff, [13] = 1 };
	static const uint8_t NONE[10] = { 0x28, 0, 0, 0, 0, 49 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(LAST_TWO, 4096, 0), ILLEGAL(0x2100)));
	cr_assert(eq(u32, load_be32(f.c.command.sense + 3), 50));
	cr_assert(eq(u32, RUN(FAR, 2048, 0), ILLEGAL(0x2100)));
	cr_assert(eq(u32, RUN(NONE, 0, 0), 0));
}

Test(optical_read, less_room_than_asked_for_is_an_overrun)
{
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(READ10, 2047, 0), UINT32_MAX));
}

Test(optical_read, audio_is_no_data)
{
	static const uint8_t AUDIO[10] = { 0x28, 0, 0, 0, 0x03, 0x20, 0, 0, 1 }; /* 800 */

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(AUDIO, 2048, 0), ILLEGAL(0x6400)));
}

Test(optical_read, between_sessions_nothing_can_be_read)
{
	static const uint8_t GAP[10] = { 0x28, 0, 0, 0, 0x04, 0xb0, 0, 0, 1 }; /* 1200 */

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(GAP, 2048, 0), ILLEGAL(0x2100)));
}

Test(optical_read, data_are_taken_out_of_whole_sectors)
{
	static const uint8_t SECTOR_5[10] = { 0x28, 0, 0, 0, 0, 5, 0, 0, 1 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(SECTOR_5, 2048, 0), 0));
	cr_assert(eq(u8, f.c.data[0], 5));
	cr_assert(eq(sz, f.c.command.moved, 2048));
}

Test(optical_read, audio_comes_whole_with_its_position)
{
	/* LBA 800, any type, user data, sub-channel Q: frame 50 of track 2; 00:12:50 on the disc.
	 */
	static const uint8_t CDB[12] = { 0xbe, 0, 0, 0, 0x03, 0x20, 0, 0, 1, 0x10, 0x02 };
	static const uint8_t Q[10] = { 0x01, 2, 1, 0, 0, 0x50, 0, 0, 0x12, 0x50 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(CDB, 2368, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 2368));
	cr_assert(eq(u8, f.c.data[0], (uint8_t)800));
	cr_assert(eq(u8, f.c.data[2351], (uint8_t)800));
	cr_assert(eq(int, memcmp(f.c.data + 2352, Q, sizeof(Q)), 0));
}

Test(optical_read, msf_names_the_same_sector)
{
	/* 00:12:50 to 00:12:51, audio. */
	static const uint8_t CDB[12] = { 0xb9, 0x04, 0, 0, 12, 50, 0, 12, 51, 0x10 };
	static const uint8_t BACKWARDS[12] = { 0xb9, 0x04, 0, 0, 12, 50, 0, 12, 49, 0x10 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(CDB, 2352, 0), 0));
	cr_assert(eq(u8, f.c.data[0], (uint8_t)800));
	cr_assert(eq(u32, RUN(BACKWARDS, 2352, 0), ILLEGAL(0x2400)));
}

struct refusal {
	uint8_t cdb[12];
	uint32_t sense;
};

static struct refusal refusals[] = {
	/* Data expected to be audio; audio expected to be mode 1. */
	{ { 0xbe, 0x04, 0, 0, 0, 5, 0, 0, 1, 0x10 }, ILLEGAL(0x6400) },
	{ { 0xbe, 0x08, 0, 0, 3, 0x20, 0, 0, 1, 0x10 }, ILLEGAL(0x6400) },
	/* Reserved type, C2 pointers, sub-channels R to W, sync and data without header. */
	{ { 0xbe, 0x18, 0, 0, 0, 5, 0, 0, 1, 0x10 }, ILLEGAL(0x2400) },
	{ { 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x12 }, ILLEGAL(0x2400) },
	{ { 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x10, 4 }, ILLEGAL(0x2400) },
	{ { 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x90 }, ILLEGAL(0x2400) },
	{ { 0xbe, 0, 0, 0, 0xff, 0, 0, 0, 1, 0x10 }, ILLEGAL(0x2100) },
	{ { 0xbe, 0, 0, 0, 0, 5, 0, 0, 0, 0x10 }, 0 },
	{ { 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0 }, 0 },
};

ParameterizedTestParameters(optical_read, read_cd_checks_its_fields)
{
	return cr_make_param_array(struct refusal, refusals, ARRAY_SIZE(refusals));
}

ParameterizedTest(struct refusal *r, optical_read, read_cd_checks_its_fields)
{
	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(r->cdb, 2448, 0), r->sense));
}

Test(optical_read, read_cd_is_for_cds)
{
	static const uint8_t CDB[12] = { 0xbe, [8] = 1, [9] = 0x10 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u32, RUN(CDB, 2352, 0), ILLEGAL(0x3002)));
}

Test(optical_read, capacity_is_the_last_block)
{
	static const uint8_t CDB[10] = { 0x25 };
	static const uint8_t WANT[8] = { 0, 0, 0, 49, 0, 0, 0x08, 0 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(CDB, 8, 0), 0));
	cr_assert(eq(int, memcmp(f.c.data, WANT, sizeof(WANT)), 0));
}

Test(optical_read, seek_moves_the_head_on_the_disc)
{
	static const uint8_t INSIDE[10] = { 0x2b, 0, 0, 0, 0, 20 };
	static const uint8_t OUTSIDE[10] = { 0x2b, 0, 0, 0, 0, 50 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(INSIDE, 0, 0), 0));
	cr_assert(eq(u32, RUN(OUTSIDE, 0, 0), ILLEGAL(0x2100)));
}
