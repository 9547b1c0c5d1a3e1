/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <string.h>

#include "tests/unit/devices/scsi/optical_suite.h"
#include "vmm/base/bytes.h"

OPTICAL_SUITE(optical_dvd);

static const uint8_t PHYSICAL[12] = { 0xad, [8] = 0x0f, 0xff };
static const uint8_t COPYRIGHT[12] = { 0xad, [7] = 1, 0x0f, 0xff };
static const uint8_t BCA[12] = { 0xad, [7] = 3, 0x0f, 0xff };
static const uint8_t LIST[12] = { 0xad, [7] = 0xff, 0x0f, 0xff };
static const uint8_t REGION[12] = { 0xa4, [9] = 8, [10] = 8 };
static const uint8_t AGID[12] = { 0xa4, [9] = 8 };
static const uint8_t AUTHENTICATED[12] = { 0xa4, [9] = 8, [10] = 5 };

static void expect_physical(const uint8_t want[16])
{
	cr_assert(eq(u32, RUN(PHYSICAL, 4095, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 2052));
	cr_assert(eq(u16, load_be16(f.c.data), 2050));
	for (unsigned i = 0; i < 16; i++) {
		cr_assert(eq(u8, f.c.data[4 + i], want[i]), "byte %u", i);
	}
}

Test(optical_dvd, one_layer_starts_at_30000h)
{
	static const uint8_t WANT[16] = { 0x01, 0x0f, 0x01, 0, 0, 0x03, 0, 0, 0, 0x03, 0, 49 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	expect_physical(WANT);
}

Test(optical_dvd, a_recorded_disc_says_so)
{
	static const uint8_t WANT[16] = { 0x25, 0x0f, 0x02, 0, 0, 0x03, 0, 0, 0, 0x03, 0, 49 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_R));
	expect_physical(WANT);
}

Test(optical_dvd, two_layers_break_in_the_middle_at_a_block)
{
	/* 3,000,001 sectors: layer 0 has 1,500,001 up to a multiple of 16 = 1,500,016 and ends at
	 * 196,608 + 1,500,015 = 19e36fh; layer 1 starts at its complement, 61c90h, with the
	 * opposite track path, and has 1,499,985, so that it ends at e61c90h + 16e350h. */
	static const uint8_t WANT[16] = { 0x01, 0x0f, 0x31, 0x10, 0, 0x03, 0,	 0,
					  0,	0xfc, 0xff, 0xe0, 0, 0x19, 0xe3, 0x6f };

	fake_optical_insert(&f, fake_optical_image(&f, 3000001, DISC_DVD_ROM));
	expect_physical(WANT);
}

Test(optical_dvd, is_unprotected_and_for_all_regions)
{
	static const uint8_t WANT[8] = { 0, 6 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	EXPECT(COPYRIGHT, WANT);
}

Test(optical_dvd, lists_what_it_has)
{
	static const uint8_t WANT[16] = { 0,	14,   0, 0, 0x00, 0x40, 0x08, 0x04,
					  0x01, 0x40, 0, 8, 0x04, 0x40, 0x08, 0x04 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	EXPECT(LIST, WANT);
}

Test(optical_dvd, refuses_what_it_has_not)
{
	static const uint8_t LAYER_1[12] = { 0xad, [6] = 1, [8] = 0x0f, 0xff };
	static const uint8_t BLU_RAY[12] = { 0xad, 1, [8] = 0x0f, 0xff };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u32, RUN(BCA, 4095, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(LAYER_1, 4095, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(BLU_RAY, 4095, 0), ILLEGAL(0x2400)));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(PHYSICAL, 4095, 0), ILLEGAL(0x3002)));
}

Test(optical_dvd, has_no_region_without_a_disc_too)
{
	/* Type 0: none set; 4 resets, 5 changes; no region plays; scheme 1. */
	static const uint8_t WANT[8] = { 0, 6, 0, 0, 0x25, 0xff, 1, 0 };

	EXPECT(REGION, WANT);
}

Test(optical_dvd, has_no_keys)
{
	static const uint8_t WANT[8] = { 0, 6 };
	static const uint8_t OTHER[12] = { 0xa4, [7] = 2, [9] = 8 };

	cr_assert(eq(u32, RUN(AGID, 8, 0), NOT_READY(0x3a01)));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u32, RUN(AGID, 8, 0), ILLEGAL(0x6f01)));
	cr_assert(eq(u32, RUN(OTHER, 8, 0), ILLEGAL(0x2400)));
	EXPECT(AUTHENTICATED, WANT);
}
