/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <string.h>

#include "tests/unit/devices/scsi/optical_suite.h"
#include "vmm/base/bytes.h"

OPTICAL_SUITE(optical_features);

static const uint8_t ALL[10] = { 0x46, [7] = 0x0f, 0xff };

Test(optical_features, lists_profiles_with_the_current_one)
{
	static const uint8_t ONE[10] = { 0x46, 2, [7] = 0x0f, 0xff };
	static const uint8_t WANT[24] = { 0, 0,	   0, 20, 0, 0,	   0, 0x10, 0, 0,    0x03, 12,
					  0, 0x11, 0, 0,  0, 0x10, 1, 0,    0, 0x08, 0,	   0 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	EXPECT(ONE, WANT);
}

static uint16_t profile_now(void)
{
	cr_assert(eq(u32, RUN(ALL, 4095, 0), 0));
	return load_be16(f.c.data + 6);
}

Test(optical_features, the_profile_follows_the_disc)
{
	cr_assert(eq(u16, profile_now(), 0));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u16, profile_now(), 0x0008));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u16, profile_now(), 0x0010));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_R));
	cr_assert(eq(u16, profile_now(), 0x0011));
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(u16, profile_now(), 0));
}

/* The flags byte of a feature among those answered; -1: not there. */
static int flags_of(uint16_t code)
{
	unsigned end = load_be32(f.c.data) + 4;

	for (unsigned at = 8; at < end; at += 4u + f.c.data[at + 3]) {
		cr_assert(eq(uint, f.c.data[at + 3] % 4u, 0));
		if (load_be16(f.c.data + at) == code) {
			return f.c.data[at + 2];
		}
	}
	return -1;
}

Test(optical_features, cd_and_dvd_read_take_turns)
{
	static const uint8_t CURRENT[10] = { 0x46, 1, [7] = 0x0f, 0xff };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(ALL, 4095, 0), 0));
	cr_assert(eq(int, flags_of(0x001e), 0x09)); /* version 2, current */
	cr_assert(eq(int, flags_of(0x001f), 0x04)); /* version 1 */
	cr_assert(eq(int, flags_of(0x0001), 0x0b)); /* version 2, persistent, current */
	cr_assert(eq(u32, RUN(CURRENT, 4095, 0), 0));
	cr_assert(eq(int, flags_of(0x001f), -1));
	cr_assert(eq(int, flags_of(0x0108), 0x03));
}

Test(optical_features, starts_where_asked)
{
	static const uint8_t FROM_100[10] = { 0x46, 0, 0x01, 0, [7] = 0x0f, 0xff };
	static const uint8_t UNKNOWN[10] = { 0x46, 2, 0x00, 0x2a, [7] = 0x0f, 0xff };
	static const uint8_t RESERVED[10] = { 0x46, 3, [7] = 0x0f, 0xff };
	static const uint8_t NONE[8] = { 0, 0, 0, 4 };

	cr_assert(eq(u32, RUN(FROM_100, 4095, 0), 0));
	cr_assert(eq(int, flags_of(0x001e), -1));
	cr_assert(eq(int, flags_of(0x0100), 0x03));
	EXPECT(UNKNOWN, NONE);
	cr_assert(eq(u32, RUN(RESERVED, 4095, 0), ILLEGAL(0x2400)));
}

/* --- speed --- */

Test(optical_features, performance_is_the_speed_that_was_set)
{
	static const uint8_t SET[12] = { 0xbb, 0, 0x05, 0x69, 0xff, 0xff }; /* 1385 kB/s */
	static const uint8_t GET[12] = { 0xac, 0x10, [9] = 1 };
	static const uint8_t WANT[24] = { 0, 0, 0,  20, [14] = 0x05, 0x69, 0,
					  0, 0, 49, 0,	0,	     0x05, 0x69 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u32, RUN(SET, 0, 0), 0));
	EXPECT(GET, WANT);
}

Test(optical_features, streaming_sets_kilobytes_in_milliseconds)
{
	static const uint8_t SET[12] = { 0xb6, [10] = 28 };
	static const uint8_t SHORT[12] = { 0xb6, [10] = 27 };
	static const uint8_t GET[12] = { 0xac, 0x10, [9] = 1 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	memset(f.c.data, 0, 28);
	cr_assert(eq(u32, RUN(SET, 0, 28), ILLEGAL(0x2600))); /* in no time */
	store_be32(f.c.data + 12, 2770);
	store_be32(f.c.data + 16, 1000);
	cr_assert(eq(u32, RUN(SET, 0, 28), 0));
	cr_assert(eq(u32, RUN(GET, 24, 0), 0));
	cr_assert(eq(u32, load_be32(f.c.data + 12), 2770));
	cr_assert(eq(u32, RUN(SHORT, 0, 28), ILLEGAL(0x1a00)));
}

Test(optical_features, it_writes_at_no_speed)
{
	static const uint8_t SPEEDS[12] = { 0xac, [9] = 1, [10] = 3 };
	static const uint8_t WRITING[12] = { 0xac, 0x14, [9] = 1 };
	static const uint8_t WANT[8] = { 0, 0, 0, 4 };

	EXPECT(SPEEDS, WANT);
	cr_assert(eq(u32, RUN(WRITING, 24, 0), ILLEGAL(0x2400)));
}
