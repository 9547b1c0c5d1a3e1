/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/sense.c devices/scsi/command.c devices/scsi/unit.c devices/scsi/bus.c
 *       devices/scsi/target.c devices/scsi/inquiry.c devices/scsi/task.c
 *       tests/unit/devices/scsi/fake_bus.c tests/unit/devices/scsi/fake_unit.c */
#include "devices/scsi/bus.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/devices/scsi/fake_bus.h"
#include "tests/unit/devices/scsi/fake_unit.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* What a guest sees of target 0, which has units at LUN 2 and LUN 300, and none at LUN 0. */

static struct fake_bus fake;
static struct fake_unit cd, disk;
static struct fake_command c;

#define LUN_CD	 2
#define LUN_DISK 300

static void set_up(void)
{
	c = (struct fake_command){ 0 };
	fake_bus_init(&fake);
	fake_unit_init(&cd, "cd0");
	fake_unit_init(&disk, "disk0");
	disk.unit.type = SCSI_TYPE_DISK;
	cr_assert(eq(int, scsi_bus_attach(&fake.bus, &disk.unit, 0, LUN_DISK, NULL), 0));
	cr_assert(eq(int, scsi_bus_attach(&fake.bus, &cd.unit, 0, LUN_CD, NULL), 0));
}

static void tear_down(void)
{
	scsi_bus_detach(&cd.unit);
	scsi_bus_detach(&disk.unit);
	fake_bus_finish(&fake);
}

TestSuite(scsi_bus, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- addresses --- */

Test(scsi_bus, luns_have_two_forms)
{
	static const uint8_t PERIPHERAL[8] = { 0, 2 }, FLAT_SMALL[8] = { 0x40, 2 };
	static const uint8_t FLAT[8] = { 0x41, 0x2c }, OTHER_BUS[8] = { 1, 2 };
	static const uint8_t LOGICAL_UNIT[8] = { 0x80, 2 }, TWO_LEVELS[8] = { 0, 2, 0, 1 };
	uint8_t out[8];

	cr_assert(eq(int, scsi_lun_decode(PERIPHERAL), 2));
	cr_assert(eq(int, scsi_lun_decode(FLAT_SMALL), 2));
	cr_assert(eq(int, scsi_lun_decode(FLAT), 300));
	cr_assert(eq(int, scsi_lun_decode(OTHER_BUS), -1));
	cr_assert(eq(int, scsi_lun_decode(LOGICAL_UNIT), -1));
	cr_assert(eq(int, scsi_lun_decode(TWO_LEVELS), -1));
	scsi_lun_encode(2, out);
	cr_assert(zero(int, memcmp(out, PERIPHERAL, 8)));
	scsi_lun_encode(300, out);
	cr_assert(zero(int, memcmp(out, FLAT, 8)));
}

Test(scsi_bus, an_address_has_one_unit)
{
	struct fake_unit other;
	struct error err = { 0 };

	fake_unit_init(&other, "cd1");
	cr_assert(eq(int, scsi_bus_attach(&fake.bus, &other.unit, 0, LUN_CD, &err), -EEXIST));
	cr_assert(
		eq(int, scsi_bus_attach(&fake.bus, &other.unit, 0, SCSI_LUNS_MAX, &err), -EINVAL));
	cr_assert(eq(int, scsi_bus_attach(&fake.bus, &other.unit, SCSI_TARGETS_MAX, 0, &err),
		     -EINVAL));
	scsi_bus_detach(&other.unit); /* never was */
}

Test(scsi_bus, units_have_an_end)
{
	static struct fake_unit more[SCSI_UNITS_MAX];

	for (uint16_t i = 2; i <= SCSI_UNITS_MAX; i++) {
		fake_unit_init(&more[i - 1], "more");
		cr_assert(eq(int,
			     scsi_bus_attach(&fake.bus, &more[i - 1].unit, 0,
					     (uint16_t)(i + LUN_CD), NULL),
			     i < SCSI_UNITS_MAX ? 0 : -ENOSPC));
	}
	for (uint16_t i = 1; i < SCSI_UNITS_MAX; i++) {
		scsi_bus_detach(&more[i].unit);
	}
	cr_assert(eq(uint, fake.bus.unit_count, 2));
}

/* The sense data of a command for `lun` that ends at once. */
static uint32_t sense_of(uint16_t lun, const uint8_t *cdb)
{
	cr_assert(fake_bus_start(&fake, &c, lun, cdb, 0, 0));
	cr_assert(eq(u8, c.command.status, SCSI_CHECK_CONDITION));
	return fake_sense_of(&c);
}

Test(scsi_bus, newcomers_are_told_to_their_neighbours)
{
	static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };

	cr_assert(eq(u32, sense_of(LUN_DISK, READY), 0x60000 | SCSI_CODE_RESET));
	cr_assert(eq(u32, sense_of(LUN_DISK, READY), 0x60000 | SCSI_CODE_LUNS_CHANGED));
	cr_assert(eq(u32, sense_of(LUN_CD, READY), 0x60000 | SCSI_CODE_RESET));
	cr_assert(zero(uint, cd.unit.attentions.count));
}

