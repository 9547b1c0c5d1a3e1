/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

/* Structures of a DVD (MMC-6 §6.22.3). */
#define FORMAT_PHYSICAL	    0x00u
#define FORMAT_COPYRIGHT    0x01u
#define FORMAT_MANUFACTURER 0x04u
#define FORMAT_LIST	    0xffu

#define HEADER_BYTES	4u
#define STRUCTURE_BYTES 2048u

/* Physical sector numbers of a DVD's data start here. */
#define FIRST_PSN 0x030000u
#define PSN_MASK  0xffffffu
/* More has two layers: what a pressed disc of one layer holds (DVD-5). */
#define LAYER_SECTORS_MAX 2298496u
#define BLOCK_SECTORS	  16u /* of an error correction block */

/* --- physical format --- */

/*
 * Where the layers end. Two layers run in opposite directions, the second from the outside in, and
 * its numbers are the first one's with all bits turned; the first is the larger, in whole error
 * correction blocks.
 */
struct layers {
	unsigned count;
	uint32_t last_psn;  /* of the data */
	uint32_t break_psn; /* last one of layer 0; 0 with one layer */
};

static struct layers layers_of(uint32_t sectors)
{
	uint32_t first_layer = ALIGN_UP((sectors + 1) / 2, BLOCK_SECTORS);
	struct layers l = { .count = 1, .last_psn = FIRST_PSN + sectors - 1 };

	if (sectors > LAYER_SECTORS_MAX) {
		l.count = 2;
		l.break_psn = FIRST_PSN + first_layer - 1;
		l.last_psn = (~l.break_psn & PSN_MASK) + (sectors - first_layer) - 1;
	}
	return l;
}

/* Layer descriptor (MMC-6 §6.22.3.2.1). */
static void put_physical(const struct disc *disc, uint8_t *out)
{
	struct layers l = layers_of(disc->sectors);
	bool is_recorded = disc->kind == DISC_DVD_R;

	out[0] = is_recorded ? 0x25 : 0x01; /* book and its version */
	out[1] = 0x0f;			    /* 120 mm, no maximum rate given */
	out[2] = (uint8_t)((l.count - 1) << 5 | (l.count == 2 ? 0x10 : 0) |
			   (is_recorded ? 0x02 : 0x01));
	out[3] = l.count == 2 ? 0x10 : 0x00; /* linear density */
	store_be32(out + 4, FIRST_PSN);
	store_be32(out + 8, l.last_psn);
	store_be32(out + 12, l.break_psn);
}

/* --- READ DVD STRUCTURE --- */

static const struct {
	uint8_t format;
	uint16_t bytes; /* behind the length field */
} STRUCTURES[] = {
	{ FORMAT_PHYSICAL, STRUCTURE_BYTES + 2 },
	{ FORMAT_COPYRIGHT, 6 },
	{ FORMAT_MANUFACTURER, STRUCTURE_BYTES + 2 },
};

#define STRUCTURE_READABLE 0x40u

static unsigned put_list(uint8_t *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(STRUCTURES); i++) {
		out[4 * i] = STRUCTURES[i].format;
		out[4 * i + 1] = STRUCTURE_READABLE;
		store_be16(out + 4 * i + 2, STRUCTURES[i].bytes + 2);
	}
	return 4 * ARRAY_SIZE(STRUCTURES);
}

void optical_read_dvd_structure(struct optical *o, struct scsi_command *c)
{
	uint8_t answer[HEADER_BYTES + STRUCTURE_BYTES] = { 0 };
	unsigned length = 0;

	if (c->cdb[1] & 0x0f) { /* not of a DVD */
		scsi_command_bad_field(c, 1, 3);
		return;
	}
	if (c->cdb[6] >= layers_of(o->disc->sectors).count) {
		scsi_command_bad_field(c, 6, -1);
		return;
	}
	switch (c->cdb[7]) {
	case FORMAT_PHYSICAL:
		put_physical(o->disc, answer + HEADER_BYTES);
		length = STRUCTURE_BYTES;
		break;
	case FORMAT_COPYRIGHT: /* unprotected, for all regions: zeros */
		length = 4;
		break;
	case FORMAT_MANUFACTURER:
		length = STRUCTURE_BYTES;
		break;
	case FORMAT_LIST:
		length = put_list(answer + HEADER_BYTES);
		break;
	default: /* no burst cutting area (03h) either */
		scsi_command_bad_field(c, 7, -1);
		return;
	}
	store_be16(answer, (uint16_t)(length + 2));
	scsi_command_answer(c, answer, HEADER_BYTES + length, load_be16(c->cdb + 8));
}

/* --- REPORT KEY --- */

/* Key formats (MMC-6 §6.28.2.5). */
#define KEY_AGID	    0x00u
#define KEY_CHALLENGE	    0x01u
#define KEY_BUS		    0x02u
#define KEY_TITLE	    0x04u
#define KEY_AUTHENTICATED   0x05u
#define KEY_REGION	    0x08u
#define KEY_INVALIDATE_AGID 0x3fu

/* No region set; 4 resets by the vendor, 5 changes by the user left; by the newer scheme. */
static void send_region(struct scsi_command *c)
{
	static const uint8_t ANSWER[8] = { 0, 6, 0, 0, 4 << 3 | 5, 0xff, 1, 0 };

	scsi_command_answer(c, ANSWER, sizeof(ANSWER), load_be16(c->cdb + 8));
}

static void send_not_authenticated(struct scsi_command *c)
{
	static const uint8_t ANSWER[8] = { 0, 6 };

	scsi_command_answer(c, ANSWER, sizeof(ANSWER), load_be16(c->cdb + 8));
}

static void report_disc_key(struct optical *o, struct scsi_command *c, unsigned format)
{
	if (!optical_disc(o)) {
		scsi_command_fail(c, SCSI_NOT_READY, optical_no_medium(o));
	} else if (!optical_has_dvd(o)) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INCOMPATIBLE_FORMAT);
	} else if (format == KEY_AUTHENTICATED) {
		send_not_authenticated(c);
	} else {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_KEY_NOT_PRESENT);
	}
}

void optical_report_key(struct optical *o, struct scsi_command *c)
{
	unsigned format = c->cdb[10] & 0x3f;

	if (c->cdb[7] != 0) { /* of another scheme than the DVD's */
		scsi_command_bad_field(c, 7, -1);
		return;
	}
	switch (format) {
	case KEY_REGION:
		send_region(c);
		break;
	case KEY_INVALIDATE_AGID:
		scsi_command_end(c, SCSI_GOOD, 0);
		break;
	case KEY_AGID:
	case KEY_CHALLENGE:
	case KEY_BUS:
	case KEY_TITLE:
	case KEY_AUTHENTICATED:
		report_disc_key(o, c, format);
		break;
	default:
		scsi_command_bad_field(c, 10, 5);
		break;
	}
}
