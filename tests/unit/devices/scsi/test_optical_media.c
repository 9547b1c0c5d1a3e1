/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/devices/scsi/fake_optical.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

static struct fake_optical f;

static void setup(void)
{
	fake_optical_init(&f);
}

static void finish(void)
{
	fake_optical_finish(&f);
}

#define RUN(cdb, in, out) fake_optical_run(&f, (cdb), (in), (out))

TestSuite(optical_media, .timeout = 30, .init = setup, .fini = finish);

static const uint8_t READY[6] = { 0x00 };
static const uint8_t EJECT[6] = { 0x1b, 0, 0, 0, 0x02 };
static const uint8_t LOAD[6] = { 0x1b, 0, 0, 0, 0x03 };
static const uint8_t PREVENT[6] = { 0x1e, 0, 0, 0, 1 };
static const uint8_t ALLOW[6] = { 0x1e, 0, 0, 0, 0 };
static const uint8_t MEDIA_EVENT[10] = { 0x4a, 1, 0, 0, 1 << 4, 0, 0, 0, 8 };
static const uint8_t OPERATIONAL_EVENT[10] = { 0x4a, 1, 0, 0, 1 << 1, 0, 0, 0, 8 };

static void expect_event(const uint8_t *cdb, const uint8_t want[8])
{
	cr_assert(eq(u32, fake_optical_run(&f, cdb, 8, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 8));
	cr_assert(eq(int, memcmp(f.c.data, want, 8), 0), "event %02x %02x", f.c.data[4],
		  f.c.data[5]);
}

static void expect_media(uint8_t event, uint8_t status)
{
	const uint8_t want[8] = { 0, 6, 4, 0x5e, event, status };

	expect_event(MEDIA_EVENT, want);
}

Test(optical_media, an_empty_drive_is_not_ready)
{
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x3a01)));
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x3a02)));
	expect_media(0, 0x01);
}

Test(optical_media, a_new_disc_is_told_once_then_ready)
{
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(int, optical_put_disc(f.drive, fake_optical_image(&f, 50, DISC_CD_ROM)), 0));
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x3a02)));
	optical_close_tray(f.drive);
	expect_media(2, 0x02); /* new medium; no heed of the attention */
	cr_assert(eq(u32, RUN(READY, 0, 0), ATTENTION(0x2800)));
	cr_assert(eq(u32, RUN(READY, 0, 0), 0));
	expect_media(0, 0x02);
	cr_assert(eq(uint, f.tray_moves, 2));
	cr_assert(eq(int, f.tray_open, 0));
}

Test(optical_media, removal_and_change_of_features_are_events)
{
	static const uint8_t CHANGED[8] = { 0, 6, 1, 0x5e, 2, 0, 0, 1 };
	static const uint8_t UNCHANGED[8] = { 0, 6, 1, 0x5e };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	expect_media(2, 0x02);
	expect_event(OPERATIONAL_EVENT, CHANGED);
	expect_event(OPERATIONAL_EVENT, UNCHANGED);
	cr_assert(eq(u32, RUN(EJECT, 0, 0), 0));
	expect_media(3, 0x01);
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x3a02)));
	cr_assert(eq(int, f.tray_open, 1));
}

Test(optical_media, a_guest_loads_what_lies_in_the_tray)
{
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(EJECT, 0, 0), 0));
	cr_assert(eq(u32, RUN(LOAD, 0, 0), 0));
	cr_assert(eq(u32, RUN(READY, 0, 0), ATTENTION(0x2800)));
	cr_assert(eq(u32, RUN(READY, 0, 0), 0));
}

Test(optical_media, loading_an_empty_tray_is_not_ready)
{
	cr_assert(eq(u32, RUN(EJECT, 0, 0), 0));
	cr_assert(eq(u32, RUN(LOAD, 0, 0), NOT_READY(0x3a01)));
}

Test(optical_media, a_lock_holds_against_guest_and_user)
{
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	expect_media(2, 0x02);
	cr_assert(eq(u32, RUN(PREVENT, 0, 0), 0));
	cr_assert(eq(int, optical_status(f.drive).locked, 1));
	cr_assert(eq(u32, RUN(EJECT, 0, 0), ILLEGAL(0x5302)));
	cr_assert(eq(int, optical_open_tray(f.drive, false), -EBUSY));
	expect_media(1, 0x02); /* somebody pressed the button */
	cr_assert(eq(u32, RUN(ALLOW, 0, 0), 0));
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
}

Test(optical_media, force_opens_and_ends_the_lock)
{
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(PREVENT, 0, 0), 0));
	cr_assert(eq(int, optical_open_tray(f.drive, true), 0));
	cr_assert(eq(int, optical_status(f.drive).locked, 0));
}

Test(optical_media, an_empty_drive_cannot_be_locked)
{
	cr_assert(eq(u32, RUN(PREVENT, 0, 0), NOT_READY(0x3a01)));
}

Test(optical_media, a_closed_tray_takes_and_gives_nothing)
{
	struct disc *disc = fake_optical_image(&f, 50, DISC_CD_ROM);

	cr_assert(eq(int, optical_put_disc(f.drive, disc), -EBUSY));
	cr_assert(eq(ptr, optical_take_disc(f.drive), NULL));
	disc_close(disc);
}

Test(optical_media, events_must_be_polled_and_known)
{
	static const uint8_t ASYNCHRONOUS[10] = { 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8 };
	static const uint8_t UNKNOWN[10] = { 0x4a, 1, 0, 0, 0x80, 0, 0, 0, 8 };
	static const uint8_t NONE[4] = { 0, 2, 0x80, 0x5e };

	cr_assert(eq(u32, RUN(ASYNCHRONOUS, 8, 0), ILLEGAL(0x2400)));
	cr_assert(eq(u32, RUN(UNKNOWN, 8, 0), 0));
	cr_assert(eq(sz, f.c.command.moved, 4));
	cr_assert(eq(int, memcmp(f.c.data, NONE, 4), 0));
}

Test(optical_media, a_short_allocation_leaves_the_event)
{
	static const uint8_t SHORT[10] = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 4 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(SHORT, 4, 0), 0));
	expect_media(2, 0x02);
}

Test(optical_media, request_sense_tells_the_state)
{
	static const uint8_t SENSE[6] = { 0x03, 0, 0, 0, 18 };

	cr_assert(eq(u32, RUN(SENSE, 18, 0), 0));
	cr_assert(eq(u8, f.c.data[2], 0x02));
	cr_assert(eq(u8, f.c.data[12], 0x3a));
	cr_assert(eq(u8, f.c.data[13], 0x01));
}

Test(optical_media, mechanism_status_tells_the_door)
{
	static const uint8_t STATUS[12] = { 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8 };

	cr_assert(eq(u32, RUN(EJECT, 0, 0), 0));
	cr_assert(eq(u32, RUN(STATUS, 8, 0), 0));
	cr_assert(eq(u8, f.c.data[1], 0x10));
}

Test(optical_media, unknown_commands_are_refused_with_or_without_disc)
{
	static const uint8_t WRITE[10] = { 0x2a, [8] = 1 };

	cr_assert(eq(u32, RUN(WRITE, 0, 2048), ILLEGAL(0x2000)));
}

Test(optical_media, a_reset_unlocks)
{
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(PREVENT, 0, 0), 0));
	scsi_bus_reset(&f.bus.bus);
	cr_assert(eq(int, optical_status(f.drive).locked, 0));
	cr_assert(eq(int, optical_status(f.drive).disc != NULL, 1));
}