/* --- absent units (SPC-4 §6.6.2, SAM-5 §5.11) --- */

Test(scsi_bus, absent_unit_has_qualifier_3)
{
	static const uint8_t INQUIRY[6] = { SCSI_INQUIRY, 0, 0, 0, 36 };

	cr_assert(fake_bus_start(&fake, &c, 0, INQUIRY, 36, 0));
	cr_assert(eq(u8, c.command.status, SCSI_GOOD));
	cr_assert(eq(u8, c.data[0], 0x7f));
	cr_assert(eq(chr, (char)c.data[8], ' '));
}

Test(scsi_bus, absent_unit_is_not_supported)
{
	static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
	static const uint8_t SENSE[6] = { SCSI_REQUEST_SENSE, 0, 0, 0, 18 };

	cr_assert(eq(u32, sense_of(0, READY), 0x50000 | SCSI_CODE_LUN_NOT_SUPPORTED));
	cr_assert(fake_bus_start(&fake, &c, 0, SENSE, 18, 0));
	cr_assert(eq(u8, c.command.status, SCSI_GOOD));
	cr_assert(eq(u8, c.data[2], SCSI_ILLEGAL_REQUEST));
	cr_assert(eq(u8, c.data[12], 0x25));
}

/* --- INQUIRY --- */

static void inquire(uint8_t flags, uint8_t page)
{
	const uint8_t cdb[6] = { SCSI_INQUIRY, flags, page, 1, 0 };

	cr_assert(fake_bus_start(&fake, &c, LUN_CD, cdb, 512, 0));
}

/* SPC-4 table 139. */
Test(scsi_bus, standard_inquiry_data)
{
	inquire(0, 0);
	cr_assert(eq(u8, c.command.status, SCSI_GOOD));
	cr_assert(eq(sz, c.command.moved, 96));
	cr_assert(eq(u8, c.data[0], SCSI_TYPE_OPTICAL));
	cr_assert(eq(u8, c.data[1], 0x80)); /* removable */
	cr_assert(eq(u8, c.data[2], 0x06)); /* SPC-4 */
	cr_assert(eq(u8, c.data[3], 0x12)); /* HiSup, format 2 */
	cr_assert(eq(u8, c.data[4], 91));
	cr_assert(eq(u8, c.data[7], 0x02)); /* CmdQue */
	cr_assert(zero(int, memcmp(c.data + 8, "TL      Fake unit with a1.0 ", 28)));
	cr_assert(eq(u16, load_be16(c.data + 58), 0x0460));
	cr_assert(eq(u16, load_be16(c.data + 60), 0x0420));
	cr_assert(eq(u16, load_be16(c.data + 62), 0));
}

