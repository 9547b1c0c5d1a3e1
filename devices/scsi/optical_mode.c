/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

/* Mode pages (MMC-6 §7, MMC-3 for the page of audio control). */
#define PAGE_CAPABILITIES 0x2au
#define PAGE_ALL	  0x3fu
#define SUBPAGE_ALL	  0xffu

#define MODE_LIST_MAX  256u
#define HEADER6_BYTES  4u
#define HEADER10_BYTES 8u
#define ANSWER_MAX     (HEADER10_BYTES + OPTICAL_MODE_BYTES)

/* A page as it is at power-on, with its code and length, and the bits that may be changed. */
struct page {
	uint8_t bytes; /* with code and length */
	uint8_t values[34];
	uint8_t changeable[34];
};

static const struct page PAGES[] = {
	/* Error recovery: errors that were mended are not told; five retries. */
	{ 12, { 0x01, 0x0a, 0, 5 }, { 0x01, 0x0a, 0x3f, 0xff } },
	/* CD device parameters (MMC-3): 60 seconds a minute, 75 frames a second. */
	{ 8, { 0x0d, 6, 0, 0x0d, 0, 60, 0, 75 }, { 0x0d, 6, 0, 0x0f } },
	/* CD audio control: channels 0 and 1 to ports 0 and 1, full volume. */
	{ 16,
	  { 0x0e, 14, 0x04, [8] = 0x01, 0xff, 0x02, 0xff },
	  { 0x0e, 14, 0x02, [8] = 0x0f, 0xff, 0x0f, 0xff, 0x0f, 0xff, 0x0f, 0xff } },
	/* Power condition: no timers. */
	{ 12, { 0x1a, 10 }, { 0x1a, 10 } },
	/* Fault reporting: none foreseen. */
	{ 12, { 0x1c, 10 }, { 0x1c, 10 } },
	/* Timeout and protect. */
	{ 10, { 0x1d, 8 }, { 0x1d, 8 } },
	/* Capabilities, for old systems: reads CD-R, CD-RW, method 2, DVD-ROM, DVD-R; mode 2 of
	 * both forms, sessions; audio sectors exactly, ISRC, catalog number; a tray that locks and
	 * ejects; 512 KiB of buffer. put_capabilities fills in speeds and the lock. */
	{ 32,
	  { PAGE_CAPABILITIES, 30, 0x1f, 0, 0x70, 0x63, 0x29, [12] = 0x02 },
	  { PAGE_CAPABILITIES, 30 } },
};

void optical_mode_reset(struct optical *o)
{
	uint8_t *at = o->mode;

	for (unsigned i = 0; i < ARRAY_SIZE(PAGES); i++) {
		memcpy(at, PAGES[i].values, PAGES[i].bytes);
		at += PAGES[i].bytes;
	}
}

_Static_assert(12 + 8 + 16 + 12 + 12 + 10 + 32 <= OPTICAL_MODE_BYTES, "the pages have room");

static uint8_t *current_of(struct optical *o, unsigned page)
{
	uint8_t *at = o->mode;

	for (unsigned i = 0; i < page; i++) {
		at += PAGES[i].bytes;
	}
	return at;
}

/* --- MODE SENSE --- */

enum page_control {
	CURRENT_VALUES,
	CHANGEABLE_VALUES,
	DEFAULT_VALUES,
	SAVED_VALUES,
};

static void put_capabilities(const struct optical *o, uint8_t *page)
{
	bool is_locked = o->is_prevented || o->is_prevented_persistently;

	page[6] |= is_locked ? 0x02 : 0;
	store_be16(page + 8, OPTICAL_SPEED_MAX_KBS);
	store_be16(page + 14, (uint16_t)o->speed_kbs);
}

static unsigned put_page(struct optical *o, unsigned page, enum page_control control, uint8_t *out)
{
	const struct page *p = &PAGES[page];

	switch (control) {
	case CHANGEABLE_VALUES:
		memcpy(out, p->changeable, p->bytes);
		return p->bytes;
	case DEFAULT_VALUES:
		memcpy(out, p->values, p->bytes);
		break;
	case CURRENT_VALUES:
	case SAVED_VALUES:
		memcpy(out, current_of(o, page), p->bytes);
		break;
	}
	if (out[0] == PAGE_CAPABILITIES) {
		put_capabilities(o, out);
	}
	return p->bytes;
}

/* The wanted pages, behind a header; how many bytes, or 0: there is no such page. */
static unsigned put_pages(struct optical *o, const uint8_t *cdb, uint8_t *out)
{
	unsigned wanted = cdb[2] & 0x3f;
	unsigned length = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(PAGES); i++) {
		if (wanted == PAGE_ALL || wanted == PAGES[i].values[0]) {
			length += put_page(o, i, cdb[2] >> 6, out + length);
		}
	}
	return length;
}

