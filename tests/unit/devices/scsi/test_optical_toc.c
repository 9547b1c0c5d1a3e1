/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <string.h>

#include "tests/unit/devices/scsi/optical_suite.h"
#include "vmm/base/bytes.h"

OPTICAL_SUITE(optical_toc);

Test(optical_toc, toc_lists_tracks_and_lead_out)
{
	static const uint8_t CDB[10] = { 0x43, 0, 0, 0, 0, 0, 0, 0x0f, 0xff };
	/* Starts 0, 750, 12600, lead-out 12900. */
	static const uint8_t WANT[36] = { 0,	34,   1,    3,	  0,	0x14, 1, 0,    0,
					  0,	0,    0,    0,	  0x10, 2,    0, 0,    0,
					  0x02, 0xee, 0,    0x14, 3,	0,    0, 0,    0x31,
					  0x38, 0,    0x14, 0xaa, 0,	0,    0, 0x32, 0x64 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
}

Test(optical_toc, toc_in_time_from_a_track_on)
{
	/* 12600 + 150 frames = 2:50:00; 12900 + 150 = 2:54:00. */
	static const uint8_t CDB[10] = { 0x43, 2, 0, 0, 0, 0, 3, 0x0f, 0xff };
	static const uint8_t WANT[20] = { 0,  18, 1, 3,	   0,	 0x14, 3, 0, 0,	 2,
					  50, 0,  0, 0x14, 0xaa, 0,    0, 2, 54, 0 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
}

Test(optical_toc, toc_of_the_lead_out_alone)
{
	static const uint8_t CDB[10] = { 0x43, 0, 0, 0, 0, 0, 0xaa, 0x0f, 0xff };
	static const uint8_t WANT[12] = { 0, 10, 1, 3, 0, 0x14, 0xaa, 0, 0, 0, 0x32, 0x64 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
}

Test(optical_toc, sessions_name_the_last_one)
{
	static const uint8_t CDB[10] = { 0x43, 0, 1, 0, 0, 0, 0, 0x0f, 0xff };
	/* As systems ask that know the byte of old: format in the control byte. */
	static const uint8_t OLD[10] = { 0x43, 0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0x40 };
	static const uint8_t WANT[12] = { 0, 10, 1, 2, 0, 0x14, 3, 0, 0, 0, 0x31, 0x38 };

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
	EXPECT(OLD, WANT);
}

Test(optical_toc, raw_toc_has_the_points_of_a_session)
{
	static const uint8_t CDB[10] = { 0x43, 2, 2, 0, 0, 0, 2, 0x0f, 0xff };
	static const uint8_t WANT[4 + 4 * 11] = {
		0, 46,	 1, 2,				  /* sessions 1 to 2, from 2 on */
		2, 0x14, 0, 0xa0, 0, 0, 0, 0, 3, 0x20, 0, /* first track, XA */
		2, 0x14, 0, 0xa1, 0, 0, 0, 0, 3, 0,    0, /* last track */
		2, 0x14, 0, 0xa2, 0, 0, 0, 0, 2, 54,   0, /* lead-out */
		2, 0x14, 0, 3,	  0, 0, 0, 0, 2, 50,   0,
	};

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
}

Test(optical_toc, refuses_what_is_not_there)
{
	static const uint8_t TRACK_4[10] = { 0x43, 0, 0, 0, 0, 0, 4, 0x0f, 0xff };
	static const uint8_t PMA[10] = { 0x43, 0, 3, 0, 0, 0, 0, 0x0f, 0xff };
	static const uint8_t RAW[10] = { 0x43, 0, 2, 0, 0, 0, 0, 0x0f, 0xff };

	cr_assert(eq(u32, RUN(PMA, 4096, 0), NOT_READY(0x3a01)));
	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(TRACK_4, 4096, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(PMA, 4096, 0), ILLEGAL(0x2400)));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	cr_assert(eq(u32, RUN(RAW, 4096, 0), ILLEGAL(0x2400)));
}

Test(optical_toc, a_dvd_has_one_track)
{
	static const uint8_t CDB[10] = { 0x43, 0, 0, 0, 0, 0, 0, 0x0f, 0xff };
	static const uint8_t WANT[20] = { 0, 18, 1, 1,	  0,	0x14, 1, 0, 0, 0,
					  0, 0,	 0, 0x14, 0xaa, 0,    0, 0, 0, 50 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_DVD_ROM));
	EXPECT(CDB, WANT);
}

Test(optical_toc, subchannel_tells_where_the_drive_read)
{
	static const uint8_t SEEK[10] = { 0x2b, 0, 0, 0, 0x03, 0x21 }; /* 801: sector 800 is done */
	static const uint8_t CDB[10] = { 0x42, 2, 0x40, 1, 0, 0, 0, 0x0f, 0xff };
	static const uint8_t WANT[16] = {
		0, 0x15, 0, 12, 1, 0x10, 2, 1, 0, 0, 12, 50, 0, 0, 0, 50
	};

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(SEEK, 0, 0), 0));
	EXPECT(CDB, WANT);
}

