/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ */
#include "devices/scsi/host_allow.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

TestSuite(host_allow, .timeout = 20);

#define ROOM 65536u

static const struct host_limits READER = { 131072, false };
static const struct host_limits WRITER = { 131072, true };

/* One CDB, what of it is let through, and how much it moves. */
struct row {
	const char *name;
	uint8_t cdb[HOST_CDB_MAX];
	uint32_t in, out;
	bool needs_write;
	enum host_verdict verdict;
	enum host_direction direction;
	uint32_t bytes;
	bool is_direct;
};

static struct row ROWS[] = {
	{ .name = "TEST UNIT READY" },
	{ .name = "INQUIRY",
	  .cdb = { 0x12, 0, 0, 0, 96 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 96 },
	{ .name = "INQUIRY of less room",
	  .cdb = { 0x12, 0, 0, 0, 96 },
	  .in = 36,
	  .direction = HOST_IN,
	  .bytes = 36 },
	{ .name = "MODE SENSE(6)",
	  .cdb = { 0x1a, 0, 0x2a, 0, 128 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 132 },
	{ .name = "MODE SENSE(6) of nothing", .cdb = { 0x1a, 0, 0x2a } },
	{ .name = "START STOP UNIT", .cdb = { 0x1b, 0, 0, 0, 2 } },
	{ .name = "START STOP UNIT, sleep",
	  .cdb = { 0x1b, 0, 0, 0, 0x50 },
	  .verdict = HOST_BAD_FIELD },
	{ .name = "PREVENT ALLOW", .cdb = { 0x1e, 0, 0, 0, 1 } },
	{ .name = "READ CAPACITY", .cdb = { 0x25 }, .in = 8, .direction = HOST_IN, .bytes = 8 },
	{ .name = "READ CAPACITY without room",
	  .cdb = { 0x25 },
	  .in = 7,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "READ(10)",
	  .cdb = { 0x28, 0, 0, 0, 0, 1, 0, 0, 2 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 4096,
	  .is_direct = true },
	{ .name = "READ(10) without room",
	  .cdb = { 0x28, 0, 0, 0, 0, 1, 0, 0, 2 },
	  .in = 4095,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "READ(10) of data to the drive",
	  .cdb = { 0x28, 0, 0, 0, 0, 1, 0, 0, 2 },
	  .out = ROOM,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "READ(12) of nothing", .cdb = { 0xa8 }, .in = ROOM, .is_direct = true },
	{ .name = "READ(12) of 8 TiB",
	  .cdb = { 0xa8, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
	  .in = ROOM,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "VERIFY(10)", .cdb = { 0x2f, 0, 0, 0, 0, 1, 0, 0, 2 } },
	{ .name = "VERIFY(10) with data",
	  .cdb = { 0x2f, 2, 0, 0, 0, 1, 0, 0, 2 },
	  .out = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "GET EVENT STATUS",
	  .cdb = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 8 },
	{ .name = "GET EVENT STATUS that waits",
	  .cdb = { 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "GET PERFORMANCE",
	  .cdb = { 0xac, 0, 0, 0, 0, 0, 0, 0, 0, 2 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 40 },
	{ .name = "GET PERFORMANCE of defects",
	  .cdb = { 0xac, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "SET STREAMING",
	  .cdb = { 0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28 },
	  .out = 28,
	  .direction = HOST_OUT,
	  .bytes = 28 },
	{ .name = "SET STREAMING without data",
	  .cdb = { 0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28 },
	  .out = 27,
	  .verdict = HOST_LITTLE_ROOM },
	/* READ CD: any sector's data; audio with error flags and raw sub-channel. */
	{ .name = "READ CD, data",
	  .cdb = { 0xbe, 0, 0, 0, 0, 1, 0, 0, 2, 0x10 },
	  .in = 4096,
	  .direction = HOST_IN,
	  .bytes = 4096,
	  .is_direct = true },
	{ .name = "READ CD, all of audio",
	  .cdb = { 0xbe, 4, 0, 0, 0, 1, 0, 0, 1, 0xfa, 1 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 2352 + 294 + 96,
	  .is_direct = true },
	{ .name = "READ CD, audio without room",
	  .cdb = { 0xbe, 4, 0, 0, 0, 1, 0, 0, 1, 0x10 },
	  .in = 2351,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "READ CD, no such kind",
	  .cdb = { 0xbe, 0x18, 0, 0, 0, 1, 0, 0, 1, 0x10 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "READ CD, no such flags",
	  .cdb = { 0xbe, 0, 0, 0, 0, 1, 0, 0, 1, 0x16 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "READ CD, no such sub-channel",
	  .cdb = { 0xbe, 0, 0, 0, 0, 1, 0, 0, 1, 0x10, 3 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "READ CD MSF",
	  .cdb = { 0xb9, 4, 0, 0, 2, 0, 0, 2, 10, 0xf8 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 23520,
	  .is_direct = true },
	{ .name = "READ CD MSF backwards",
	  .cdb = { 0xb9, 4, 0, 0, 2, 1, 0, 2, 0, 0xf8 },
	  .in = ROOM,
	  .verdict = HOST_BAD_FIELD },
	/* Keys: the state of the region, and the exchange of CSS. */
	{ .name = "REPORT KEY, region",
	  .cdb = { 0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 8, 8 },
	  .in = 8,
	  .direction = HOST_IN,
	  .bytes = 8 },
	{ .name = "REPORT KEY, AGID",
	  .cdb = { 0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0xc0 },
	  .in = 8,
	  .direction = HOST_IN,
	  .bytes = 8 },
	{ .name = "REPORT KEY, another class",
	  .cdb = { 0xa4, 0, 0, 0, 0, 0, 0, 2, 0, 8, 0 },
	  .in = 8,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "REPORT KEY, CPRM",
	  .cdb = { 0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x11 },
	  .in = 8,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "SEND KEY, challenge",
	  .cdb = { 0xa3, 0, 0, 0, 0, 0, 0, 0, 0, 16, 1 },
	  .out = 16,
	  .direction = HOST_OUT,
	  .bytes = 16 },
	{ .name = "SEND KEY, region",
	  .cdb = { 0xa3, 0, 0, 0, 0, 0, 0, 0, 0, 8, 6 },
	  .out = 8,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "READ DISC STRUCTURE",
	  .cdb = { 0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4 },
	  .in = ROOM,
	  .direction = HOST_IN,
	  .bytes = 2052 },
	/* Writing. */
	{ .name = "WRITE(10)",
	  .cdb = { 0x2a, 0, 0, 0, 0, 1, 0, 0, 2 },
	  .out = 4096,
	  .needs_write = true,
	  .direction = HOST_OUT,
	  .bytes = 4096,
	  .is_direct = true },
	{ .name = "WRITE(12) of raw sectors",
	  .cdb = { 0xaa, 0, 0, 0, 0, 1, 0, 0, 0, 2 },
	  .out = 4704,
	  .needs_write = true,
	  .direction = HOST_OUT,
	  .bytes = 4704,
	  .is_direct = true },
	{ .name = "WRITE(10) of odd sectors",
	  .cdb = { 0x2a, 0, 0, 0, 0, 1, 0, 0, 2 },
	  .out = 4097,
	  .needs_write = true,
	  .verdict = HOST_LITTLE_ROOM },
	{ .name = "FORMAT UNIT",
	  .cdb = { 0x04, 0x11 },
	  .out = 12,
	  .needs_write = true,
	  .direction = HOST_OUT,
	  .bytes = 12 },
	{ .name = "BLANK", .cdb = { 0xa1, 0x11 }, .needs_write = true },
	{ .name = "ATA PASS-THROUGH(12)",
	  .cdb = { 0xa1, 0x08, 0x0e, 0, 1, 0, 0, 0, 0, 0xec },
	  .in = 512,
	  .needs_write = true,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "MODE SELECT(10)",
	  .cdb = { 0x55, 0x10, 0, 0, 0, 0, 0, 0, 60 },
	  .out = 60,
	  .needs_write = true,
	  .direction = HOST_OUT,
	  .bytes = 60 },
	{ .name = "MODE SELECT(10), to be saved",
	  .cdb = { 0x55, 0x11, 0, 0, 0, 0, 0, 0, 60 },
	  .out = 60,
	  .needs_write = true,
	  .verdict = HOST_BAD_FIELD },
	{ .name = "SEND CUE SHEET",
	  .cdb = { 0x5d, 0, 0, 0, 0, 0, 0, 0, 32 },
	  .out = 32,
	  .needs_write = true,
	  .direction = HOST_OUT,
	  .bytes = 32 },
	{ .name = "SEND CUE SHEET, long",
	  .cdb = { 0x5d, 0, 0, 0, 0, 0, 1 },
	  .out = 65536,
	  .needs_write = true,
	  .verdict = HOST_BAD_FIELD },
	/* Never. */
	{ .name = "READ(6)", .cdb = { 0x08, 0, 0, 0, 1 }, .in = ROOM, .verdict = HOST_UNKNOWN },
	{ .name = "MODE SELECT(6)",
	  .cdb = { 0x15, 0x10, 0, 0, 12 },
	  .out = 12,
	  .verdict = HOST_UNKNOWN },
	{ .name = "WRITE BUFFER", .cdb = { 0x3b, 5 }, .out = ROOM, .verdict = HOST_UNKNOWN },
	{ .name = "READ BUFFER", .cdb = { 0x3c, 2 }, .in = ROOM, .verdict = HOST_UNKNOWN },
	{ .name = "LOG SELECT", .cdb = { 0x4c }, .verdict = HOST_UNKNOWN },
	{ .name = "PERSISTENT RESERVE OUT", .cdb = { 0x5f }, .verdict = HOST_UNKNOWN },
	{ .name = "variable length", .cdb = { 0x7f }, .verdict = HOST_UNKNOWN },
	{ .name = "ATA PASS-THROUGH(16)", .cdb = { 0x85 }, .verdict = HOST_UNKNOWN },
	{ .name = "SECURITY PROTOCOL OUT", .cdb = { 0xb5 }, .verdict = HOST_UNKNOWN },
	{ .name = "vendor's", .cdb = { 0xd8 }, .in = ROOM, .verdict = HOST_UNKNOWN },
	{ .name = "vendor's last", .cdb = { 0xff }, .verdict = HOST_UNKNOWN },
};

ParameterizedTestParameters(host_allow, rows)
{
	return cr_make_param_array(struct row, ROWS, ARRAY_SIZE(ROWS));
}

ParameterizedTest(struct row *row, host_allow, rows)
{
	struct host_plan plan;

	if (row->needs_write) {
		cr_expect(eq(int, (int)host_allow(row->cdb, row->in, row->out, &READER, &plan),
			     (int)HOST_UNKNOWN),
			  "%s for readers", row->name);
	}
	cr_assert(eq(int, (int)host_allow(row->cdb, row->in, row->out, &WRITER, &plan),
		     (int)row->verdict),
		  "%s", row->name);
	if (row->verdict == HOST_PASS) {
		cr_expect(eq(int, (int)plan.direction, (int)row->direction), "%s", row->name);
		cr_expect(eq(u32, plan.bytes, row->bytes), "%s", row->name);
		cr_expect(eq(int, plan.is_direct, row->is_direct), "%s", row->name);
		cr_expect(ge(u32, plan.timeout_ms, 10000), "%s", row->name);
	}
}

/* --- what the drive gets --- */

Test(host_allow, allocation_length_is_cut_to_the_room)
{
	const uint8_t cdb[HOST_CDB_MAX] = { 0x43, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 804, 0, &READER, &plan), (int)HOST_PASS));
	cr_assert(eq(u16, load_be16(plan.cdb + 7), 804));
	cr_assert(eq(uint, plan.cdb_bytes, 10));
}

/* Page 2Ah of a drive that reads DVDs, by either command. */
Test(host_allow, mode_sense6_is_translated)
{
	const uint8_t cdb[HOST_CDB_MAX] = { 0x1a, 0x08, 0x2a, 0, 128, 0 };
	uint8_t answer[14] = { 0, 0x1e, 0x41, 0x80, 0, 0, 0, 0, 0x2a, 0x16, 0x3b, 0, 0x71, 0x65 };
	const uint8_t want[10] = { 0x1b, 0x41, 0x80, 0, 0x2a, 0x16, 0x3b, 0, 0x71, 0x65 };
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 128, 0, &READER, &plan), (int)HOST_PASS));
	cr_assert(eq(u8, plan.cdb[0], 0x5a));
	cr_assert(eq(u8, plan.cdb[1], 0x08));
	cr_assert(eq(u8, plan.cdb[2], 0x2a));
	cr_assert(eq(u8, plan.cdb[4], 0));
	cr_assert(eq(u16, load_be16(plan.cdb + 7), 132));
	cr_assert(eq(u32, host_plan_shorten(&plan, answer, sizeof(answer)), sizeof(want)));
	cr_assert(eq(int, memcmp(answer, want, sizeof(want)), 0));
	cr_assert(eq(u32, host_plan_shorten(&plan, answer, 7), 0));
	/* A length that cannot be does not wrap. */
	memset(answer, 0, sizeof(answer));
	cr_assert(eq(u32, host_plan_shorten(&plan, answer, 8), 4));
	cr_assert(eq(u8, answer[0], 0));
}

Test(host_allow, bytes_behind_the_cdb_are_left_out)
{
	const uint8_t cdb[HOST_CDB_MAX] = { 0x00, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 0, 0, &READER, &plan), (int)HOST_PASS));
	cr_assert(eq(u8, plan.cdb[5], 5));
	cr_assert(eq(u8, plan.cdb[6], 0));
}

/* 100,000 bytes are 48 sectors, three times the sixteen that a DVD corrects together. */
Test(host_allow, long_read_is_cut_at_blocks_of_error_correction)
{
	const struct host_limits limits = { 100000, false };
	const uint8_t cdb[HOST_CDB_MAX] = { 0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 100 };
	uint8_t step[HOST_CDB_MAX];
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 204800, 0, &limits, &plan), (int)HOST_PASS));
	cr_assert(eq(u32, host_plan_steps(&plan), 3));
	cr_assert(eq(u32, host_plan_step(&plan, 0, step), 98304));
	cr_assert(eq(u32, load_be32(step + 6), 48));
	cr_assert(eq(u32, host_plan_step(&plan, 2, step), 8192));
	cr_assert(eq(u32, load_be32(step + 2), 256 + 96));
	cr_assert(eq(u32, load_be32(step + 6), 4));
}

Test(host_allow, long_read_cd_is_cut_at_sectors)
{
	const struct host_limits limits = { 65536, false };
	const uint8_t cdb[HOST_CDB_MAX] = { 0xbe, 4, 0, 0, 0, 7, 0, 0, 30, 0xf8 };
	uint8_t step[HOST_CDB_MAX];
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 30 * 2352, 0, &limits, &plan), (int)HOST_PASS));
	cr_assert(eq(u32, host_plan_steps(&plan), 2));
	cr_assert(eq(u32, host_plan_step(&plan, 1, step), 14 * 2352));
	cr_assert(eq(u32, load_be32(step + 2), 7 + 16));
	cr_assert(eq(u32, load_be24(step + 6), 14));
}

