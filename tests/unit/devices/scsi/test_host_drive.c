/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_host.c */
#include "devices/scsi/host_drive.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/devices/scsi/fake_host.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

static struct fake_host f;

static void set_up(void)
{
	fake_host_init(&f, false);
}

static void tear_down(void)
{
	fake_host_finish(&f);
}

TestSuite(host_drive, .init = set_up, .fini = tear_down, .timeout = 20);
TestSuite(host_drive_life, .timeout = 20);

static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
static const uint8_t INQUIRY[6] = { SCSI_INQUIRY, 0, 0, 0, 36 };
static const uint8_t READ2[10] = { 0x28, 0, 0, 0, 0, 10, 0, 0, 2 };
static const uint8_t READ1[10] = { 0x28, 0, 0, 0, 0, 10, 0, 0, 1 };
static const uint8_t EVENTS[10] = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 };
static const uint8_t LOCK[6] = { 0x1e, 0, 0, 0, 1 };
static const uint8_t ALLOW[6] = { 0x1e, 0, 0, 0, 0 };
static const uint8_t EJECT[6] = { 0x1b, 0, 0, 0, 2 };

#define RUN(cdb, in, out) fake_host_run(&f, (cdb), (in), (out))

/* What a drive with a disc answers of media events, and one whose tray is open. */
static const struct fake_reply NEW_DISC = { .data = { 0, 6, 4, 0x5e, 2, 2 }, .bytes = 8 };
static const struct fake_reply REMOVED = { .data = { 0, 6, 4, 0x5e, 3, 1 }, .bytes = 8 };
static const struct fake_reply QUIET = { .data = { 0, 6, 4, 0x5e, 0, 2 }, .bytes = 8 };
static const struct fake_reply CHANGED = { .status = SCSI_CHECK_CONDITION,
					   .key = SCSI_UNIT_ATTENTION,
					   .code = SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED };

/* --- commands --- */

Test(host_drive, inquiry_answers_as_the_drive)
{
	const struct fake_reply reply = { .data = { 0x05, 0x80, 0, 0x32, 31 }, .bytes = 36 };

	fake_host_reply(&f, SCSI_INQUIRY, &reply);
	cr_assert(eq(u8, RUN(INQUIRY, 96, 0), SCSI_GOOD));
	cr_assert(eq(sz, f.c.command.moved, 36));
	cr_assert(eq(u8, f.c.data[0], 0x05));
	cr_assert(eq(u8, f.c.data[3], 0x32));
}

Test(host_drive, mode_sense6_is_answered_by_the_other)
{
	const uint8_t cdb[6] = { 0x1a, 0, 0x2a, 0, 128 };
	const struct fake_reply reply = { .data = { 0, 0x0a, 0x41, 0, 0, 0, 0, 0, 0x2a, 2, 9, 8 },
					  .bytes = 12 };

	fake_host_reply(&f, 0x5a, &reply);
	cr_assert(eq(u8, RUN(cdb, 128, 0), SCSI_GOOD));
	cr_assert(eq(sz, f.c.command.moved, 8));
	cr_assert(eq(u8, f.c.data[0], 7));
	cr_assert(eq(u8, f.c.data[4], 0x2a));
	cr_assert(eq(u8, f.c.data[7], 8));
}

Test(host_drive, sectors_go_straight_to_the_guest)
{
	cr_assert(eq(u8, RUN(READ1, 2048, 0), SCSI_GOOD));
	cr_assert(eq(sz, f.c.command.moved, 2048));
	cr_assert(eq(ptr, f.log[0].first, f.c.data));
	cr_assert(eq(uint, f.log[0].iov_count, 2));
	cr_assert(eq(u32, load_be32(f.c.data + 1024), 10));
}

/* The host takes one sector at a time. */
Test(host_drive, long_reads_are_several_commands)
{
	cr_assert(eq(u8, RUN(READ2, 4096, 0), SCSI_GOOD));
	cr_assert(eq(sz, f.c.command.moved, 4096));
	cr_assert(eq(uint, f.log_count, 2));
	cr_assert(eq(u32, load_be32(f.log[1].cdb + 2), 11));
	cr_assert(eq(ptr, f.log[1].first, f.c.data + 2048));
	cr_assert(eq(u32, load_be32(f.c.data + 4092), 11));
}

