/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "tests/unit/devices/scsi/fake_optical.h"
#include "vmm/base/bytes.h"

/* An hour: longer than any test. */
#define LONG_MS 3600000u

static struct fake_optical f;

static void setup(void)
{
	fake_optical_init(&f);
}

static void finish(void)
{
	fake_optical_finish(&f);
}

TestSuite(optical_model, .timeout = 30, .init = setup, .fini = finish);

#define RUN(cdb, in, out) fake_optical_run(&f, (cdb), (in), (out))

static const uint8_t READY[6] = { 0x00 };
static const uint8_t READ_TWO[10] = { 0x28, 0, 0, 0, 0, 20, 0, 0, 2 };

Test(optical_model, a_loaded_disc_spins_up)
{
	const struct disc_model_config config = { .spin_up_ms = LONG_MS };
	static const uint8_t SENSE[6] = { 0x03, 0, 0, 0, 18 };

	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x0401)));
	cr_assert(eq(u8, f.c.command.sense[15], 0x80)); /* with its progress */
	cr_assert(eq(u32, RUN(SENSE, 18, 0), 0));
	cr_assert(eq(u16, load_be16(f.c.data + 12), 0x0401));
	cr_assert(eq(int, optical_set_model(f.drive, NULL), 0));
	cr_assert(eq(u32, RUN(READY, 0, 0), ATTENTION(0x2800)));
	cr_assert(eq(u32, RUN(READY, 0, 0), 0));
}

Test(optical_model, a_disc_is_new_to_the_guest_when_it_has_spun_up)
{
	const struct disc_model_config config = { .spin_up_ms = LONG_MS };
	static const uint8_t MEDIA_EVENT[10] = { 0x4a, 1, 0, 0, 1 << 4, 0, 0, 0, 8 };

	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(int, optical_put_disc(f.drive, fake_optical_image(&f, 50, DISC_CD_ROM)), 0));
	optical_close_tray(f.drive);
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x0401)));
	cr_assert(eq(u32, RUN(MEDIA_EVENT, 8, 0), 0));
	cr_assert(eq(u8, f.c.data[4], 0));			 /* no event */
	cr_assert(eq(int, optical_set_model(f.drive, NULL), 0)); /* it spins now */
	cr_assert(eq(u32, RUN(MEDIA_EVENT, 8, 0), 0));
	cr_assert(eq(u8, f.c.data[4], 2)); /* new media */
	cr_assert(eq(u32, RUN(READY, 0, 0), ATTENTION(0x2800)));
	cr_assert(eq(u32, RUN(READY, 0, 0), 0));
}

Test(optical_model, a_disc_that_goes_before_it_has_spun_up_is_never_new)
{
	const struct disc_model_config config = { .spin_up_ms = LONG_MS };

	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(int, optical_put_disc(f.drive, fake_optical_image(&f, 50, DISC_CD_ROM)), 0));
	optical_close_tray(f.drive);
	cr_assert(eq(int, optical_open_tray(f.drive, false), 0));
	cr_assert(eq(int, optical_set_model(f.drive, NULL), 0));
	cr_assert(eq(u32, RUN(READY, 0, 0), NOT_READY(0x3a02)));
}

Test(optical_model, a_bad_sector_is_a_medium_error_once)
{
	const struct disc_model_config config = {
		.faults = { { .first_lba = 21, .last_lba = 21, .once = true } }, .fault_count = 1
	};

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(u32, RUN(READ_TWO, 4096, 0), MEDIUM(0x1100)));
	cr_assert(eq(u32, load_be32(f.c.command.sense + 3), 21));
	cr_assert(eq(sz, f.c.command.moved, 2048));
	cr_assert(eq(u32, RUN(READ_TWO, 4096, 0), 0));
	cr_assert(eq(u64, optical_counters(f.drive)->errors, 1));
}

Test(optical_model, the_first_sector_may_be_the_bad_one)
{
	const struct disc_model_config config = { .faults = { { .first_lba = 0, .last_lba = 49 } },
						  .fault_count = 1 };

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(u32, RUN(READ_TWO, 4096, 0), MEDIUM(0x1100)));
	cr_assert(eq(u32, load_be32(f.c.command.sense + 3), 20));
}

Test(optical_model, a_slow_read_is_held_until_the_drive_is_drained)
{
	const struct disc_model_config config = {
		.faults = { { 20, 20, DISC_FAULT_SLOW, LONG_MS, false } }, .fault_count = 1
	};

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(int, fake_bus_start(&f.bus, &f.c, 0, READ_TWO, 4096, 0), 0));
	cr_assert(eq(int, f.c.is_done, 0));
	scsi_bus_drain(&f.bus.bus);
	cr_assert(eq(int, f.c.is_done, 1));
	cr_assert(eq(u8, f.c.command.status, SCSI_GOOD));
	cr_assert(eq(u32, load_le32(f.c.data), 20));
}

Test(optical_model, a_cancelled_read_ends_at_once)
{
	const struct disc_model_config config = {
		.faults = { { 20, 20, DISC_FAULT_SLOW, LONG_MS, false } }, .fault_count = 1
	};
	struct scsi_unit *unit = optical_unit(f.drive);

	fake_optical_insert(&f, fake_optical_image(&f, 50, DISC_CD_ROM));
	cr_assert(eq(int, optical_set_model(f.drive, &config), 0));
	cr_assert(eq(int, fake_bus_start(&f.bus, &f.c, 0, READ_TWO, 4096, 0), 0));
	unit->ops->cancel(unit, &f.c.command);
	/* Where the host has not read yet, the read ends when it has. */
	while (!f.c.is_done) {
		(void)scsi_bus_poll(&f.bus.bus);
	}
	cr_assert(eq(u8, f.c.command.status, SCSI_GOOD));
}

Test(optical_model, a_stuck_tray_opens_for_nobody)
{
	static const uint8_t EJECT[6] = { 0x1b, 0, 0, 0, 0x02 };

	optical_set_stuck(f.drive, true);
	cr_assert(eq(int, optical_open_tray(f.drive, true), -EIO));
	cr_assert(eq(u32, RUN(EJECT, 0, 0), UINT32_C(0x45300)));
	optical_set_stuck(f.drive, false);
	cr_assert(eq(u32, RUN(EJECT, 0, 0), 0));
}