Test(scsi_bus, vital_product_data)
{
	static const uint8_t SUPPORTED[] = { 5, 0x00, 0, 3, 0x00, 0x80, 0x83 };
	static const uint8_t SERIAL[] = { 5, 0x80, 0, 4, '0', '0', '0', '1' };
	static const uint8_t IDENTIFICATION[] = { 5, 0x83, 0, 32, 0x02, 0x01, 0, 28, 'T', 'L' };

	inquire(1, 0x00);
	cr_assert(eq(sz, c.command.moved, sizeof(SUPPORTED)));
	cr_assert(zero(int, memcmp(c.data, SUPPORTED, sizeof(SUPPORTED))));
	inquire(1, 0x80);
	cr_assert(eq(sz, c.command.moved, sizeof(SERIAL)));
	cr_assert(zero(int, memcmp(c.data, SERIAL, sizeof(SERIAL))));
	inquire(1, 0x83);
	cr_assert(eq(sz, c.command.moved, 36));
	cr_assert(zero(int, memcmp(c.data, IDENTIFICATION, sizeof(IDENTIFICATION))));
	cr_assert(zero(int, memcmp(c.data + 32, "0001", 4)));
}

Test(scsi_bus, unknown_pages_are_refused)
{
	inquire(1, 0xb0);
	cr_assert(eq(u32, fake_sense_of(&c), 0x50000 | SCSI_CODE_INVALID_FIELD_IN_CDB));
	inquire(0, 0x80);
	cr_assert(eq(u32, fake_sense_of(&c), 0x50000 | SCSI_CODE_INVALID_FIELD_IN_CDB));
	inquire(2, 0);
	cr_assert(eq(u32, fake_sense_of(&c), 0x50000 | SCSI_CODE_INVALID_FIELD_IN_CDB));
	cr_assert(eq(u8, c.command.sense[17], 1)); /* points at byte 1 */
}

Test(scsi_bus, unit_without_identity_answers_itself)
{
	cd.unit.identity = NULL;
	inquire(0, 0);
	cr_assert(eq(uint, cd.executed, 1));
}

/* --- REPORT LUNS --- */

static void report(uint8_t select, uint8_t allocation)
{
	const uint8_t cdb[12] = { SCSI_REPORT_LUNS, 0, select, 0, 0, 0, 0, 0, 0, allocation };

	memset(c.data, 0xee, 64);
	cr_assert(fake_bus_start(&fake, &c, 0, cdb, 255, 0));
}

Test(scsi_bus, luns_are_listed_in_order)
{
	static const uint8_t LIST[24] = { 0, 0, 0, 16, 0, 0, 0, 0,    0,
					  2, 0, 0, 0,  0, 0, 0, 0x41, 0x2c };

	report(0, 255);
	cr_assert(eq(u8, c.command.status, SCSI_GOOD));
	cr_assert(eq(sz, c.command.moved, sizeof(LIST)));
	cr_assert(zero(int, memcmp(c.data, LIST, sizeof(LIST))));
}

/* The length is that of the whole list. */
Test(scsi_bus, short_allocation_cuts_the_list)
{
	report(0, 8);
	cr_assert(eq(sz, c.command.moved, 8));
	cr_assert(eq(u32, load_be32(c.data), 16));
	cr_assert(eq(u8, c.data[8], 0xee));
}

Test(scsi_bus, well_known_unit_is_listed_on_demand)
{
	report(1, 255);
	cr_assert(eq(u32, load_be32(c.data), 8));
	cr_assert(eq(u16, load_be16(c.data + 8), 0xc101));
	report(2, 255);
	cr_assert(eq(u32, load_be32(c.data), 24));
	report(3, 255);
	cr_assert(eq(u32, fake_sense_of(&c), 0x50000 | SCSI_CODE_INVALID_FIELD_IN_CDB));
}

Test(scsi_bus, well_known_unit_does_little)
{
	static const uint8_t LUN[8] = { 0xc1, 0x01 };
	static const uint8_t OPERATIONS[][2] = {
		{ SCSI_TEST_UNIT_READY, SCSI_GOOD }, { SCSI_INQUIRY, SCSI_GOOD },
		{ SCSI_REQUEST_SENSE, SCSI_GOOD },   { SCSI_REPORT_LUNS, SCSI_GOOD },
		{ FAKE_FILL, SCSI_CHECK_CONDITION },
	};

	report(1, 255); /* for its `done` */
	for (unsigned i = 0; i < ARRAY_SIZE(OPERATIONS); i++) {
		c.is_done = false;
		c.command = (struct scsi_command){ .cdb = { OPERATIONS[i][0] },
						   .done = c.command.done };
		scsi_bus_execute(&fake.bus, 0, LUN, &c.command);
		cr_assert(c.is_done);
		cr_assert(eq(u8, c.command.status, OPERATIONS[i][1]));
	}
}

