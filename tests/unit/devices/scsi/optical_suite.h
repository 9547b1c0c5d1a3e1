/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_OPTICAL_SUITE_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_OPTICAL_SUITE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/devices/scsi/fake_optical.h"

/* What tests of the drive's commands share: a drive of the test's own, to which a command goes. */
static struct fake_optical f;

static void set_up_drive(void)
{
	fake_optical_init(&f);
}

static void tear_down_drive(void)
{
	fake_optical_finish(&f);
}

#define OPTICAL_SUITE(name) \
	TestSuite(name, .timeout = 30, .init = set_up_drive, .fini = tear_down_drive)

#define RUN(cdb, in, out) fake_optical_run(&f, (cdb), (in), (out))

/* Runs a command of ten or twelve bytes that must answer exactly this. */
#define EXPECT(cdb, want)                                                         \
	do {                                                                      \
		cr_assert(eq(u32, RUN(cdb, sizeof(f.c.data), 0), 0));             \
		cr_assert(eq(sz, f.c.command.moved, sizeof(want)));               \
		for (size_t i = 0; i < sizeof(want); i++) {                       \
			cr_assert(eq(u8, f.c.data[i], (want)[i]), "byte %zu", i); \
		}                                                                 \
	} while (0)

#endif