/* Whether what the CDB asks for is there; if not, has ended the command. */
static bool check_sense(struct scsi_command *c)
{
	if (c->cdb[2] >> 6 == SAVED_VALUES) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_SAVING_NOT_SUPPORTED);
		return false;
	}
	if (c->cdb[3] != 0 && !((c->cdb[2] & 0x3f) == PAGE_ALL && c->cdb[3] == SUBPAGE_ALL)) {
		scsi_command_bad_field(c, 3, -1);
		return false;
	}
	return true;
}

static void mode_sense(struct optical *o, struct scsi_command *c, unsigned header)
{
	uint8_t answer[ANSWER_MAX] = { 0 };
	unsigned length;

	if (!check_sense(c)) {
		return;
	}
	length = put_pages(o, c->cdb, answer + header);
	if (length == 0) {
		scsi_command_bad_field(c, 2, 5);
		return;
	}
	length += header;
	if (header == HEADER6_BYTES) {
		answer[0] = (uint8_t)(length - 1);
		scsi_command_answer(c, answer, length, c->cdb[4]);
	} else {
		store_be16(answer, (uint16_t)(length - 2));
		scsi_command_answer(c, answer, length, load_be16(c->cdb + 7));
	}
}

void optical_mode_sense6(struct optical *o, struct scsi_command *c)
{
	mode_sense(o, c, HEADER6_BYTES);
}

void optical_mode_sense10(struct optical *o, struct scsi_command *c)
{
	mode_sense(o, c, HEADER10_BYTES);
}

/* --- MODE SELECT --- */

static void fail_list(struct scsi_command *c, unsigned byte)
{
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
				    .code = SCSI_CODE_INVALID_FIELD_IN_LIST };

	scsi_sense_point(&sense, false, byte, -1);
	scsi_command_check(c, &sense, 0);
}

/* The first byte of `given` that changes what may not be changed; 0: none. */
static unsigned find_fault(const struct page *page, const uint8_t *current, const uint8_t *given)
{
	for (unsigned i = 2; i < page->bytes; i++) {
		if ((given[i] ^ current[i]) & ~page->changeable[i]) {
			return i;
		}
	}
	return 0;
}

/* Checks the page at the start of `list`, or takes its values over. Returns its bytes; 0: it is at
 * fault, in byte `fault`. */
static unsigned select_page(struct optical *o, const uint8_t *list, unsigned bytes, bool take,
			    unsigned *fault)
{
	*fault = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(PAGES); i++) {
		const struct page *p = &PAGES[i];
		uint8_t current[sizeof(p->values)];

		if ((list[0] & 0x7f) != p->values[0]) {
			continue;
		}
		*fault = 1;
		if (bytes < p->bytes || list[1] != p->bytes - 2) {
			return 0;
		}
		(void)put_page(o, i, CURRENT_VALUES, current);
		*fault = find_fault(p, current, list);
		if (*fault) {
			return 0;
		}
		if (take) {
			memcpy(current_of(o, i) + 2, list + 2, p->bytes - 2u);
		}
		return p->bytes;
	}
	return 0;
}

/* All pages are checked before any is taken over. */
static bool select_pages(struct optical *o, const uint8_t *list, unsigned start, unsigned length,
			 struct scsi_command *c)
{
	for (int take = 0; take < 2; take++) {
		for (unsigned at = start; at < length;) {
			unsigned fault;
			unsigned bytes = select_page(o, list + at, length - at, take, &fault);

			if (bytes == 0) {
				fail_list(c, at + fault);
				return false;
			}
			at += bytes;
		}
	}
	return true;
}

static void mode_select(struct optical *o, struct scsi_command *c, unsigned header, unsigned length)
{
	/* Bytes behind the end are read as zeros where a page is cut off. */
	uint8_t list[MODE_LIST_MAX + 2] = { 0 };
	unsigned descriptors;

	if (!(c->cdb[1] & 0x10)) { /* PF: pages as in the standard */
		scsi_command_bad_field(c, 1, 4);
		return;
	}
	if (c->cdb[1] & 0x01) { /* SP: nothing is saved */
		scsi_command_bad_field(c, 1, 0);
		return;
	}
	if (length > MODE_LIST_MAX || (length > 0 && length < header)) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_PARAMETER_LIST_LENGTH);
		return;
	}
	if (!scsi_command_take(c, list, length)) {
		return;
	}
	descriptors = header == HEADER6_BYTES ? list[3] : load_be16(list + 6);
	if (length > 0 && descriptors > length - header) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_PARAMETER_LIST_LENGTH);
	} else if (select_pages(o, list, header + descriptors, length, c)) {
		scsi_command_end(c, SCSI_GOOD, length);
	}
}

void optical_mode_select6(struct optical *o, struct scsi_command *c)
{
	mode_select(o, c, HEADER6_BYTES, c->cdb[4]);
}

void optical_mode_select10(struct optical *o, struct scsi_command *c)
{
	mode_select(o, c, HEADER10_BYTES, load_be16(c->cdb + 7));
}