/* --- task management between units --- */

static enum scsi_task_result result;
static unsigned results;

static void on_task_done(struct scsi_task *task, enum scsi_task_result how)
{
	(void)task;
	result = how;
	results++;
}

static struct fake_command first, second;

static void hold(struct fake_command *command, uint16_t lun, uint64_t tag)
{
	static const uint8_t HOLD[12] = { FAKE_HOLD };
	struct scsi_unit *unit = lun == LUN_CD ? &cd.unit : &disk.unit;

	unit->attentions.count = 0;
	*command = (struct fake_command){ .command.tag = tag };
	cr_assert(not(fake_bus_start(&fake, command, lun, HOLD, 0, 0)));
}

static struct scsi_task make_task(enum scsi_task_kind kind, uint16_t lun)
{
	struct scsi_task task = { .kind = kind, .done = on_task_done };

	results = 0;
	scsi_lun_encode(lun, task.lun);
	return task;
}

Test(scsi_bus, functions_keep_to_their_unit)
{
	struct scsi_task task = make_task(SCSI_ABORT_TASK_SET, LUN_CD);

	hold(&first, LUN_CD, 1);
	hold(&second, LUN_DISK, 1);
	scsi_bus_manage(&fake.bus, &task);
	cr_assert(eq(int, result, SCSI_FUNCTION_COMPLETE));
	cr_assert(eq(int, first.command.delivery, SCSI_ABORTED));
	cr_assert(not(second.is_done));
	cr_assert(eq(u64, cd.unit.counters.interrupted, 1));
}

Test(scsi_bus, nexus_reset_is_for_the_whole_target)
{
	struct scsi_task task = make_task(SCSI_NEXUS_RESET, 99);

	disk.keeps_cancelled = true;
	hold(&first, LUN_CD, 1);
	hold(&second, LUN_DISK, 1);
	scsi_bus_manage(&fake.bus, &task);
	cr_assert(eq(int, first.command.delivery, SCSI_RESET));
	cr_assert(zero(uint, results)); /* the disk takes its time */
	fake_unit_release(&disk);
	cr_assert(eq(uint, results, 1));
	cr_assert(eq(u16, disk.unit.attentions.codes[0], SCSI_CODE_NEXUS_LOSS));
}

/* What came after the function does not keep it. */
Test(scsi_bus, later_commands_do_not_count)
{
	struct scsi_task task = make_task(SCSI_UNIT_RESET, LUN_CD);

	cd.keeps_cancelled = true;
	hold(&first, LUN_CD, 1);
	scsi_bus_manage(&fake.bus, &task);
	cd.keeps_cancelled = false;
	hold(&second, LUN_CD, 1);
	cd.held[first.command.slot] = NULL;
	cd.held_count--;
	scsi_command_end(&first.command, SCSI_GOOD, 0);
	cr_assert(eq(uint, results, 1));
	cr_assert(eq(int, first.command.delivery, SCSI_RESET));
	cr_assert(not(second.is_done));
}

Test(scsi_bus, unit_that_goes_ends_what_waits_for_it)
{
	struct scsi_task task = make_task(SCSI_ABORT_TASK_SET, LUN_CD);

	cd.keeps_cancelled = true;
	hold(&first, LUN_CD, 1);
	scsi_bus_manage(&fake.bus, &task);
	cr_assert(zero(uint, results));
	scsi_bus_detach(&cd.unit);
	cr_assert(eq(uint, results, 1));
	cr_assert(list_is_empty(&fake.bus.tasks));
}

Test(scsi_bus, reset_ends_everything)
{
	hold(&first, LUN_CD, 1);
	hold(&second, LUN_DISK, 1);
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	scsi_bus_reset(&fake.bus);
	cr_assert(eq(int, first.command.delivery, SCSI_RESET));
	cr_assert(eq(int, second.command.delivery, SCSI_RESET));
	cr_assert(eq(uint, cd.resets, 1));
	cr_assert(eq(uint, cd.unit.attentions.count, 1));
	cr_assert(eq(u16, cd.unit.attentions.codes[0], SCSI_CODE_RESET));
}
