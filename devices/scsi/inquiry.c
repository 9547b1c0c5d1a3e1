/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/bus_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* --- INQUIRY (SPC-4 §6.6) --- */

#define STANDARD_BYTES	    96u /* up to the version descriptors' end and what is reserved there */
#define QUALIFIER_NO_UNIT   0x60
#define VERSION_SPC4	    0x06
#define HIERARCHICAL	    0x10 /* LUNs as in SAM-5 */
#define RESPONSE_FORMAT	    0x02
#define COMMAND_QUEUING	    0x02
#define VERSION_DESCRIPTORS 58
#define STANDARDS_MAX	    8
#define PAGE_MAX	    256u

enum page {
	PAGE_SUPPORTED = 0x00,
	PAGE_SERIAL = 0x80,
	PAGE_IDENTIFICATION = 0x83,
};

static const struct scsi_identity NOBODY = {
	.vendor = "", .product = "", .revision = "", .serial = ""
};

/* ASCII, left-aligned, padded with spaces (SPC-4 §4.4.1). */
static void put_text(uint8_t *field, const char *text, size_t bytes)
{
	memset(field, ' ', bytes);
	memcpy(field, text, strnlen(text, bytes));
}

static unsigned write_standard(const struct scsi_identity *id, uint8_t *out)
{
	out[1] = id->removable ? 0x80 : 0;
	out[2] = VERSION_SPC4;
	out[3] = HIERARCHICAL | RESPONSE_FORMAT;
	out[4] = STANDARD_BYTES - 5;
	out[7] = COMMAND_QUEUING;
	put_text(out + 8, id->vendor, SCSI_INQUIRY_VENDOR);
	put_text(out + 16, id->product, SCSI_INQUIRY_PRODUCT);
	put_text(out + 32, id->revision, 4);
	for (unsigned i = 0; id->standards && id->standards[i] && i < STANDARDS_MAX; i++) {
		store_be16(out + VERSION_DESCRIPTORS + 2 * i, id->standards[i]);
	}
	return STANDARD_BYTES;
}

/* SPC-4 §7.8.6: the designator that is always possible, made of names and serial number. */
static unsigned write_identification(const struct scsi_identity *id, uint8_t *out)
{
	const size_t names = SCSI_INQUIRY_VENDOR + SCSI_INQUIRY_PRODUCT;
	const size_t serial = strnlen(id->serial, PAGE_MAX - 8 - names);

	out[4] = 0x02; /* ASCII */
	out[5] = 0x01; /* of the unit, by its vendor */
	out[7] = (uint8_t)(names + serial);
	put_text(out + 8, id->vendor, SCSI_INQUIRY_VENDOR);
	put_text(out + 8 + SCSI_INQUIRY_VENDOR, id->product, SCSI_INQUIRY_PRODUCT);
	memcpy(out + 8 + names, id->serial, serial);
	return (unsigned)(8 + names + serial);
}

/* Returns the page's bytes, 0: no such page. */
static unsigned write_page(const struct scsi_identity *id, enum page page, uint8_t *out)
{
	static const uint8_t PAGES[] = { PAGE_SUPPORTED, PAGE_SERIAL, PAGE_IDENTIFICATION };
	unsigned bytes;

	switch (page) {
	case PAGE_SUPPORTED:
		memcpy(out + 4, PAGES, sizeof(PAGES));
		bytes = 4 + sizeof(PAGES);
		break;
	case PAGE_SERIAL:
		bytes = 4 + (unsigned)strnlen(id->serial, PAGE_MAX - 4);
		memcpy(out + 4, id->serial, bytes - 4);
		break;
	case PAGE_IDENTIFICATION:
		bytes = write_identification(id, out);
		break;
	default:
		return 0;
	}
	out[1] = (uint8_t)page;
	store_be16(out + 2, (uint16_t)(bytes - 4));
	return bytes;
}

void scsi_inquire(struct scsi_command *c, uint8_t type, const struct scsi_identity *id)
{
	const bool is_page = c->cdb[1] & 0x01;
	uint8_t out[MAX(PAGE_MAX, STANDARD_BYTES)] = { 0 };
	unsigned bytes;

	if (c->cdb[1] & ~0x01) {
		scsi_command_bad_field(c, 1, -1);
		return;
	}
	if (is_page) {
		bytes = id ? write_page(id, (enum page)c->cdb[2], out) : 0;
	} else {
		bytes = c->cdb[2] ? 0 : write_standard(id ?: &NOBODY, out);
	}
	if (bytes == 0) {
		scsi_command_bad_field(c, 2, -1);
		return;
	}
	out[0] = type == SCSI_TYPE_NONE ? QUALIFIER_NO_UNIT | SCSI_TYPE_NONE : type;
	scsi_command_answer(c, out, bytes, load_be16(c->cdb + 3));
}

/* --- REPORT LUNS (SPC-4 §6.33) --- */

enum select {
	SELECT_UNITS = 0x00,
	SELECT_WELL_KNOWN = 0x01,
	SELECT_ALL = 0x02,
};

static const uint8_t REPORT_LUNS_LUN[8] = { 0xc1, 0x01 };

bool scsi_lun_is_report_luns(const uint8_t lun[8])
{
	return memcmp(lun, REPORT_LUNS_LUN, sizeof(REPORT_LUNS_LUN)) == 0;
}

/* From the controller as a whole a unit is two levels away (virtio 1.2 §5.6.6.1): 01h and its
 * target, then its LUN. */
static void write_lun(const struct scsi_unit *unit, bool is_root, uint8_t *out)
{
	uint8_t lun[8];

	scsi_lun_encode(unit->lun, lun);
	if (is_root) {
		out[0] = 1;
		out[1] = unit->target;
		memcpy(out + 2, lun, 6);
	} else {
		memcpy(out, lun, 8);
	}
}

void scsi_report_luns(const struct scsi_bus *bus, int target, struct scsi_command *c)
{
	const uint8_t select = c->cdb[2];
	uint8_t out[8 + (SCSI_UNITS_MAX + 1) * 8] = { 0 };
	unsigned bytes = 8;

	if (select > SELECT_ALL) {
		scsi_command_bad_field(c, 2, -1);
		return;
	}
	if (select != SELECT_UNITS) {
		memcpy(out + bytes, REPORT_LUNS_LUN, 8);
		bytes += 8;
	}
	for (unsigned i = 0; i < bus->unit_count && select != SELECT_WELL_KNOWN; i++) {
		if (target < 0 || bus->units[i]->target == target) {
			write_lun(bus->units[i], target < 0, out + bytes);
			bytes += 8;
		}
	}
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (target < 0 || bus->units[i]->target == target) {
			scsi_attention_forget(bus->units[i], SCSI_CODE_LUNS_CHANGED);
		}
	}
	store_be32(out, bytes - 8);
	scsi_command_answer(c, out, bytes, load_be32(c->cdb + 6));
}
