/* SPDX-License-Identifier: MIT */
#include "devices/scsi/disc_sector.h"

#include <errno.h>
#include <string.h>

#include "devices/scsi/disc_ecc.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define HEADER_START	12u
#define SUBHEADER_START 16u
#define XA_DATA_START	24u
#define MODE1_EDC_START 2064u
#define XA1_EDC_START	2072u
#define SUBMODE_FORM2	0x20u

/* Lengths of a sector's parts, in their order on the disc. */
struct parts {
	uint8_t field;
	uint16_t bytes;
};

#define PARTS 5
static const struct parts FORM_PARTS[][PARTS] = {
	[DISC_FORM_MODE1] = { { DISC_FIELD_SYNC, 12 },
			      { DISC_FIELD_HEADER, 4 },
			      { DISC_FIELD_SUBHEADER, 0 },
			      { DISC_FIELD_DATA, 2048 },
			      { DISC_FIELD_ECC, 288 } },
	[DISC_FORM_MODE2] = { { DISC_FIELD_SYNC, 12 },
			      { DISC_FIELD_HEADER, 4 },
			      { DISC_FIELD_SUBHEADER, 0 },
			      { DISC_FIELD_DATA, 2336 },
			      { DISC_FIELD_ECC, 0 } },
	[DISC_FORM_XA1] = { { DISC_FIELD_SYNC, 12 },
			    { DISC_FIELD_HEADER, 4 },
			    { DISC_FIELD_SUBHEADER, 8 },
			    { DISC_FIELD_DATA, 2048 },
			    { DISC_FIELD_ECC, 280 } },
	[DISC_FORM_XA2] = { { DISC_FIELD_SYNC, 12 },
			    { DISC_FIELD_HEADER, 4 },
			    { DISC_FIELD_SUBHEADER, 8 },
			    { DISC_FIELD_DATA, 2328 },
			    { DISC_FIELD_ECC, 0 } },
};

/* Finds the chosen bytes: from `start`, which may be NULL. */
static int find_fields(enum disc_form form, uint8_t fields, unsigned *start)
{
	const struct parts *parts = FORM_PARTS[form];
	unsigned offset = 0;
	unsigned bytes = 0;
	bool started = false;
	bool ended = false;

	for (unsigned i = 0; i < PARTS; i++) {
		bool chosen = fields & parts[i].field;

		if (chosen && ended) {
			return -EINVAL;
		}
		if (chosen) {
			if (bytes == 0 && start) {
				*start = offset;
			}
			bytes += parts[i].bytes;
			started = true;
		}
		ended |= started && !chosen && parts[i].bytes > 0;
		offset += parts[i].bytes;
	}
	return (int)bytes;
}

int disc_form_bytes(enum disc_form form, uint8_t fields)
{
	if (form == DISC_FORM_AUDIO) {
		return fields ? (int)DISC_RAW_BYTES : 0;
	}
	return find_fields(form, fields, NULL);
}

int disc_sector_copy(const uint8_t raw[static DISC_RAW_BYTES], enum disc_form form, uint8_t fields,
		     uint8_t *out)
{
	unsigned start = 0;
	int bytes = disc_form_bytes(form, fields);

	if (bytes > 0) {
		if (form != DISC_FORM_AUDIO) {
			(void)find_fields(form, fields, &start);
		}
		memcpy(out, raw + start, (size_t)bytes);
	}
	return bytes;
}

/* --- whole sectors --- */

static void put_header(uint8_t raw[static DISC_RAW_BYTES], uint32_t lba, uint8_t mode)
{
	struct disc_msf msf = disc_msf_of(lba);

	memset(raw, 0xff, 12);
	raw[0] = 0;
	raw[11] = 0;
	raw[12] = disc_bcd(msf.minute);
	raw[13] = disc_bcd(msf.second);
	raw[14] = disc_bcd(msf.frame);
	raw[15] = mode;
}

static void put_mode1(uint8_t raw[static DISC_RAW_BYTES])
{
	store_le32(raw + MODE1_EDC_START, disc_edc(raw, MODE1_EDC_START));
	memset(raw + MODE1_EDC_START + 4, 0, 8);
	disc_ecc(raw);
}

void disc_sector_build(uint8_t raw[static DISC_RAW_BYTES], uint32_t lba, enum disc_mode mode,
		       const uint8_t *stored, unsigned stored_bytes)
{
	if (stored_bytes == DISC_RAW_BYTES) {
		memcpy(raw, stored, DISC_RAW_BYTES);
		return;
	}
	put_header(raw, lba, mode == DISC_MODE1 ? 1 : 2);
	memcpy(raw + SUBHEADER_START, stored, stored_bytes);
	if (mode == DISC_MODE1) {
		put_mode1(raw);
	}
}

enum disc_form disc_sector_form(const uint8_t raw[static DISC_RAW_BYTES], enum disc_mode mode)
{
	const uint8_t *subheader = raw + SUBHEADER_START;

	if (mode != DISC_MODE2) {
		return mode == DISC_AUDIO ? DISC_FORM_AUDIO : DISC_FORM_MODE1;
	}
	/* CD-ROM XA writes the subheader twice. */
	if (memcmp(subheader, subheader + 4, 4) != 0) {
		return DISC_FORM_MODE2;
	}
	return subheader[2] & SUBMODE_FORM2 ? DISC_FORM_XA2 : DISC_FORM_XA1;
}

/* --- sub-channels --- */

static void put_msf(uint8_t *out, struct disc_msf msf)
{
	out[0] = disc_bcd(msf.minute);
	out[1] = disc_bcd(msf.second);
	out[2] = disc_bcd(msf.frame);
}

/* Time within a track counts down to 0 through its pregap. */
static struct disc_msf relative_msf(const struct disc_track *track, uint32_t lba)
{
	uint32_t frames = lba < track->start_lba ? track->start_lba - lba : lba - track->start_lba;

	return (struct disc_msf){
		.minute = (uint8_t)(frames / (60 * DISC_FRAMES_PER_SECOND)),
		.second = (uint8_t)(frames / DISC_FRAMES_PER_SECOND % 60),
		.frame = (uint8_t)(frames % DISC_FRAMES_PER_SECOND),
	};
}

void disc_sector_q(const struct disc_layout *layout, uint32_t lba, uint8_t q[static DISC_Q_BYTES])
{
	const struct disc_extent *extent = disc_layout_extent(layout, lba);
	const struct disc_track *track = disc_layout_track_at(layout, lba);
	uint16_t crc;

	memset(q, 0, DISC_Q_BYTES);
	if (extent && track) {
		q[0] = (uint8_t)(track->control << 4 | 1);
		q[1] = disc_bcd(track->number);
		q[2] = disc_bcd(extent->index);
		put_msf(q + 3, relative_msf(track, lba));
		put_msf(q + 7, disc_msf_of(lba));
	}
	crc = disc_q_crc(q, 10);
	q[10] = (uint8_t)(crc >> 8);
	q[11] = (uint8_t)crc;
}

void disc_sector_subchannel(const struct disc_layout *layout, uint32_t lba,
			    uint8_t out[static DISC_SUBCHANNEL_BYTES])
{
	const struct disc_extent *extent = disc_layout_extent(layout, lba);
	uint8_t p = extent && extent->index == 0 ? 0x80 : 0; /* set in pauses */
	uint8_t q[DISC_Q_BYTES];

	disc_sector_q(layout, lba, q);
	for (unsigned i = 0; i < DISC_SUBCHANNEL_BYTES; i++) {
		out[i] = p | (q[i / 8] & 0x80 >> i % 8 ? 0x40 : 0);
	}
}
