/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_allow.h"

#include <string.h>

#include "devices/scsi/disc_sector.h"
#include "devices/scsi/scsi.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* How long the host waits for the drive: it spins up for the first read of a disc, and what a disc
 * is erased or formatted by can take more than an hour. */
#define TIMEOUT_QUICK_MS 10000u
#define TIMEOUT_READ_MS	 30000u
#define TIMEOUT_TRAY_MS	 60000u
#define TIMEOUT_WRITE_MS 60000u
#define TIMEOUT_LONG_MS	 7200000u

/* Where a command says how much it moves. */
enum extent {
	EXTENT_NONE,
	EXTENT_CAPACITY,     /* eight bytes in */
	EXTENT_ALLOCATION16, /* in, at most the number at `at`, of two bytes */
	EXTENT_MODE_SENSE6,
	EXTENT_PERFORMANCE, /* in: descriptors of 16 bytes, their number at `at` */
	EXTENT_LIST16,	    /* out: a parameter list of so many bytes */
	EXTENT_LIST24,
	EXTENT_FORMAT, /* out: the one list of FORMAT UNIT, if the CDB says so */
	EXTENT_READ,   /* in: blocks of 2048 bytes, their number at `at` */
	EXTENT_READ_CD,
	EXTENT_READ_CD_MSF,
	EXTENT_WRITE, /* out: blocks of the size that the disc is written in */
};

struct entry {
	uint8_t code;
	enum extent extent;
	uint8_t at;
	bool writes;
	uint32_t timeout_ms;
	/* Looks at other fields; NULL: any are fine. */
	enum host_verdict (*check)(struct host_plan *plan);
};

/* --- fields that are not for guests --- */

static enum host_verdict bad_field(struct host_plan *plan, unsigned byte, int bit)
{
	plan->bad_byte = byte;
	plan->bad_bit = bit;
	return HOST_BAD_FIELD;
}

#define POWER_SLEEP 5u

/* A drive that sleeps hears nothing but a reset, which the guest cannot give. */
static enum host_verdict check_start_stop(struct host_plan *plan)
{
	return plan->cdb[4] >> 4 < POWER_SLEEP ? HOST_PASS : bad_field(plan, 4, 7);
}

/* An event that the drive waits with would hold up all other commands. */
static enum host_verdict check_event_status(struct host_plan *plan)
{
	return plan->cdb[1] & 0x01 ? HOST_PASS : bad_field(plan, 1, 0);
}

/* BYTCHK: the guest sends what to compare with. */
static enum host_verdict check_verify(struct host_plan *plan)
{
	return plan->cdb[1] & 0x02 ? bad_field(plan, 1, 1) : HOST_PASS;
}

/* Of the others the descriptors have other sizes. */
static enum host_verdict check_performance(struct host_plan *plan)
{
	const uint8_t type = plan->cdb[10];

	return type == 0 || type == 3 ? HOST_PASS : bad_field(plan, 10, -1);
}

/* Key formats (MMC-6 §6.28.2.5, §6.34). */
#define KEY_CLASS_DVD	    0u
#define KEY_AGID	    0x00u
#define KEY_CHALLENGE	    0x01u
#define KEY_BUS		    0x02u
#define KEY_BUS_HOST	    0x03u
#define KEY_TITLE	    0x04u
#define KEY_AUTHENTICATED   0x05u
#define KEY_REGION	    0x08u
#define KEY_INVALIDATE_AGID 0x3fu

static enum host_verdict check_key(struct host_plan *plan, uint64_t formats)
{
	if (plan->cdb[7] != KEY_CLASS_DVD) {
		return bad_field(plan, 7, -1);
	}
	return formats >> (plan->cdb[10] & 0x3f) & 1 ? HOST_PASS : bad_field(plan, 10, 5);
}

static enum host_verdict check_report_key(struct host_plan *plan)
{
	return check_key(plan, UINT64_C(1) << KEY_AGID | UINT64_C(1) << KEY_CHALLENGE |
				       UINT64_C(1) << KEY_BUS | UINT64_C(1) << KEY_TITLE |
				       UINT64_C(1) << KEY_AUTHENTICATED |
				       UINT64_C(1) << KEY_REGION |
				       UINT64_C(1) << KEY_INVALIDATE_AGID);
}

