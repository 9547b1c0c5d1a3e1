/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
#include "devices/scsi/cd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/scsi/drive.h"
#include "tests/unit/devices/scsi/fake_bus.h"
#include "tests/unit/devices/scsi/fake_optical.h"

/* The device "cd0" on a bus, and two discs to put into it. */
static struct fake_bus bus;
static struct fake_command c;
static void *cd;
static struct error err;
static struct {
	unsigned count;
	char id[16];
	char event[16];
	uint64_t value;
} heard;
static char folder[] = "./test_cd.XXXXXX";
static char big[64], small[64];

#define BIG_SECTORS   500000u /* more than a CD has: a DVD */
#define SMALL_SECTORS 400u

static const uint8_t READY[6] = { 0x00 };
static const uint8_t PREVENT[6] = { 0x1e, 0, 0, 0, 1 };
static const uint8_t EJECT[6] = { 0x1b, 0, 0, 0, 0x02 };

static void on_notify(void *arg, const char *id, const char *event, uint64_t value)
{
	(void)arg;
	heard.count++;
	(void)snprintf(heard.id, sizeof(heard.id), "%s", id);
	(void)snprintf(heard.event, sizeof(heard.event), "%s", event);
	heard.value = value;
}

static void make_file(char path[64], const char *name, uint32_t sectors)
{
	FILE *file;

	(void)snprintf(path, 64, "%s/%s", folder, name);
	file = fopen(path, "we");
	cr_assert(file && ftruncate(fileno(file), (off_t)sectors * DISC_DATA_BYTES) == 0);
	(void)fclose(file);
}

static void make_bus(void)
{
	fake_bus_init(&bus);
	cr_assert(mkdtemp(folder) != NULL);
	make_file(big, "big.iso", BIG_SECTORS);
	make_file(small, "small.iso", SMALL_SECTORS);
}

static int make_cd(const char *options_text)
{
	const struct device_env env = {
		.scsi = &bus.bus, .loop = bus.loop, .id = "cd0", .notify = on_notify
	};
	void *options = calloc(1, scsi_cd_type.options_size);
	int code;

	cd = calloc(1, scsi_cd_type.state_size);
	code = options_parse(&scsi_cd_type.options, options_text, options, &err);
	if (code == 0) {
		code = scsi_cd_type.init(cd, &env, options, &err);
		options_finish(&scsi_cd_type.options, options);
	}
	free(options);
	return code;
}

static void finish(void)
{
	if (bus.bus.unit_count > 0) {
		scsi_cd_type.finish(cd);
	}
	free(cd);
	fake_bus_finish(&bus);
	(void)unlink(big);
	(void)unlink(small);
	(void)rmdir(folder);
}

TestSuite(cd, .timeout = 30, .init = make_bus, .fini = finish);

static struct drive_status status(void)
{
	struct drive_status out;

	scsi_cd_type.drive->status(cd, &out);
	return out;
}

static int insert(const char *path, bool force)
{
	const struct disc_config config = { .path = path, .kind = DISC_BY_CONTENT };

	return scsi_cd_type.drive->insert(cd, &config, force, &err);
}

/* What TEST UNIT READY says, as 0xKCCQQ. */
static uint32_t readiness(void)
{
	return fake_bus_run(&bus, &c, READY, 0, 0) == SCSI_GOOD ? 0 : fake_sense_of(&c);
}

Test(cd, a_drive_without_a_file_is_empty)
{
	cr_assert(eq(int, make_cd(""), 0));
	cr_assert(not(status().has_disc));
	cr_assert(not(status().tray_open));
	cr_assert(eq(u32, readiness(), ATTENTION(0x2900)));
	cr_assert(eq(u32, readiness(), NOT_READY(0x3a01)));
}

Test(cd, a_disc_named_at_the_start_is_there_when_the_guest_looks)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%s,kind=dvd-r", big);
	cr_assert(eq(int, make_cd(text), 0));
	cr_assert(eq(u32, readiness(), ATTENTION(0x2900)));
	cr_assert(eq(u32, readiness(), 0));
	cr_assert(eq(int, status().kind, DISC_DVD_R));
	cr_assert(eq(u64, status().bytes, (uint64_t)BIG_SECTORS * DISC_DATA_BYTES));
	cr_assert(eq(str, status().path, big));
	cr_assert(eq(uint, heard.count, 0));
}

Test(cd, a_disc_that_cannot_be_opened_fails_the_device_and_names_it)
{
	cr_assert(eq(int, make_cd("./not-there.iso"), -ENOENT));
	cr_assert(strstr(err.text, "not-there.iso") != NULL);
	cr_assert(eq(uint, bus.bus.unit_count, 0));
}

