/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <string.h>

#include "tests/unit/devices/scsi/optical_suite.h"
#include "vmm/base/bytes.h"

OPTICAL_SUITE(optical_mode);

static const uint8_t CAPABILITIES[10] = { 0x5a, 0x08, 0x2a, [7] = 0x0f, 0xff };
static const uint8_t AUDIO[10] = { 0x5a, 0x08, 0x0e, [7] = 0x0f, 0xff };
static const uint8_t AUDIO_CHANGEABLE[10] = { 0x5a, 0x08, 0x4e, [7] = 0x0f, 0xff };
static const uint8_t SELECT[10] = { 0x55, 0x10, [8] = 24 };

Test(optical_mode, capabilities_are_of_a_reading_drive_with_a_tray)
{
	/* 22160 kB/s is 16x of a DVD. */
	static const uint8_t WANT[40] = { 0, 38,   [8] = 0x2a, 30, 0x1f, 0,    0x70, 0x63, 0x29,
					  0, 0x56, 0x90,       0,  0,	 0x02, 0,    0x56, 0x90 };

	EXPECT(CAPABILITIES, WANT);
}

Test(optical_mode, capabilities_tell_the_lock)
{
	static const uint8_t PREVENT[6] = { 0x1e, 0, 0, 0, 1 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(PREVENT, 0, 0), 0));
	cr_assert(eq(u32, RUN(CAPABILITIES, 4095, 0), 0));
	cr_assert(eq(u8, f.c.data[8 + 6], 0x2b));
}

Test(optical_mode, the_short_command_has_a_short_header)
{
	static const uint8_t CDB[6] = { 0x1a, 0x08, 0x01, 0, 0xff };
	static const uint8_t WANT[16] = { 15, 0, 0, 0, 0x01, 10, 0, 5 };

	EXPECT(CDB, WANT);
}

Test(optical_mode, all_pages_come_by_rising_code)
{
	static const uint8_t CDB[10] = { 0x5a, 0x08, 0x3f, [7] = 0x0f, 0xff };
	unsigned last = 0;

	cr_assert(eq(u32, RUN(CDB, 4095, 0), 0));
	for (unsigned at = 8; at < f.c.command.moved; at += 2u + f.c.data[at + 1]) {
		cr_assert(gt(uint, f.c.data[at], last));
		last = f.c.data[at];
	}
	cr_assert(eq(uint, last, 0x2a));
}

Test(optical_mode, refuses_pages_it_has_not)
{
	static const uint8_t WRITE[10] = { 0x5a, 0x08, 0x05, [7] = 0x0f, 0xff };
	static const uint8_t SUBPAGE[10] = { 0x5a, 0x08, 0x01, 0x01, [7] = 0x0f, 0xff };
	static const uint8_t SAVED[10] = { 0x5a, 0x08, 0xc1, [7] = 0x0f, 0xff };

	cr_assert(eq(u32, RUN(WRITE, 4095, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(SUBPAGE, 4095, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(SAVED, 4095, 0), ILLEGAL(0x3900)));
}

/* A parameter list with the audio page as it is now. */
static void make_list(void)
{
	cr_assert(eq(u32, RUN(AUDIO, 4095, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 24));
	memset(f.c.data, 0, 8);
}

Test(optical_mode, volume_can_be_set_and_is_lost_by_a_reset)
{
	make_list();
	f.c.data[8 + 9] = 0x80;
	cr_assert(eq(u32, RUN(SELECT, 0, 24), 0));
	cr_assert(eq(u32, RUN(AUDIO, 4095, 0), 0));
	cr_assert(eq(u8, f.c.data[8 + 9], 0x80));
	optical_unit(f.drive)->ops->reset(optical_unit(f.drive));
	cr_assert(eq(u32, RUN(AUDIO, 4095, 0), 0));
	cr_assert(eq(u8, f.c.data[8 + 9], 0xff));
}

Test(optical_mode, what_may_change_is_told)
{
	cr_assert(eq(u32, RUN(AUDIO_CHANGEABLE, 4095, 0), 0));
	cr_assert(eq(u8, f.c.data[8 + 9], 0xff));
	cr_assert(eq(u8, f.c.data[8 + 4], 0));
}

Test(optical_mode, what_may_not_change_is_refused_with_its_place)
{
	make_list();
	f.c.data[8 + 4] = 1;
	cr_assert(eq(u32, RUN(SELECT, 0, 24), ILLEGAL(0x2600)));
	cr_assert(eq(u8, f.c.command.sense[15], 0x80));
	cr_assert(eq(u16, load_be16(f.c.command.sense + 16), 12));
}

Test(optical_mode, nothing_is_set_if_a_later_page_is_at_fault)
{
	static const uint8_t TWO[10] = { 0x55, 0x10, [8] = 26 };

	make_list();
	f.c.data[8 + 9] = 0x80;
	f.c.data[24] = 0x05;
	cr_assert(eq(u32, RUN(TWO, 0, 26), ILLEGAL(0x2600)));
	cr_assert(eq(u32, RUN(AUDIO, 4095, 0), 0));
	cr_assert(eq(u8, f.c.data[8 + 9], 0xff));
}

Test(optical_mode, lists_must_be_whole)
{
	static const uint8_t CUT[10] = { 0x55, 0x10, [8] = 20 };
	static const uint8_t NO_HEADER[10] = { 0x55, 0x10, [8] = 7 };
	static const uint8_t VENDOR[10] = { 0x55, 0x00, [8] = 24 };
	static const uint8_t SAVE[10] = { 0x55, 0x11, [8] = 24 };
	static const uint8_t NOTHING[10] = { 0x55, 0x10 };

	make_list();
	cr_assert(eq(u32, RUN(CUT, 0, 20), ILLEGAL(0x2600)));
	cr_assert(eq(u32, RUN(NO_HEADER, 0, 7), ILLEGAL(0x1a00)));
	cr_assert(eq(u32, RUN(VENDOR, 0, 24), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(SAVE, 0, 24), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(NOTHING, 0, 0), 0));
}