Test(optical_toc, subchannel_has_catalog_number_and_isrc)
{
	static const uint8_t CATALOG[10] = { 0x42, 0, 0x40, 2, 0, 0, 0, 0x0f, 0xff };
	static const uint8_t ISRC[10] = { 0x42, 0, 0x40, 3, 0, 0, 2, 0x0f, 0xff };
	static const uint8_t NO_ISRC[10] = { 0x42, 0, 0x40, 3, 0, 0, 1, 0x0f, 0xff };

	fake_optical_insert(&f, fake_optical_cd(&f));
	cr_assert(eq(u32, RUN(CATALOG, 4096, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 24));
	cr_assert(eq(int,
		     memcmp(f.c.data + 8,
			    "\x80"
			    "0123456789012\0",
			    15),
		     0));
	cr_assert(eq(u32, RUN(ISRC, 4096, 0), 0));
	cr_assert(eq(u8, f.c.data[6], 2));
	cr_assert(eq(int,
		     memcmp(f.c.data + 8,
			    "\x80"
			    "GBAYE6800001\0",
			    14),
		     0));
	cr_assert(eq(u32, RUN(NO_ISRC, 4096, 0), 0));
	cr_assert(eq(u8, f.c.data[8], 0));
}

Test(optical_toc, disc_information_is_of_a_finished_disc)
{
	static const uint8_t CDB[10] = { 0x51, [7] = 0x0f, 0xff };
	static const uint8_t WANT[34] = {
		0, 32, 0x0e, 1, 2, 3, 3, 0x20, [16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(CDB, WANT);
}

Test(optical_toc, track_information_by_lba_track_and_session)
{
	static const uint8_t BY_LBA[10] = { 0x52, 0, 0, 0, 0x03, 0x20, 0, 0x0f, 0xff }; /* 800 */
	static const uint8_t BY_TRACK[10] = { 0x52, 1, 0, 0, 0, 2, 0, 0x0f, 0xff };
	static const uint8_t BY_SESSION[10] = { 0x52, 2, 0, 0, 0, 2, 0, 0x0f, 0xff };
	static const uint8_t NO_TRACK[10] = { 0x52, 1, 0, 0, 0, 4, 0, 0x0f, 0xff };
	/* Track 2: 750 to 1199. */
	static const uint8_t WANT[36] = {
		0, 34, 2, 1, [6] = 0x0f, [10] = 0x02, 0xee, [26] = 0x01, 0xc2, 0, 0, 0x04, 0xaf
	};

	fake_optical_insert(&f, fake_optical_cd(&f));
	EXPECT(BY_LBA, WANT);
	EXPECT(BY_TRACK, WANT);
	cr_assert(eq(u32, RUN(BY_SESSION, 4096, 0), 0));
	cr_assert(eq(u8, f.c.data[2], 3));
	cr_assert(eq(u8, f.c.data[3], 2));
	cr_assert(eq(u8, f.c.data[6], 2));
	cr_assert(eq(u32, RUN(NO_TRACK, 4096, 0), ILLEGAL(0x2400)));
}