Test(cd, a_serial_number_that_guests_would_not_see_whole_is_refused)
{
	cr_assert(eq(int, make_cd("serial=123456789012345678901234567890123"), -EINVAL));
	cr_assert(strstr(err.text, "longer than 32") != NULL);
}

Test(cd, drives_take_the_next_free_targets)
{
	void *first;

	cr_assert(eq(int, make_cd(""), 0));
	first = cd;
	cr_assert(eq(int, make_cd(""), 0));
	cr_assert(eq(uint, bus.bus.units[0]->target, 0));
	cr_assert(eq(uint, bus.bus.units[1]->target, 1));
	scsi_cd_type.finish(first);
	free(first);
}

Test(cd, inserting_tells_the_guest_and_the_user)
{
	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	cr_assert(eq(int, insert(big, false), 0));
	cr_assert(eq(str, status().path, big));
	cr_assert(eq(uint, heard.count, 2)); /* it opened and it closed */
	cr_assert(eq(str, heard.id, "cd0"));
	cr_assert(eq(str, heard.event, DRIVE_TRAY_EVENT));
	cr_assert(eq(u64, heard.value, 0));
	cr_assert(eq(u32, readiness(), ATTENTION(0x2800)));
	cr_assert(eq(u32, readiness(), 0));
}

Test(cd, a_disc_that_cannot_be_opened_leaves_the_one_that_is_there)
{
	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	cr_assert(eq(int, insert("./not-there.iso", true), -ENOENT));
	cr_assert(strstr(err.text, "cd0") != NULL);
	cr_assert(eq(str, status().path, small));
	cr_assert(eq(uint, heard.count, 0));
	cr_assert(eq(u32, readiness(), 0));
}

Test(cd, a_locked_tray_lets_nothing_in_or_out_but_by_force)
{
	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	cr_assert(eq(u8, fake_bus_run(&bus, &c, PREVENT, 0, 0), SCSI_GOOD));
	cr_assert(status().locked);
	cr_assert(eq(int, insert(big, false), -EBUSY));
	cr_assert(eq(int, scsi_cd_type.drive->open_tray(cd, false, &err), -EBUSY));
	cr_assert(strstr(err.text, "locked") != NULL);
	cr_assert(eq(str, status().path, small));
	cr_assert(eq(int, insert(big, true), 0));
	cr_assert(eq(str, status().path, big));
}

Test(cd, a_tray_opened_by_the_guest_is_told_and_can_be_emptied)
{
	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	cr_assert(eq(int, scsi_cd_type.drive->remove(cd, &err), -EBUSY));
	cr_assert(eq(u8, fake_bus_run(&bus, &c, EJECT, 0, 0), SCSI_GOOD));
	cr_assert(eq(u64, heard.value, 1));
	cr_assert(status().tray_open);
	cr_assert(status().has_disc);
	cr_assert(eq(int, scsi_cd_type.drive->remove(cd, &err), 0));
	cr_assert(not(status().has_disc));
	cr_assert(eq(int, scsi_cd_type.drive->close_tray(cd, &err), 0));
	cr_assert(eq(u64, heard.value, 0));
}

Test(cd, a_stuck_tray_opens_for_nobody)
{
	const struct disc_model_config model = { .spin_up_ms = 0 };

	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	cr_assert(eq(int, scsi_cd_type.drive->set_model(cd, &model, true, &err), 0));
	cr_assert(eq(int, scsi_cd_type.drive->open_tray(cd, true, &err), -EIO));
	cr_assert(strstr(err.text, "stuck") != NULL);
	cr_assert(eq(int, scsi_cd_type.drive->set_model(cd, NULL, false, &err), 0));
	cr_assert(eq(int, scsi_cd_type.drive->open_tray(cd, true, &err), 0));
}

Test(cd, a_model_that_cannot_be_is_refused)
{
	const struct disc_model_config model = { .faults = { { .first_lba = 10, .last_lba = 9 } },
						 .fault_count = 1 };

	cr_assert(eq(int, make_cd(""), 0));
	cr_assert(eq(int, scsi_cd_type.drive->set_model(cd, &model, false, &err), -EINVAL));
	cr_assert(strstr(err.text, "ends before it begins") != NULL);
}

Test(cd, reads_are_counted)
{
	static const uint8_t READ[10] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct drive_counters counters;

	cr_assert(eq(int, make_cd(small), 0));
	(void)readiness();
	(void)fake_bus_start(&bus, &c, 0, READ, DISC_DATA_BYTES, 0);
	scsi_bus_drain(&bus.bus);
	cr_assert(c.is_done);
	scsi_cd_type.drive->counters(cd, &counters);
	cr_assert(eq(u64, counters.reads, 1));
	cr_assert(eq(u64, counters.sectors, 1));
}
