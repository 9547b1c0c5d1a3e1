/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/disc_sector.c devices/scsi/disc_ecc.c devices/scsi/disc_layout.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "devices/scsi/disc_ecc.h"
#include "devices/scsi/disc_sector.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

TestSuite(disc_sector, .timeout = 20);

/* --- the parity equations of ECMA-130 Annex A, checked by counting in the field --- */

static uint8_t times(uint8_t a, uint8_t b)
{
	uint8_t product = 0;

	for (; b; b >>= 1) {
		product ^= b & 1 ? a : 0;
		a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1d : 0));
	}
	return product;
}

/* Sums of the n bytes word[0] … word[n - 1], plain and weighed by alpha^(n-1) … alpha^0. */
static void syndromes(const uint8_t *word, unsigned n, uint8_t out[2])
{
	out[0] = out[1] = 0;
	for (unsigned i = 0; i < n; i++) {
		out[0] ^= word[i];
		out[1] = times(out[1], 2) ^ word[i];
	}
}

/* Byte of the S-th 16-bit word, low or high, of what is protected (ECMA-130 Annex A.1). */
static uint8_t protected_byte(const uint8_t *raw, unsigned s, unsigned plane)
{
	return raw[12 + 2 * s + plane];
}

static unsigned count_p_faults(const uint8_t *raw)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < 43 * 2; i++) {
		uint8_t word[26];
		uint8_t s[2];

		for (unsigned m = 0; m < 26; m++) {
			word[m] = protected_byte(raw, 43 * m + i / 2, i % 2);
		}
		syndromes(word, 26, s);
		faults += s[0] || s[1];
	}
	return faults;
}

static unsigned count_q_faults(const uint8_t *raw)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < 26 * 2; i++) {
		uint8_t word[45];
		uint8_t s[2];

		for (unsigned m = 0; m < 43; m++) {
			word[m] = protected_byte(raw, (44 * m + 43 * (i / 2)) % 1118, i % 2);
		}
		word[43] = protected_byte(raw, 43 * 26 + i / 2, i % 2);
		word[44] = protected_byte(raw, 44 * 26 + i / 2, i % 2);
		syndromes(word, 45, s);
		faults += s[0] || s[1];
	}
	return faults;
}

/* Remainder of the message with its code, bits lowest first, by plain division (ECMA-130 §14.3). */
static uint32_t divide(const uint8_t *message, size_t bytes)
{
	/* (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1) without x^32 */
	const uint32_t divisor = 0x8001801b;
	uint32_t rest = 0;

	for (size_t i = 0; i < bytes * 8; i++) {
		uint32_t bit = message[i / 8] >> i % 8 & 1;
		uint32_t top = rest >> 31;

		rest = rest << 1 | bit;
		rest ^= top ? divisor : 0;
	}
	return rest;
}

static void build_mode1(uint8_t raw[DISC_RAW_BYTES], uint32_t lba)
{
	uint8_t data[DISC_DATA_BYTES];

	for (unsigned i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 7 + i / 256);
	}
	disc_sector_build(raw, lba, DISC_MODE1, data, sizeof(data));
}

Test(disc_sector, mode1_has_sync_and_header)
{
	static const uint8_t WANT[16] = { 0,	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0,	  0x12, 0x34, 0x56, 1 };
	uint8_t raw[DISC_RAW_BYTES];

	build_mode1(raw, (12 * 60 + 34) * 75 + 56 - 150);
	cr_assert(eq(int, memcmp(raw, WANT, sizeof(WANT)), 0));
	cr_assert(eq(u8, raw[16 + 257], (uint8_t)(257 * 7 + 1)));
}

Test(disc_sector, mode1_meets_the_check_of_its_code)
{
	uint8_t raw[DISC_RAW_BYTES];

	build_mode1(raw, 4711);
	cr_assert(eq(u32, divide(raw, 2068), 0));
	raw[100] ^= 1;
	cr_assert(ne(u32, divide(raw, 2068), 0));
}

Test(disc_sector, mode1_meets_the_parity_equations)
{
	uint8_t raw[DISC_RAW_BYTES];

	build_mode1(raw, 4711);
	cr_assert(eq(u64, load_le64(raw + 2068), 0)); /* the intermediate field */
	cr_assert(eq(uint, count_p_faults(raw), 0));
	cr_assert(eq(uint, count_q_faults(raw), 0));
	raw[100] ^= 1;
	cr_assert(eq(uint, count_p_faults(raw), 1));
	cr_assert(eq(uint, count_q_faults(raw), 1));
}

Test(disc_sector, mode2_gets_its_header_before_what_is_stored)
{
	uint8_t stored[2336] = { 0, 0, 0x20, 0, 0, 0, 0x20, 0, 0xaa };
	uint8_t raw[DISC_RAW_BYTES];

	disc_sector_build(raw, 0, DISC_MODE2, stored, sizeof(stored));
	cr_assert(eq(u8, raw[13], 0x02));
	cr_assert(eq(u8, raw[15], 2));
	cr_assert(eq(u8, raw[24], 0xaa));
	cr_assert(eq(int, disc_sector_form(raw, DISC_MODE2), DISC_FORM_XA2));
	raw[18] = raw[22] = 0x08;
	cr_assert(eq(int, disc_sector_form(raw, DISC_MODE2), DISC_FORM_XA1));
	raw[18] = 0x09;
	cr_assert(eq(int, disc_sector_form(raw, DISC_MODE2), DISC_FORM_MODE2));
}

/* Bytes that MMC-6 §6.19 returns, by byte 9 of READ CD; -1 is "illegal". */
struct row {
	uint8_t fields;
	int bytes[4]; /* mode 1, mode 2, form 1, form 2 */
};