Test(host_drive, long_read_ends_with_the_fault)
{
	const struct fake_reply reply = { .status = SCSI_CHECK_CONDITION,
					  .key = SCSI_MEDIUM_ERROR,
					  .code = SCSI_CODE_UNRECOVERED_READ_ERROR };

	fake_host_reply(&f, 0x28, &reply);
	cr_assert(eq(u8, RUN(READ2, 4096, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(sz, f.c.command.moved, 0));
	cr_assert(eq(uint, f.log_count, 1));
}

Test(host_drive, slices_that_the_host_refuses_are_copied)
{
	f.refuses_slices = true;
	cr_assert(eq(u8, RUN(READ1, 2048, 0), SCSI_GOOD));
	cr_assert(eq(uint, f.log[0].iov_count, 1));
	cr_assert(ne(ptr, f.log[0].first, f.c.data));
	cr_assert(eq(u32, load_be32(f.c.data), 10));
	cr_assert(eq(u32, load_be32(f.c.data + 2044), 10));
}

Test(host_drive, sense_of_the_drive_is_the_guests)
{
	const struct fake_reply reply = { .status = SCSI_CHECK_CONDITION,
					  .key = SCSI_MEDIUM_ERROR,
					  .code = SCSI_CODE_L_EC_UNCORRECTABLE,
					  .bytes = 2048 };

	fake_host_reply(&f, 0x28, &reply);
	cr_assert(eq(u8, RUN(READ2, 4096, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x31105));
	cr_assert(eq(sz, f.c.command.moved, 2048));
	cr_assert(eq(u64, host_drive_counters(f.drive)->errors, 1));
}

Test(host_drive, other_states_pass)
{
	const struct fake_reply reply = { .status = SCSI_BUSY };

	fake_host_reply(&f, SCSI_TEST_UNIT_READY, &reply);
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_BUSY));
}

static void fail_by(unsigned host_status, int error)
{
	const struct fake_reply reply = { .error = error, .host_status = host_status };

	fake_host_reply(&f, SCSI_TEST_UNIT_READY, &reply);
	(void)RUN(READY, 0, 0);
}

Test(host_drive, host_errors_have_sense)
{
	fail_by(HOST_STATUS_TIME_OUT, 0);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0xb0801));
	fail_by(HOST_STATUS_RESET, 0);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0xb0800));
	fail_by(HOST_STATUS_ERROR, 0);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x44400));
	fail_by(0, -EIO);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x44400));
	fail_by(0, -EPERM);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52000));
	cr_assert(eq(u64, host_drive_counters(f.drive)->refused, 1));
	fail_by(0, -EAGAIN);
	cr_assert(eq(u8, f.c.command.status, SCSI_BUSY));
}

Test(host_drive, gone_drive_is_disconnected)
{
	fail_by(HOST_STATUS_NO_CONNECT, 0);
	cr_assert(eq(int, (int)f.c.command.delivery, (int)SCSI_DISCONNECT));
	fail_by(0, -ENODEV);
	cr_assert(eq(int, (int)f.c.command.delivery, (int)SCSI_DISCONNECT));
}

