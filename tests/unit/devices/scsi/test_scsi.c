/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/sense.c devices/scsi/command.c devices/scsi/unit.c devices/scsi/bus.c
 *       devices/scsi/target.c devices/scsi/inquiry.c devices/scsi/task.c
 *       tests/unit/devices/scsi/fake_bus.c tests/unit/devices/scsi/fake_unit.c */
#include "devices/scsi/scsi.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "devices/scsi/bus.h"
#include "tests/unit/devices/scsi/fake_bus.h"
#include "tests/unit/devices/scsi/fake_unit.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* What a unit can rely on: one unit at LUN 0 whose first attention has been told. */

static struct fake_bus fake;
static struct fake_unit cd;
static struct fake_command c;

static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
static const uint8_t INQUIRY[6] = { SCSI_INQUIRY, 0, 0, 0, 96 };
static const uint8_t SENSE[6] = { SCSI_REQUEST_SENSE, 0, 0, 0, 252 };
static const uint8_t LUNS[12] = { SCSI_REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
static const uint8_t HOLD[12] = { FAKE_HOLD };

#define RUN(cdb, in, out) fake_bus_run(&fake, &c, (cdb), (in), (out))
#define ATTENTION(code)	  (UINT32_C(0x60000) | (code))
#define ILLEGAL(code)	  (UINT32_C(0x50000) | (code))

static void set_up(void)
{
	c = (struct fake_command){ 0 };
	fake_bus_init(&fake);
	fake_unit_init(&cd, "cd0");
	cr_assert(eq(int, scsi_bus_attach(&fake.bus, &cd.unit, 0, 0, NULL), 0));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_RESET)));
}

static void tear_down(void)
{
	scsi_bus_detach(&cd.unit);
	fake_bus_finish(&fake);
}

TestSuite(scsi, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- commands and their data --- */

Test(scsi, data_go_to_the_guests_slices)
{
	const uint8_t cdb[10] = { FAKE_FILL };

	cr_assert(eq(u8, RUN(cdb, 100, 0), SCSI_GOOD));
	cr_assert(eq(sz, c.command.moved, 100));
	cr_assert(eq(u8, c.data[99], 0x5a));
	cr_assert(eq(u8, c.data[100], 0));
	cr_assert(eq(u64, cd.unit.counters.bytes_in, 100));
}

Test(scsi, parameter_list_is_taken)
{
	const uint8_t cdb[6] = { FAKE_TAKE, 0, 0, 0, 5 };

	memcpy(c.data, "hello", 5);
	cr_assert(eq(u8, RUN(cdb, 0, 8), SCSI_GOOD));
	cr_assert(zero(int, memcmp(cd.taken, "hello", 5)));
	cr_assert(eq(sz, c.command.moved, 5));
	cr_assert(eq(u64, cd.unit.counters.bytes_out, 5));
}

Test(scsi, short_parameter_list_is_an_overrun)
{
	const uint8_t cdb[6] = { FAKE_TAKE, 0, 0, 0, 5 };

	(void)RUN(cdb, 0, 4);
	cr_assert(eq(int, c.command.delivery, SCSI_OVERRUN));
}

/* The allocation length may be larger than the memory, as long as the answer is not. */
Test(scsi, answer_is_cut_to_the_allocation_length)
{
	const uint8_t cut[6] = { SCSI_INQUIRY, 0, 0, 0, 5 };

	cr_assert(eq(u8, RUN(cut, 36, 0), SCSI_GOOD));
	cr_assert(eq(sz, c.command.moved, 5));
	(void)RUN(INQUIRY, 36, 0);
	cr_assert(eq(int, c.command.delivery, SCSI_OVERRUN));
	cr_assert(eq(u8, RUN(SENSE, 18, 0), SCSI_GOOD));
}

Test(scsi, held_command_ends_later)
{
	cr_assert(not(fake_bus_start(&fake, &c, 0, HOLD, 0, 0)));
	fake_unit_release(&cd);
	cr_assert(c.is_done);
	cr_assert(eq(u8, c.command.status, SCSI_GOOD));
	cr_assert(eq(uint, fake.batches, 1));
}

Test(scsi, more_commands_than_a_unit_takes_meet_a_full_set)
{
	static struct fake_command many[SCSI_COMMANDS_MAX];

	for (unsigned i = 0; i < SCSI_COMMANDS_MAX; i++) {
		cr_assert(not(fake_bus_start(&fake, &many[i], 0, HOLD, 0, 0)));
		cr_assert(eq(uint, many[i].command.slot, i));
	}
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_TASK_SET_FULL));
	cr_assert(eq(u64, cd.unit.counters.refused, 1));
	fake_unit_release(&cd);
	cr_assert(many[SCSI_COMMANDS_MAX - 1].is_done);
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_GOOD));
}

/* SAM-5 §5.2: NACA without NormACA. */
Test(scsi, naca_is_refused)
{
	const uint8_t cdb[6] = { SCSI_TEST_UNIT_READY, 0, 0, 0, 0, 0x04 };

	cr_assert(eq(u8, RUN(cdb, 0, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&c), ILLEGAL(SCSI_CODE_INVALID_FIELD_IN_CDB)));
	/* SKSV, in the CDB, bit 2 of byte 5. */
	cr_assert(eq(u8, c.command.sense[15], 0x80 | 0x40 | 0x08 | 2));
	cr_assert(eq(u16, load_be16(c.command.sense + 16), 5));
}