static struct row rows[] = {
	{ 0x00, { 0, 0, 0, 0 } },
	{ 0x10, { 2048, 2336, 2048, 2328 } },
	{ 0x18, { 2336, 2336, 2328, 2328 } },
	{ 0x20, { 4, 4, 4, 4 } },
	{ 0x30, { 2052, 2340, -1, -1 } },
	{ 0x38, { 2340, 2340, -1, -1 } },
	{ 0x40, { 0, 0, 8, 8 } },
	{ 0x50, { 2048, 2336, 2056, 2336 } },
	{ 0x58, { 2336, 2336, 2336, 2336 } },
	{ 0x60, { 4, 4, 12, 12 } },
	{ 0x70, { 2052, 2340, 2060, 2340 } },
	{ 0x78, { 2340, 2340, 2340, 2340 } },
	{ 0x80, { 12, 12, 12, 12 } },
	{ 0x90, { -1, -1, -1, -1 } },
	{ 0xa0, { 16, 16, 16, 16 } },
	{ 0xb0, { 2064, 2352, -1, -1 } },
	{ 0xb8, { 2352, 2352, -1, -1 } },
	{ 0xe0, { 16, 16, 24, 24 } },
	{ 0xf0, { 2064, 2352, 2072, 2352 } },
	{ 0xf8, { 2352, 2352, 2352, 2352 } },
};

ParameterizedTestParameters(disc_sector, gives_the_lengths_of_the_standard)
{
	return cr_make_param_array(struct row, rows, ARRAY_SIZE(rows));
}

ParameterizedTest(struct row *row, disc_sector, gives_the_lengths_of_the_standard)
{
	for (unsigned i = 0; i < 4; i++) {
		int want = row->bytes[i] < 0 ? -EINVAL : row->bytes[i];

		cr_assert(eq(int, disc_form_bytes(DISC_FORM_MODE1 + i, row->fields), want),
			  "%02x %u", row->fields, i);
	}
	cr_assert(eq(int, disc_form_bytes(DISC_FORM_AUDIO, row->fields), row->fields ? 2352 : 0));
}

Test(disc_sector, copies_what_was_chosen)
{
	uint8_t raw[DISC_RAW_BYTES], out[DISC_RAW_BYTES];

	for (unsigned i = 0; i < sizeof(raw); i++) {
		raw[i] = (uint8_t)(i >> 3);
	}
	cr_assert(eq(int, disc_sector_copy(raw, DISC_FORM_XA1, 0x50, out), 2056));
	cr_assert(eq(int, memcmp(out, raw + 16, 2056), 0));
	cr_assert(eq(int, disc_sector_copy(raw, DISC_FORM_MODE1, 0x08, out), 288));
	cr_assert(eq(int, memcmp(out, raw + 2064, 288), 0));
}

/* --- sub-channels: a track of audio behind one of data, with a pause of two seconds --- */

static void make_layout(struct disc_layout *layout, struct disc_extent extents[3])
{
	extents[0] = (struct disc_extent){ .sectors = 1000, .track = 1, .index = 1 };
	extents[1] = (struct disc_extent){ .lba = 1000, .sectors = 150, .track = 2 };
	extents[2] = (struct disc_extent){ .lba = 1150, .sectors = 5000, .track = 2, .index = 1 };
	*layout = (struct disc_layout){
		.tracks = { { .number = 1, .control = 4, .mode = DISC_MODE1, .end_lba = 1000 },
			    { .number = 2,
			      .control = 2,
			      .pregap_lba = 1000,
			      .start_lba = 1150,
			      .end_lba = 6150 } },
		.track_count = 2,
		.session_count = 1,
		.extents = extents,
		.extent_count = 3,
	};
}

Test(disc_sector, tells_the_position_in_q)
{
	/* LBA 6000: 4850 frames into track 2 = 01:04:50; 6150 frames from the start = 01:22:00. */
	static const uint8_t WANT[10] = { 0x21, 2, 1, 0x01, 0x04, 0x50, 0, 0x01, 0x22, 0x00 };
	struct disc_extent extents[3];
	struct disc_layout layout;
	uint8_t q[DISC_Q_BYTES];

	make_layout(&layout, extents);
	disc_sector_q(&layout, 6000, q);
	cr_assert(eq(int, memcmp(q, WANT, sizeof(WANT)), 0));
}

Test(disc_sector, counts_down_in_a_pause)
{
	static const uint8_t FIRST[10] = { 0x21, 2, 0, 0, 0x02, 0, 0, 0, 0x15, 0x25 };
	uint8_t q[DISC_Q_BYTES], all[DISC_SUBCHANNEL_BYTES];
	struct disc_extent extents[3];
	struct disc_layout layout;

	make_layout(&layout, extents);
	disc_sector_q(&layout, 1000, q);
	cr_assert(eq(int, memcmp(q, FIRST, sizeof(FIRST)), 0));
	disc_sector_subchannel(&layout, 1149, all);
	cr_assert(eq(u8, all[0], 0x80)); /* P set; Q's first bits: 0010 */
	cr_assert(eq(u8, all[2], 0xc0));
	disc_sector_subchannel(&layout, 1150, all);
	cr_assert(eq(u8, all[2], 0x40));
}

Test(disc_sector, q_meets_its_check)
{
	uint8_t q[DISC_Q_BYTES];
	struct disc_extent extents[3];
	struct disc_layout layout;

	/* The catalogue's check value of this polynomial, not inverted: "123456789" is 31c3h. */
	cr_assert(eq(u16, (uint16_t)~disc_q_crc((const uint8_t *)"123456789", 9), 0x31c3));
	make_layout(&layout, extents);
	disc_sector_q(&layout, 6000, q);
	cr_assert(eq(u16, disc_q_crc(q, 10), (uint16_t)(q[10] << 8 | q[11])));
}