/* Not the region (06h): a drive lets it be set five times in its life. */
static enum host_verdict check_send_key(struct host_plan *plan)
{
	return check_key(plan, UINT64_C(1) << KEY_CHALLENGE | UINT64_C(1) << KEY_BUS_HOST |
				       UINT64_C(1) << KEY_INVALIDATE_AGID);
}

/* What is no BLANK could be an ATA command for the drive's bridge, which has the same code. */
static enum host_verdict check_blank(struct host_plan *plan)
{
	if (plan->cdb[1] & ~0x17) {
		return bad_field(plan, 1, -1);
	}
	for (unsigned i = 6; i < HOST_CDB_MAX; i++) {
		if (plan->cdb[i] != 0) {
			return bad_field(plan, i, -1);
		}
	}
	return HOST_PASS;
}

/* Without a table of the guest's own. */
static enum host_verdict check_power_calibration(struct host_plan *plan)
{
	return load_be16(plan->cdb + 7) == 0 ? HOST_PASS : bad_field(plan, 7, -1);
}

/* SP: the drive would keep it for ever. */
static enum host_verdict check_mode_select(struct host_plan *plan)
{
	return plan->cdb[1] & 0x01 ? bad_field(plan, 1, 0) : HOST_PASS;
}

/* --- the table --- */

/* By code. Left out though harmless: what plays sound by the drive's own jack, which the guest's
 * user would not hear. */