/* Of sectors of unknown size nobody knows where the second command has to begin. */
Test(host_allow, long_read_cd_of_unknown_sectors_is_refused)
{
	const uint8_t msf[HOST_CDB_MAX] = { 0xb9, 4, 0, 0, 2, 0, 0, 4, 0, 0xf8 };
	const uint8_t cdb[HOST_CDB_MAX] = { 0xbe, 0, 0, 0, 0, 7, 0, 0, 100, 0x10 };
	struct host_plan plan;

	cr_assert(eq(int, (int)host_allow(cdb, 200001, 0, &READER, &plan), (int)HOST_BAD_FIELD));
	cr_assert(eq(uint, plan.bad_byte, 6));
	cr_assert(eq(int, (int)host_allow(msf, 352800, 0, &READER, &plan), (int)HOST_BAD_FIELD));
}

/* --- mode pages --- */

Test(host_allow, write_parameters_alone_may_be_set)
{
	uint8_t list[60] = { [8] = 0x05, [9] = 50 };
	struct host_plan plan = { .cdb = { 0x55 }, .bytes = 60, .direction = HOST_OUT };

	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_PASS));
	list[9] = 49; /* something behind the page */
	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_BAD_LIST));
	list[9] = 50;
	list[8] = 0x01;
	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_BAD_LIST));
	list[8] = 0x85; /* PS is not the guest's either */
	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_BAD_LIST));
	list[8] = 0x05;
	list[7] = 8;
	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_BAD_LIST));
	cr_assert(eq(uint, plan.bad_byte, 6));
	plan.bytes = 9;
	cr_assert(eq(int, (int)host_allow_list(&plan, list), (int)HOST_BAD_LIST));
}