Test(host_drive, refused_commands_do_not_reach_the_drive)
{
	const uint8_t write_buffer[10] = { 0x3b, 5, 0, 0, 0, 0, 0, 0, 4 };
	const uint8_t read_buffer[10] = { 0x3c, 2 };
	const uint8_t set_region[12] = { 0xa3, 0, 0, 0, 0, 0, 0, 0, 0, 8, 6 };

	cr_assert(eq(u8, RUN(write_buffer, 0, 4), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52000));
	cr_assert(eq(u8, RUN(read_buffer, 64, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52000));
	cr_assert(eq(u8, RUN(set_region, 0, 8), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52400));
	cr_assert(eq(u8, f.c.command.sense[17], 10)); /* the byte with the key format */
	cr_assert(eq(uint, f.log_count, 0));
	cr_assert(eq(u64, host_drive_counters(f.drive)->refused, 3));
}

Test(host_drive, little_room_is_an_overrun)
{
	(void)RUN(READ2, 2048, 0);
	cr_assert(eq(int, (int)f.c.command.delivery, (int)SCSI_OVERRUN));
	cr_assert(eq(uint, f.log_count, 0));
}

/* The challenge of a key exchange; what the drive gets is a copy of what was checked. */
Test(host_drive, parameter_lists_are_copied)
{
	const uint8_t cdb[12] = { 0xa3, 0, 0, 0, 0, 0, 0, 0, 0, 16, 1 };

	memset(f.c.data, 0x77, 16);
	cr_assert(eq(u8, RUN(cdb, 0, 16), SCSI_GOOD));
	cr_assert(eq(int, (int)f.log[0].direction, (int)HOST_OUT));
	cr_assert(eq(u8, f.log[0].out[15], 0x77));
	cr_assert(ne(ptr, f.log[0].first, f.c.data));
}

Test(host_drive, reads_are_counted)
{
	const uint8_t next[10] = { 0x28, 0, 0, 0, 0, 12, 0, 0, 1 };

	(void)RUN(READ2, 4096, 0);
	(void)RUN(next, 2048, 0);
	(void)RUN(READ1, 2048, 0);
	cr_assert(eq(u64, host_drive_counters(f.drive)->reads, 3));
	cr_assert(eq(u64, host_drive_counters(f.drive)->sectors, 4));
	cr_assert(eq(u64, host_drive_counters(f.drive)->seeks, 2));
}

/* --- commands under way --- */

Test(host_drive, waiting_command_is_taken_back)
{
	struct fake_command second = { .command.tag = 7 };

	fake_host_hold(&f, true);
	cr_assert(not(fake_bus_start(&f.bus, &f.c, 0, READ1, 2048, 0)));
	fake_host_await(&f);
	cr_assert(not(fake_bus_start(&f.bus, &second, 0, READ2, 4096, 0)));
	f.bus.bus.units[0]->ops->cancel(f.bus.bus.units[0], &second.command);
	cr_assert(second.is_done);
	cr_assert(not(f.c.is_done));
	f.bus.bus.units[0]->ops->cancel(f.bus.bus.units[0], &f.c.command);
	cr_assert(not(f.c.is_done));
	fake_host_hold(&f, false);
	scsi_bus_drain(&f.bus.bus);
	cr_assert(f.c.is_done);
	cr_assert(eq(uint, fake_host_count(&f, 0x28), 1));
}

Test(host_drive, commands_end_on_the_loop)
{
	cr_assert(not(fake_bus_start(&f.bus, &f.c, 0, READY, 0, 0)));
	while (!f.c.is_done) {
		(void)scsi_bus_poll(&f.bus.bus);
	}
	cr_assert(eq(uint, f.bus.batches, 1));
}

/* --- events --- */

Test(host_drive, polls_keep_events_for_the_guest)
{
	fake_host_reply(&f, 0x4a, &NEW_DISC);
	fake_host_poll(&f);
	cr_assert(eq(u8, RUN(EVENTS, 8, 0), SCSI_GOOD));
	cr_assert(eq(uint, fake_host_count(&f, 0x4a), 1)); /* ours alone */
	cr_assert(eq(u8, f.c.data[2], 4));
	cr_assert(eq(u8, f.c.data[3], 0x5e)); /* the classes as the drive told */
	cr_assert(eq(u8, f.c.data[4], 2));
	cr_assert(eq(u8, f.c.data[5], 2));
	/* Told once; the next answer is the drive's. */
	(void)RUN(EVENTS, 8, 0);
	cr_assert(eq(uint, fake_host_count(&f, 0x4a), 2));
}

Test(host_drive, polls_do_not_swallow_attentions)
{
	fake_host_reply(&f, 0x4a, &CHANGED);
	fake_host_poll(&f);
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x62800));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_GOOD));
}