static const struct entry ENTRIES[] = {
	/* TEST UNIT READY (SPC-4 §6.47, MMC-6 §6.42) */
	{ 0x00, EXTENT_NONE, 0, false, TIMEOUT_QUICK_MS, NULL },
	/* FORMAT UNIT (MMC-6 §6.4) */
	{ 0x04, EXTENT_FORMAT, 0, true, TIMEOUT_LONG_MS, NULL },
	/* INQUIRY (SPC-4 §6.6) */
	{ 0x12, EXTENT_ALLOCATION16, 3, false, TIMEOUT_QUICK_MS, NULL },
	/* MODE SENSE(6) (SPC-4 §6.11) */
	{ 0x1a, EXTENT_MODE_SENSE6, 4, false, TIMEOUT_QUICK_MS, NULL },
	/* START STOP UNIT (MMC-6 §6.40) */
	{ 0x1b, EXTENT_NONE, 0, false, TIMEOUT_TRAY_MS, check_start_stop },
	/* PREVENT ALLOW MEDIUM REMOVAL (MMC-6 §6.13) */
	{ 0x1e, EXTENT_NONE, 0, false, TIMEOUT_QUICK_MS, NULL },
	/* READ FORMAT CAPACITIES (MMC-6 §6.23) */
	{ 0x23, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* READ CAPACITY (MMC-6 §6.18) */
	{ 0x25, EXTENT_CAPACITY, 0, false, TIMEOUT_READ_MS, NULL },
	/* READ(10) (MMC-6 §6.14) */
	{ 0x28, EXTENT_READ, 7, false, TIMEOUT_READ_MS, NULL },
	/* WRITE(10) (MMC-6 §6.44) */
	{ 0x2a, EXTENT_WRITE, 7, true, TIMEOUT_WRITE_MS, NULL },
	/* SEEK(10) (MMC-6 §6.32) */
	{ 0x2b, EXTENT_NONE, 0, false, TIMEOUT_READ_MS, NULL },
	/* WRITE AND VERIFY(10) (MMC-6 §6.46) */
	{ 0x2e, EXTENT_WRITE, 7, true, TIMEOUT_WRITE_MS, NULL },
	/* VERIFY(10) (MMC-6 §6.43) */
	{ 0x2f, EXTENT_NONE, 0, false, TIMEOUT_LONG_MS, check_verify },
	/* SYNCHRONIZE CACHE (MMC-6 §6.41) */
	{ 0x35, EXTENT_NONE, 0, true, TIMEOUT_LONG_MS, NULL },
	/* READ SUB-CHANNEL (MMC-3 §6.1.21) */
	{ 0x42, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* READ TOC/PMA/ATIP (MMC-6 §6.25) */
	{ 0x43, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* READ HEADER (MMC-2 §6.1.19) */
	{ 0x44, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* GET CONFIGURATION (MMC-6 §6.5) */
	{ 0x46, EXTENT_ALLOCATION16, 7, false, TIMEOUT_QUICK_MS, NULL },
	/* GET EVENT STATUS NOTIFICATION (MMC-6 §6.6) */
	{ 0x4a, EXTENT_ALLOCATION16, 7, false, TIMEOUT_QUICK_MS, check_event_status },
	/* READ DISC INFORMATION (MMC-6 §6.21) */
	{ 0x51, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* READ TRACK INFORMATION (MMC-6 §6.26) */
	{ 0x52, EXTENT_ALLOCATION16, 7, false, TIMEOUT_READ_MS, NULL },
	/* RESERVE TRACK (MMC-6 §6.30) */
	{ 0x53, EXTENT_NONE, 0, true, TIMEOUT_WRITE_MS, NULL },
	/* SEND OPC INFORMATION (MMC-6 §6.36) */
	{ 0x54, EXTENT_NONE, 0, true, TIMEOUT_WRITE_MS, check_power_calibration },
	/* MODE SELECT(10) (SPC-4 §6.10): one page, see host_allow_list */
	{ 0x55, EXTENT_LIST16, 7, true, TIMEOUT_QUICK_MS, check_mode_select },
	/* REPAIR TRACK (MMC-6 §6.27) */
	{ 0x58, EXTENT_NONE, 0, true, TIMEOUT_WRITE_MS, NULL },
	/* MODE SENSE(10) (SPC-4 §6.12, MMC-6 §6.12) */
	{ 0x5a, EXTENT_ALLOCATION16, 7, false, TIMEOUT_QUICK_MS, NULL },
	/* CLOSE TRACK SESSION (MMC-6 §6.3) */
	{ 0x5b, EXTENT_NONE, 0, true, TIMEOUT_LONG_MS, NULL },
	/* READ BUFFER CAPACITY (MMC-6 §6.17) */
	{ 0x5c, EXTENT_ALLOCATION16, 7, false, TIMEOUT_QUICK_MS, NULL },
	/* SEND CUE SHEET (MMC-6 §6.33) */
	{ 0x5d, EXTENT_LIST24, 6, true, TIMEOUT_WRITE_MS, NULL },
	/* BLANK (MMC-6 §6.2) */
	{ 0xa1, EXTENT_NONE, 0, true, TIMEOUT_LONG_MS, check_blank },
	/* SEND KEY (MMC-6 §6.35) */
	{ 0xa3, EXTENT_LIST16, 8, false, TIMEOUT_READ_MS, check_send_key },
	/* REPORT KEY (MMC-6 §6.28) */
	{ 0xa4, EXTENT_ALLOCATION16, 8, false, TIMEOUT_READ_MS, check_report_key },
	/* SET READ AHEAD (MMC-6 §6.38) */
	{ 0xa7, EXTENT_NONE, 0, false, TIMEOUT_QUICK_MS, NULL },
	/* READ(12) (MMC-6 §6.15) */
	{ 0xa8, EXTENT_READ, 6, false, TIMEOUT_READ_MS, NULL },
	/* WRITE(12) (MMC-6 §6.45) */
	{ 0xaa, EXTENT_WRITE, 6, true, TIMEOUT_WRITE_MS, NULL },
	/* GET PERFORMANCE (MMC-6 §6.7) */
	{ 0xac, EXTENT_PERFORMANCE, 8, false, TIMEOUT_READ_MS, check_performance },
	/* READ DISC STRUCTURE (MMC-6 §6.22) */
	{ 0xad, EXTENT_ALLOCATION16, 8, false, TIMEOUT_READ_MS, NULL },
	/* SET STREAMING (MMC-6 §6.39) */
	{ 0xb6, EXTENT_LIST16, 9, false, TIMEOUT_QUICK_MS, NULL },
	/* READ CD MSF (MMC-6 §6.20) */
	{ 0xb9, EXTENT_READ_CD_MSF, 0, false, TIMEOUT_READ_MS, NULL },
	/* SET CD SPEED (MMC-6 §6.37) */
	{ 0xbb, EXTENT_NONE, 0, false, TIMEOUT_QUICK_MS, NULL },
	/* MECHANISM STATUS (MMC-6 §6.10) */
	{ 0xbd, EXTENT_ALLOCATION16, 8, false, TIMEOUT_QUICK_MS, NULL },
	/* READ CD (MMC-6 §6.19) */
	{ 0xbe, EXTENT_READ_CD, 6, false, TIMEOUT_READ_MS, NULL },
	/* SEND DISC STRUCTURE (MMC-6 §6.34) */
	{ 0xbf, EXTENT_LIST16, 8, true, TIMEOUT_WRITE_MS, NULL },
};

static const struct entry *find_entry(uint8_t code)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ENTRIES); i++) {
		if (ENTRIES[i].code == code) {
			return &ENTRIES[i];
		}
	}
	return NULL;
}

/* --- how much --- */

/* A request, while it is looked at. */
struct request {
	const struct entry *entry;
	const struct host_limits *limits;
	uint64_t in_room, out_room;
};

/* So much of an answer as fits, and no more is asked for. */
static uint32_t answer_bytes(const struct request *r, uint64_t wanted)
{
	const uint64_t most = MIN(r->limits->transfer_bytes, HOST_ANSWER_MAX);

	return (uint32_t)MIN(wanted, MIN(r->in_room, most));
}

static enum host_verdict plan_answer(struct host_plan *plan, uint32_t bytes)
{
	plan->direction = bytes > 0 ? HOST_IN : HOST_NO_DATA;
	plan->bytes = bytes;
	return HOST_PASS;
}

static enum host_verdict plan_capacity(struct host_plan *plan, const struct request *r)
{
	return r->in_room < 8 ? HOST_LITTLE_ROOM : plan_answer(plan, 8);
}

static enum host_verdict plan_allocation16(struct host_plan *plan, const struct request *r)
{
	uint8_t *length = plan->cdb + r->entry->at;
	const uint32_t bytes = answer_bytes(r, load_be16(length));

	store_be16(length, (uint16_t)bytes);
	return plan_answer(plan, bytes);
}

#define MODE_SENSE10	   0x5au
#define MODE_SENSE10_BYTES 10u

/* The other fields are where those of MODE SENSE(10) are (SPC-4 §6.11, §6.12). */
static enum host_verdict plan_mode_sense6(struct host_plan *plan, const struct request *r)
{
	const uint8_t control = plan->cdb[5];
	const uint32_t room = answer_bytes(r, plan->cdb[4]);
	const uint32_t bytes = room > 0 ? room + HOST_MODE_HEADERS_DIFFER : 0;

	plan->is_mode_sense6 = true;
	plan->cdb[0] = MODE_SENSE10;
	plan->cdb_bytes = MODE_SENSE10_BYTES;
	memset(plan->cdb + 4, 0, MODE_SENSE10_BYTES - 4);
	store_be16(plan->cdb + 7, (uint16_t)bytes);
	plan->cdb[9] = control;
	return plan_answer(plan, bytes);
}

#define PERFORMANCE_HEADER     8u
#define PERFORMANCE_DESCRIPTOR 16u

static enum host_verdict plan_performance(struct host_plan *plan, const struct request *r)
{
	uint8_t *number = plan->cdb + r->entry->at;
	const uint32_t bytes = answer_bytes(r, PERFORMANCE_HEADER + (uint64_t)load_be16(number) *
									    PERFORMANCE_DESCRIPTOR);

	if (bytes < PERFORMANCE_HEADER) {
		return HOST_LITTLE_ROOM;
	}
	store_be16(number, (uint16_t)((bytes - PERFORMANCE_HEADER) / PERFORMANCE_DESCRIPTOR));
	return plan_answer(plan, bytes);
}

static enum host_verdict plan_list(struct host_plan *plan, const struct request *r, uint64_t bytes)
{
	if (bytes > MIN(r->limits->transfer_bytes, HOST_LIST_MAX)) {
		return bad_field(plan, r->entry->at, -1);
	}
	if (bytes > r->out_room) {
		return HOST_LITTLE_ROOM;
	}
	plan->direction = bytes > 0 ? HOST_OUT : HOST_NO_DATA;
	plan->bytes = (uint32_t)bytes;
	return HOST_PASS;
}

#define FORMAT_HAS_LIST	  0x10u
#define FORMAT_LIST_BYTES 12u

/* --- sectors --- */

static enum host_verdict plan_sectors(struct host_plan *plan, const struct request *r,
				      enum host_direction direction, uint32_t blocks,
				      uint32_t block_bytes)
{
	const uint64_t bytes = (uint64_t)blocks * block_bytes;
	uint32_t step = r->limits->transfer_bytes / MAX(block_bytes, 1u);

	if (bytes > UINT32_MAX) {
		return HOST_LITTLE_ROOM;
	}
	/* Whole blocks of a DVD's error correction. */
	step -= step >= 16 ? step % 16 : 0;
	plan->direction = bytes > 0 ? direction : HOST_NO_DATA;
	plan->is_direct = true;
	plan->bytes = (uint32_t)bytes;
	plan->block_bytes = block_bytes;
	plan->blocks = blocks;
	plan->blocks_per_step = bytes <= r->limits->transfer_bytes ? blocks : step;
	return HOST_PASS;
}

/* The number of blocks of READ(10), (12) and WRITE(10), (12). */
static uint32_t block_number(const struct host_plan *plan, uint8_t at)
{
	return plan->cdb_bytes == 10 ? load_be16(plan->cdb + at) : load_be32(plan->cdb + at);
}

static enum host_verdict plan_read(struct host_plan *plan, const struct request *r)
{
	const uint32_t blocks = block_number(plan, r->entry->at);

	if ((uint64_t)blocks * DISC_DATA_BYTES > r->in_room) {
		return HOST_LITTLE_ROOM;
	}
	return plan_sectors(plan, r, HOST_IN, blocks, DISC_DATA_BYTES);
}

/* A sector that is written has 2048 bytes, or up to all and a sub-channel (MMC-6 §7.5.4.8). */
#define WRITTEN_MAX 2448u

static enum host_verdict plan_write(struct host_plan *plan, const struct request *r)
{
	const uint32_t blocks = block_number(plan, r->entry->at);
	const uint64_t size = blocks ? r->out_room / blocks : 0;

	if (blocks == 0) {
		return HOST_PASS;
	}
	if (size < DISC_DATA_BYTES || size > WRITTEN_MAX || r->out_room % blocks != 0) {
		return HOST_LITTLE_ROOM;
	}
	return plan_sectors(plan, r, HOST_OUT, blocks, (uint32_t)size);
}

/* What READ CD returns of a sector (MMC-6 §6.19.2): the most of it, as sectors of unknown kind
 * differ. Negative: fields that cannot be. */
static int cd_sector_bytes(struct host_plan *plan, bool *is_exact)
{
	static const uint16_t FLAGS[] = { 0, 294, 296 };
	static const int16_t SUBCHANNELS[8] = { 0, 96, 16, -1, 96, -1, -1, -1 };
	const unsigned form = plan->cdb[1] >> 2 & 7;
	const uint8_t fields = plan->cdb[9] & DISC_FIELDS_ALL;
	const unsigned flags = plan->cdb[9] >> 1 & 3;
	const int subchannel = SUBCHANNELS[plan->cdb[10] & 7];
	int bytes = fields ? (int)DISC_RAW_BYTES : 0;

	*is_exact = form != DISC_FORM_ANY || fields == 0 || fields == DISC_FIELDS_ALL;
	if (form > DISC_FORM_XA2) {
		(void)bad_field(plan, 1, 4);
		return -1;
	}
	if (form != DISC_FORM_ANY) {
		bytes = disc_form_bytes((enum disc_form)form, fields);
	}
	if (bytes < 0 || flags >= ARRAY_SIZE(FLAGS)) {
		(void)bad_field(plan, 9, -1);
		return -1;
	}
	if (subchannel < 0) {
		(void)bad_field(plan, 10, 2);
		return -1;
	}
	return bytes + FLAGS[flags] + subchannel;
}

/* `at`: the field that says how much is too much; `can_split`: the CDB has an LBA. */
static enum host_verdict plan_cd(struct host_plan *plan, const struct request *r, uint32_t blocks,
				 unsigned at, bool can_split)
{
	bool is_exact;
	const int most = cd_sector_bytes(plan, &is_exact);
	uint64_t bytes;

	if (most < 0) {
		return HOST_BAD_FIELD;
	}
	bytes = (uint64_t)blocks * (unsigned)most;
	if (bytes == 0) {
		return HOST_PASS;
	}
	if (is_exact && bytes > r->in_room) {
		return HOST_LITTLE_ROOM;
	}
	/* What a guest gives room for is what it knows of the sectors' kind. */
	bytes = MIN(bytes, r->in_room);
	if (bytes > r->limits->transfer_bytes) {
		if (!can_split || bytes % blocks != 0) {
			return bad_field(plan, at, -1);
		}
		return plan_sectors(plan, r, HOST_IN, blocks, (uint32_t)(bytes / blocks));
	}
	plan->is_direct = true;
	plan->bytes = (uint32_t)bytes;
	plan->direction = bytes > 0 ? HOST_IN : HOST_NO_DATA;
	return HOST_PASS;
}

#define FRAMES_PER_SECOND 75u

static uint32_t frames_of(const uint8_t *msf)
{
	return (msf[0] * 60u + msf[1]) * FRAMES_PER_SECOND + msf[2];
}

static enum host_verdict plan_cd_msf(struct host_plan *plan, const struct request *r)
{
	const uint32_t start = frames_of(plan->cdb + 3);
	const uint32_t end = frames_of(plan->cdb + 6);

	return end < start ? bad_field(plan, 6, -1) : plan_cd(plan, r, end - start, 6, false);
}

static enum host_verdict plan_extent(struct host_plan *plan, const struct request *r)
{
	const uint8_t *at = plan->cdb + r->entry->at;

	switch (r->entry->extent) {
	case EXTENT_NONE:
		return HOST_PASS;
	case EXTENT_CAPACITY:
		return plan_capacity(plan, r);
	case EXTENT_ALLOCATION16:
		return plan_allocation16(plan, r);
	case EXTENT_MODE_SENSE6:
		return plan_mode_sense6(plan, r);
	case EXTENT_PERFORMANCE:
		return plan_performance(plan, r);
	case EXTENT_LIST16:
		return plan_list(plan, r, load_be16(at));
	case EXTENT_LIST24:
		return plan_list(plan, r, load_be24(at));
	case EXTENT_FORMAT:
		return plan_list(plan, r, plan->cdb[1] & FORMAT_HAS_LIST ? FORMAT_LIST_BYTES : 0);
	case EXTENT_READ:
		return plan_read(plan, r);
	case EXTENT_READ_CD:
		return plan_cd(plan, r, load_be24(at), r->entry->at, true);
	case EXTENT_READ_CD_MSF:
		return plan_cd_msf(plan, r);
	case EXTENT_WRITE:
		return plan_write(plan, r);
	}
	return HOST_UNKNOWN;
}

enum host_verdict host_allow(const uint8_t *cdb, size_t in_room, size_t out_room,
			     const struct host_limits *limits, struct host_plan *plan)
{
	const struct request r = { find_entry(cdb[0]), limits, in_room, out_room };
	enum host_verdict verdict;

	*plan = (struct host_plan){ .bad_bit = -1 };
	if (!r.entry || (r.entry->writes && !limits->can_write)) {
		return HOST_UNKNOWN;
	}
	plan->cdb_bytes = scsi_cdb_bytes(cdb[0]);
	memcpy(plan->cdb, cdb, plan->cdb_bytes);
	plan->timeout_ms = r.entry->timeout_ms;
	verdict = r.entry->check ? r.entry->check(plan) : HOST_PASS;
	return verdict == HOST_PASS ? plan_extent(plan, &r) : verdict;
}

/* --- long transfers --- */

uint32_t host_plan_steps(const struct host_plan *plan)
{
	if (plan->blocks_per_step == 0) {
		return 1;
	}
	return plan->blocks / plan->blocks_per_step + (plan->blocks % plan->blocks_per_step != 0);
}

/* Where the CDB has its number of blocks; all have the address of the first at byte 2. */
static void store_blocks(uint8_t *cdb, uint32_t blocks)
{
	const struct entry *entry = find_entry(cdb[0]);

	if (entry->extent == EXTENT_READ_CD) {
		store_be24(cdb + entry->at, blocks);
	} else if (scsi_cdb_bytes(cdb[0]) == 10) {
		store_be16(cdb + entry->at, (uint16_t)blocks);
	} else {
		store_be32(cdb + entry->at, blocks);
	}
}

uint32_t host_plan_step(const struct host_plan *plan, uint32_t step, uint8_t *cdb)
{
	uint32_t first;
	uint32_t blocks;

	memcpy(cdb, plan->cdb, HOST_CDB_MAX);
	if (host_plan_steps(plan) == 1) {
		return plan->bytes;
	}
	first = step * plan->blocks_per_step;
	blocks = MIN(plan->blocks - first, plan->blocks_per_step);
	store_be32(cdb + 2, load_be32(cdb + 2) + first);
	store_blocks(cdb, blocks);
	return blocks * plan->block_bytes;
}
