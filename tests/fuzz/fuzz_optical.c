/* SPDX-License-Identifier: MIT */
/* LINK: devices/scsi/ devices/block/ tests/unit/devices/scsi/fake_bus.c
 *       tests/unit/devices/scsi/fake_optical.c */
/*
 * An optical drive whose guest sends any command, while its user opens and closes the tray. Input:
 * actions of one byte, each with its operands; see act(). Each command must end exactly once.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/unit/devices/scsi/fake_optical.h"

#define ACTIONS_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_optical fake;
static bool is_made;

static void command(struct input *in)
{
	uint8_t cdb[16];
	unsigned room;

	for (unsigned i = 0; i < sizeof(cdb); i++) {
		cdb[i] = next(in);
	}
	room = (next(in) | next(in) << 8) % (FAKE_BUS_DATA + 1);
	if (next(in) & 1) {
		for (unsigned i = 0; i < room; i++) {
			fake.c.data[i] = next(in);
		}
		(void)fake_optical_run(&fake, cdb, 0, room);
	} else {
		(void)fake_optical_run(&fake, cdb, room, 0);
	}
}

static void act(struct input *in)
{
	switch (next(in) % 8) {
	case 0:
		(void)optical_open_tray(fake.drive, next(in) & 1);
		break;
	case 1:
		optical_close_tray(fake.drive);
		break;
	case 2:
		scsi_bus_reset(&fake.bus.bus);
		break;
	default:
		command(in);
		break;
	}
}

/* A CD and a DVD, which take turns in the drive. */
static struct disc *discs[2];

static void change_disc(unsigned which)
{
	(void)optical_open_tray(fake.drive, true);
	(void)optical_take_disc(fake.drive);
	(void)optical_put_disc(fake.drive, discs[which]);
	optical_close_tray(fake.drive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!is_made) {
		is_made = true;
		fake_optical_init(&fake);
		discs[0] = fake_optical_cd(&fake);
		discs[1] = fake_optical_image(&fake, 64, DISC_DVD_ROM);
		fake_optical_remove_files(&fake);
	}
	scsi_bus_reset(&fake.bus.bus);
	change_disc(next(&in) & 1);
	for (unsigned i = 0; i < ACTIONS_MAX && in.size > 0; i++) {
		act(&in);
	}
	return 0;
}