Test(host_drive, tray_of_the_host_is_told)
{
	fake_host_reply(&f, 0x4a, &QUIET);
	fake_host_poll(&f);
	cr_assert(host_drive_status(f.drive).has_disc);
	cr_assert(eq(uint, f.tray_moves, 0)); /* known, not moved */
	fake_host_reply(&f, 0x4a, &REMOVED);
	fake_host_poll(&f);
	cr_assert(eq(uint, f.tray_moves, 1));
	cr_assert(f.tray_open);
	cr_assert(not(host_drive_status(f.drive).has_disc));
}

Test(host_drive, own_events_of_the_guest_are_seen)
{
	fake_host_reply(&f, 0x4a, &REMOVED);
	(void)RUN(EVENTS, 8, 0);
	cr_assert(host_drive_status(f.drive).tray_open);
	fake_host_reply(&f, 0x4a, &NEW_DISC);
	(void)RUN(EVENTS, 8, 0);
	cr_assert(eq(uint, f.tray_moves, 1));
	cr_assert(not(f.tray_open));
}

/* The host's kernel was told that the disc is gone, and that a new one came. */
Test(host_drive, events_that_others_took_are_made_up_for)
{
	const struct fake_reply gone = { .data = { 0, 6, 4, 0x5e, 0, 1 }, .bytes = 8 };

	fake_host_reply(&f, 0x4a, &QUIET);
	fake_host_poll(&f);
	fake_host_reply(&f, 0x4a, &gone);
	fake_host_poll(&f);
	(void)RUN(EVENTS, 8, 0);
	cr_assert(eq(u8, f.c.data[4], 3));
	fake_host_reply(&f, 0x4a, &QUIET);
	fake_host_poll(&f);
	(void)RUN(EVENTS, 8, 0);
	cr_assert(eq(u8, f.c.data[4], 2));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x62800));
}

Test(host_drive, eject_of_the_guest_is_looked_after)
{
	fake_host_reply(&f, 0x4a, &QUIET);
	fake_host_poll(&f);
	fake_host_reply(&f, 0x4a, &REMOVED);
	cr_assert(eq(u8, RUN(EJECT, 0, 0), SCSI_GOOD));
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(uint, f.tray_moves, 1));
}

/* Drives older than the command. */
Test(host_drive, drive_without_events_is_asked_for_readiness)
{
	const struct fake_reply unknown = { .status = SCSI_CHECK_CONDITION,
					    .key = SCSI_ILLEGAL_REQUEST,
					    .code = SCSI_CODE_INVALID_OPERATION };
	const struct fake_reply open = { .status = SCSI_CHECK_CONDITION,
					 .key = SCSI_NOT_READY,
					 .code = SCSI_CODE_NO_MEDIUM_TRAY_OPEN };

	fake_host_reply(&f, 0x4a, &unknown);
	fake_host_poll(&f);
	fake_host_poll(&f);
	cr_assert(host_drive_status(f.drive).has_disc);
	fake_host_reply(&f, SCSI_TEST_UNIT_READY, &open);
	fake_host_poll(&f);
	cr_assert(f.tray_open);
	fake_host_reply(&f, SCSI_TEST_UNIT_READY, &CHANGED);
	fake_host_poll(&f);
	fake_host_poll(&f);
	cr_assert(not(f.tray_open));
	cr_assert(eq(u8, RUN(READY, 0, 0), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x62800));
}

Test(host_drive, size_is_what_the_guest_was_told)
{
	const uint8_t cdb[10] = { 0x25 };
	const struct fake_reply reply = { .data = { 0, 0, 0, 99, 0, 0, 8, 0 }, .bytes = 8 };

	fake_host_reply(&f, 0x25, &reply);
	(void)RUN(cdb, 8, 0);
	cr_assert(eq(u64, host_drive_status(f.drive).bytes, 100 * 2048));
}

Test(host_drive, request_sense_tells_that_no_disc_is_there)
{
	const uint8_t cdb[6] = { SCSI_REQUEST_SENSE, 0, 0, 0, 18 };

	fake_host_reply(&f, 0x4a, &REMOVED);
	fake_host_poll(&f);
	(void)RUN(cdb, 18, 0);
	cr_assert(eq(u8, f.c.data[2], SCSI_NOT_READY));
	cr_assert(eq(u16, load_be16(f.c.data + 12), SCSI_CODE_NO_MEDIUM_TRAY_OPEN));
}