/* --- unit attentions --- */

Test(scsi, attention_is_told_once)
{
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED)));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_GOOD));
	cr_assert(eq(uint, cd.executed, 1));
}

Test(scsi, resets_are_told_first_and_the_weightiest_alone)
{
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	scsi_unit_attention(&cd.unit, SCSI_CODE_NEXUS_LOSS);
	scsi_unit_attention(&cd.unit, SCSI_CODE_UNIT_RESET);
	scsi_unit_attention(&cd.unit, SCSI_CODE_NEXUS_LOSS);
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_UNIT_RESET)));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED)));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_GOOD));
}

Test(scsi, too_many_attentions_do_no_harm)
{
	for (uint16_t i = 0; i < 2 * SCSI_ATTENTIONS_MAX; i++) {
		scsi_unit_attention(&cd.unit, (uint16_t)(0x2a00 + i));
	}
	scsi_unit_attention(&cd.unit, SCSI_CODE_UNIT_RESET);
	cr_assert(eq(uint, cd.unit.attentions.count, SCSI_ATTENTIONS_MAX));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_UNIT_RESET)));
}

Test(scsi, inquiry_leaves_attentions_alone)
{
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	cr_assert(eq(u8, RUN(INQUIRY, 96, 0), SCSI_GOOD));
	cr_assert(eq(uint, cd.unit.attentions.count, 1));
}

Test(scsi, heedless_operations_leave_attentions_alone)
{
	const uint8_t cdb[10] = { FAKE_HEEDLESS };

	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	cr_assert(eq(u8, RUN(cdb, 0, 0), SCSI_GOOD));
	cr_assert(eq(uint, cd.unit.attentions.count, 1));
}

Test(scsi, report_luns_clears_its_own_attention_only)
{
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	scsi_unit_attention(&cd.unit, SCSI_CODE_LUNS_CHANGED);
	cr_assert(eq(u8, RUN(LUNS, 256, 0), SCSI_GOOD));
	cr_assert(eq(uint, cd.unit.attentions.count, 1));
	cr_assert(eq(u16, cd.unit.attentions.codes[0], SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED));
}

Test(scsi, request_sense_returns_and_clears_an_attention)
{
	scsi_unit_attention(&cd.unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	cr_assert(eq(u8, RUN(SENSE, 252, 0), SCSI_GOOD));
	cr_assert(eq(u8, c.data[2], SCSI_UNIT_ATTENTION));
	cr_assert(eq(u16, load_be16(c.data + 12), SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_GOOD));
}

Test(scsi, request_sense_tells_the_state)
{
	const uint8_t descriptors[6] = { SCSI_REQUEST_SENSE, 1, 0, 0, 252 };

	cd.state = (struct scsi_sense){ .key = SCSI_NOT_READY, .code = SCSI_CODE_BECOMING_READY };
	scsi_sense_set_progress(&cd.state, 0x8000);
	cr_assert(eq(u8, RUN(descriptors, 252, 0), SCSI_GOOD));
	cr_assert(eq(u8, c.data[0], 0x72));
	cr_assert(eq(u8, c.data[1], SCSI_NOT_READY));
	cr_assert(eq(u16, load_be16(c.data + 2), SCSI_CODE_BECOMING_READY));
	cr_assert(eq(u8, c.data[8], 0x02)); /* the sense key specific descriptor */
	cr_assert(eq(u16, load_be16(c.data + 13), 0x8000));
}

/* --- what a unit tells unasked --- */

Test(scsi, notices_are_those_that_the_unit_has_and_the_guest_wants)
{
	const uint32_t wanted = SCSI_NOTICE_MEDIA | SCSI_NOTICE_BUSY;
	const unsigned events = fake.events;

	scsi_unit_notify(&cd.unit, SCSI_NOTICE_MEDIA);
	cr_assert(eq(uint, fake.events, events));
	cr_assert(eq(u32, scsi_bus_subscribe(&cd.unit, wanted), SCSI_NOTICE_MEDIA));
	scsi_unit_notify(&cd.unit, SCSI_NOTICE_MEDIA | SCSI_NOTICE_POWER);
	cr_assert(eq(int, fake.event, SCSI_EVENT_NOTICE));
	cr_assert(eq(u32, fake.value, SCSI_NOTICE_MEDIA));
}

Test(scsi, change_is_an_attention_and_an_event)
{
	scsi_unit_changed(&cd.unit, SCSI_CODE_CAPACITY_CHANGED);
	cr_assert(eq(int, fake.event, SCSI_EVENT_PARAMETERS));
	cr_assert(eq(u32, fake.value, SCSI_CODE_CAPACITY_CHANGED));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&c), ATTENTION(SCSI_CODE_CAPACITY_CHANGED)));
}

/* --- the end of a unit --- */

Test(scsi, detached_unit_has_no_commands_left)
{
	cd.keeps_cancelled = true;
	(void)fake_bus_start(&fake, &c, 0, HOLD, 0, 0);
	scsi_bus_detach(&cd.unit);
	cr_assert(c.is_done);
	cr_assert(eq(int, c.command.delivery, SCSI_RESET));
	cr_assert(eq(int, fake.event, SCSI_EVENT_REMOVED));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(int, c.command.delivery, SCSI_NO_TARGET));
}
