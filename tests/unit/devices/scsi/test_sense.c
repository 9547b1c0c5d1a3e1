/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/sense.c */
#include "devices/scsi/sense.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(sense, .timeout = 20);

static uint8_t out[SCSI_SENSE_MAX];

/* SPC-4 table 53: valid, information, key, length, code, sense key specific bytes. */
Test(sense, fixed_format_has_the_standards_layout)
{
	static const uint8_t want[] = { 0xf0, 0, 0x03, 0,    0,	   0x12, 0x34, 10, 0,
					0,    0, 0,    0x11, 0x05, 0,	 0,    0,  0 };
	const struct scsi_sense sense = { .key = SCSI_MEDIUM_ERROR,
					  .code = SCSI_CODE_L_EC_UNCORRECTABLE,
					  .has_information = true,
					  .information = 0x1234 };

	memset(out, 0xee, sizeof(out));
	cr_assert(eq(uint, scsi_sense_write(&sense, false, out), sizeof(want)));
	cr_assert(zero(int, memcmp(out, want, sizeof(want))));
}

Test(sense, fixed_format_leaves_out_what_does_not_fit)
{
	const struct scsi_sense sense = { .key = SCSI_MEDIUM_ERROR,
					  .has_information = true,
					  .information = UINT64_C(1) << 32 };

	(void)scsi_sense_write(&sense, false, out);
	cr_assert(eq(u8, out[0], 0x70));
	cr_assert(eq(u8, out[6], 0));
}

/* SPC-4 tables 27 to 35. */
Test(sense, descriptor_format_has_the_standards_layout)
{
	static const uint8_t want[] = {
		0x72, 0x05, 0x24, 0x00, 0,    0, 0, 24,		    /* header */
		0x00, 10,   0x80, 0,	0,    0, 0, 1,	0, 0, 0, 2, /* information */
		0x02, 6,    0,	  0,	0xcb, 0, 4, 0,		    /* bit 3 of byte 4 in the CDB */
		0x05, 2,    0,	  0x20,				    /* ILI */
	};
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
				    .code = SCSI_CODE_INVALID_FIELD_IN_CDB,
				    .has_information = true,
				    .information = UINT64_C(1) << 32 | 2,
				    .incorrect_length = true };

	scsi_sense_point(&sense, true, 4, 3);
	memset(out, 0xee, sizeof(out));
	cr_assert(eq(uint, scsi_sense_write(&sense, true, out), sizeof(want)));
	cr_assert(zero(int, memcmp(out, want, sizeof(want))));
}

Test(sense, pointer_into_a_list_without_a_bit)
{
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
				    .code = SCSI_CODE_INVALID_FIELD_IN_LIST };

	scsi_sense_point(&sense, false, 0x102, -1);
	(void)scsi_sense_write(&sense, false, out);
	cr_assert(eq(u8, out[15], 0x80));
	cr_assert(eq(u8, out[16], 1));
	cr_assert(eq(u8, out[17], 2));
}
