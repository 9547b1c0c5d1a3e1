/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_BUS_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_SCSI_FAKE_BUS_H

#include "devices/scsi/bus.h"

/*
 * A bus without a controller, on a loop that no thread runs: tests of units give it commands and
 * look at what came back.
 */
#define FAKE_BUS_DATA 4096u

struct fake_command {
	struct scsi_command command;
	struct iovec iov[2];
	uint8_t data[FAKE_BUS_DATA]; /* from or for the guest, in two slices */
	bool is_done;
};

struct fake_bus {
	struct scsi_bus bus;
	struct loop *loop;
	unsigned batches;
	unsigned events;
	enum scsi_event event; /* the last one */
	uint32_t value;
	uint16_t event_lun;
};

void fake_bus_init(struct fake_bus *fake);
void fake_bus_finish(struct fake_bus *fake);

/* Gives target 0 a command with `in` or `out` bytes of c->data; c->tag is kept. The CDB has as many
 * bytes as its group. Returns whether it has ended. */
bool fake_bus_start(struct fake_bus *fake, struct fake_command *c, uint16_t lun, const uint8_t *cdb,
		    size_t in, size_t out);
/* The same for LUN 0 where it ends at once. Returns the status. */
uint8_t fake_bus_run(struct fake_bus *fake, struct fake_command *c, const uint8_t *cdb, size_t in,
		     size_t out);

/* Key and code of fixed sense data as 0xKCCQQ. */
uint32_t fake_sense_of(const struct fake_command *c);

#endif