/* --- the button and the lock --- */

Test(host_drive, button_opens_the_tray)
{
	cr_assert(eq(int, host_drive_open_tray(f.drive, false), 0));
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(u8, f.log[0].cdb[0], 0x1b));
	cr_assert(eq(u8, f.log[0].cdb[4], 2));
	host_drive_close_tray(f.drive);
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(uint, fake_host_count(&f, 0x1b), 2));
}

Test(host_drive, locked_tray_asks_the_guest)
{
	(void)RUN(LOCK, 0, 0);
	cr_assert(host_drive_status(f.drive).locked);
	cr_assert(eq(int, host_drive_open_tray(f.drive, false), -EBUSY));
	cr_assert(eq(uint, fake_host_count(&f, 0x1b), 0));
	(void)RUN(EVENTS, 8, 0);
	cr_assert(eq(u8, f.c.data[4], 1)); /* somebody wants the disc */
}

Test(host_drive, force_unlocks_first)
{
	(void)RUN(LOCK, 0, 0);
	cr_assert(eq(int, host_drive_open_tray(f.drive, true), 0));
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(u8, f.log[1].cdb[0], 0x1e));
	cr_assert(eq(u8, f.log[1].cdb[4], 0));
	cr_assert(eq(u8, f.log[2].cdb[0], 0x1b));
	cr_assert(not(host_drive_status(f.drive).locked));
}

/* An attention in the way is the guest's, and the order is given again. */
Test(host_drive, button_keeps_attentions)
{
	fake_host_reply(&f, 0x1b, &CHANGED);
	(void)host_drive_open_tray(f.drive, false);
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(uint, fake_host_count(&f, 0x1b), 2));
	(void)RUN(READY, 0, 0);
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x62800));
}

Test(host_drive, guest_unlocks_by_itself)
{
	(void)RUN(LOCK, 0, 0);
	(void)RUN(ALLOW, 0, 0);
	cr_assert(not(host_drive_status(f.drive).locked));
}

Test(host_drive, reset_unlocks)
{
	(void)RUN(LOCK, 0, 0);
	scsi_bus_reset(&f.bus.bus);
	scsi_bus_drain(&f.bus.bus);
	cr_assert(not(host_drive_status(f.drive).locked));
	cr_assert(eq(uint, fake_host_count(&f, 0x1e), 2));
}

Test(host_drive_life, end_unlocks)
{
	const uint8_t persistently[6] = { 0x1e, 0, 0, 0, 3 };

	fake_host_init(&f, false);
	(void)RUN(LOCK, 0, 0);
	(void)RUN(persistently, 0, 0);
	fake_host_finish(&f);
	cr_assert(f.is_closed);
	cr_assert(eq(uint, f.log_count, 4));
	cr_assert(eq(u8, f.log[2].cdb[4], 0));
	cr_assert(eq(u8, f.log[3].cdb[4], 2));
}

/* --- writing --- */

Test(host_drive_life, writing_is_for_those_allowed)
{
	const uint8_t write[10] = { 0x2a, 0, 0, 0, 0, 5, 0, 0, 2 };
	const uint8_t select[10] = { 0x55, 0x10, 0, 0, 0, 0, 0, 0, 14 };
	const uint8_t list[14] = { 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 4 };

	fake_host_init(&f, false);
	cr_assert(eq(u8, RUN(write, 0, 4096), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52000));
	fake_host_finish(&f);

	fake_host_init(&f, true);
	memset(f.c.data, 0x33, 4096);
	cr_assert(eq(u8, RUN(write, 0, 4096), SCSI_GOOD));
	cr_assert(eq(u8, f.log[0].out[0], 0x33));
	/* The page of error recovery is not the guest's to set. */
	memcpy(f.c.data, list, sizeof(list));
	cr_assert(eq(u8, RUN(select, 0, 14), SCSI_CHECK_CONDITION));
	cr_assert(eq(u32, fake_sense_of(&f.c), 0x52600));
	cr_assert(eq(uint, fake_host_count(&f, 0x55), 0));
	fake_host_finish(&f);
}
