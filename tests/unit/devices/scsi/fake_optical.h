/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_OPTICAL_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_OPTICAL_H

#include "devices/scsi/optical.h"
#include "tests/unit/devices/scsi/fake_bus.h"

/*
 * A drive at LUN 0 of a fake bus, whose first attention has been told, and discs to put into it:
 * files in a folder that goes with it.
 */
struct fake_optical {
	struct fake_bus bus;
	struct optical *drive;
	struct fake_command c;
	char folder[32];
	unsigned tray_moves;
	bool tray_open;
};

/* Key and code of sense data as fake_sense_of has them. */
#define NOT_READY(code) (UINT32_C(0x20000) | (code))
#define MEDIUM(code)	(UINT32_C(0x30000) | (code))
#define ILLEGAL(code)	(UINT32_C(0x50000) | (code))
#define ATTENTION(code) (UINT32_C(0x60000) | (code))

void fake_optical_init(struct fake_optical *f);
void fake_optical_finish(struct fake_optical *f);

/* An image of that many sectors, each of which begins with its number. */
struct disc *fake_optical_image(struct fake_optical *f, uint32_t sectors, enum disc_kind kind);
/* A CD of two sessions: 1 is mode 1, LBA 0 to 599; 2 is audio with a pause, start 750, end 1200,
 * ISRC GBAYE6800001; 3, in the second session, is mode 2, start 12600, end 12900. Catalog number
 * 0123456789012. Each sector of 2352 bytes is filled with the lower byte of its place in the file.
 */
struct disc *fake_optical_cd(struct fake_optical *f);

/* Takes the files of the discs away; those that are open stay so. */
void fake_optical_remove_files(const struct fake_optical *f);

/* Opens the tray, lays it in, closes the tray, and has the guest hear of it, unless it spins up. */
void fake_optical_insert(struct fake_optical *f, struct disc *disc);

/* Runs a command to its end; its data are in f->c.data. Returns key and code, 0 when it was good,
 * UINT32_MAX for an overrun. */
uint32_t fake_optical_run(struct fake_optical *f, const uint8_t *cdb, size_t in, size_t out);

#endif
