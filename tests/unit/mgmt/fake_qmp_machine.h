/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_QMP_MACHINE_H
#define THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_QMP_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/drive.h"
#include "mgmt/qmp_machine.h"

/* A machine of two sockets with two cores, one disk, one optical drive, one serial line, one
 * network card, a balloon and two PCI devices, that only remembers what it is told. */
struct fake_qmp_machine {
	enum machine_status status;
	enum machine_end end;
	bool link_up;
	bool has_balloon;
	bool has_port; /* and the network card is behind it, too */
	uint64_t balloon_target;
	/* "cd0", whose functions change this; `drive_force` is what the last one was told. */
	struct drive_status drive;
	bool drive_is_host;
	bool drive_is_stuck, drive_force;
	struct disc_model_config drive_model;
	bool refuses; /* resume and reset fail with a text */
	unsigned resets, power_buttons;
	char added[256]; /* the last device or drive that came */
	/* What the test made; NULL: none. */
	bool is_unplugged[AUDIO_JACKS];
	struct audio *audio;
	struct display *display;
	struct input *input;
	struct clipboard *clipboard;
	struct recording *recording;
};

#define FAKE_QMP_MACHINE                                                                    \
	{                                                                                   \
		.status = MACHINE_RUNNING, .link_up = true, .has_balloon = true, .drive = { \
			.has_disc = true,                                                   \
			.path = "/nowhere/a.iso",                                           \
			.kind = DISC_DVD_ROM,                                               \
			.bytes = 1 << 20                                                    \
		}                                                                           \
	}

extern const struct qmp_machine_ops fake_qmp_machine_ops;

#endif
