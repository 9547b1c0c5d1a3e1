/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_UNIT_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_UNIT_H

#include <stdbool.h>

#include "devices/scsi/scsi.h"

/* A unit for tests. It knows the operations below; TEST UNIT READY and what is unknown end at once.
 */
enum {
	FAKE_FILL = 0x28,     /* READ (10): fills `in` with 5Ah */
	FAKE_TAKE = 0x15,     /* MODE SELECT (6): takes a list of cdb[4] bytes into `taken` */
	FAKE_HOLD = 0xb5,     /* stays in flight until cancelled, drained or released */
	FAKE_HEEDLESS = 0x4a, /* GET EVENT STATUS NOTIFICATION: GOOD */
};

struct fake_unit {
	struct scsi_unit unit;
	struct scsi_command *held[SCSI_COMMANDS_MAX]; /* by slot */
	unsigned held_count;
	uint8_t taken[256];
	unsigned executed, cancelled, resets, kicks, drains;
	bool keeps_cancelled;	 /* as a real drive that cannot stop: cancel does nothing */
	struct scsi_sense state; /* for REQUEST SENSE */
};

void fake_unit_init(struct fake_unit *fake, const char *id);
/* Ends held commands as GOOD, all in one batch. */
void fake_unit_release(struct fake_unit *fake);

#endif
