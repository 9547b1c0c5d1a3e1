/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_QMP_MACHINE_H
#define THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_QMP_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "mgmt/qmp_machine.h"

/* A machine of two sockets with two cores, one disk, one serial line, one network card, a balloon
 * and two PCI devices, that only remembers what it is told. */
struct fake_qmp_machine {
	enum machine_status status;
	enum machine_end end;
	bool link_up;
	bool has_balloon;
	bool has_port; /* and the network card is behind it, too */
	uint64_t balloon_target;
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

#define FAKE_QMP_MACHINE                                                        \
	{                                                                       \
		.status = MACHINE_RUNNING, .link_up = true, .has_balloon = true \
	}

extern const struct qmp_machine_ops fake_qmp_machine_ops;

#endif
