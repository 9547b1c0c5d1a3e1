/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/bus_state.h"
#include "devices/scsi/scsi.h"
#include "vmm/base/compiler.h"
#include "vmm/base/iov.h"

/* --- how commands end --- */

static void count(struct scsi_unit *unit, const struct scsi_command *c)
{
	struct scsi_counters *counters = &unit->counters;

	if (c->delivery != SCSI_DELIVERED) {
		counters->interrupted += c->interrupted != SCSI_DELIVERED;
		return;
	}
	counters->check_conditions += c->status == SCSI_CHECK_CONDITION;
	if (c->in.bytes) {
		counters->bytes_in += c->moved;
	} else {
		counters->bytes_out += c->moved;
	}
}

/* A unit's command leaves the unit here; one that never had a unit goes straight back. */
static void finish(struct scsi_command *c)
{
	struct scsi_unit *unit = c->unit;

	if (!unit) {
		c->done(c);
		return;
	}
	assert(unit->slots & (UINT64_C(1) << c->slot));
	if (c->interrupted != SCSI_DELIVERED) {
		c->delivery = c->interrupted;
	}
	count(unit, c);
	unit->slots &= ~(UINT64_C(1) << c->slot);
	list_remove(&c->node);
	c->unit = NULL;
	c->done(c);
	scsi_tasks_review(unit->bus);
}

void scsi_command_end(struct scsi_command *command, enum scsi_status status, size_t moved)
{
	command->delivery = SCSI_DELIVERED;
	command->status = (uint8_t)status;
	command->moved = MIN(moved, command->data_bytes);
	finish(command);
}

void scsi_command_check(struct scsi_command *command, const struct scsi_sense *sense, size_t moved)
{
	bool descriptor = command->unit && command->unit->descriptor_sense;

	command->sense_bytes = scsi_sense_write(sense, descriptor, command->sense);
	scsi_command_end(command, SCSI_CHECK_CONDITION, moved);
}

void scsi_command_fail(struct scsi_command *command, enum scsi_sense_key key, uint16_t code)
{
	const struct scsi_sense sense = { .key = key, .code = code };

	scsi_command_check(command, &sense, 0);
}

void scsi_command_bad_field(struct scsi_command *command, unsigned byte, int bit)
{
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
				    .code = SCSI_CODE_INVALID_FIELD_IN_CDB };

	scsi_sense_point(&sense, true, byte, bit);
	scsi_command_check(command, &sense, 0);
}

void scsi_command_pass_sense(struct scsi_command *command, const void *sense, size_t bytes,
			     size_t moved)
{
	command->sense_bytes = (unsigned)MIN(bytes, SCSI_SENSE_MAX);
	memcpy(command->sense, sense, command->sense_bytes);
	scsi_command_end(command, SCSI_CHECK_CONDITION, moved);
}

void scsi_command_break(struct scsi_command *command, enum scsi_delivery delivery)
{
	command->delivery = delivery;
	command->moved = 0;
	finish(command);
}

/* --- data --- */

void scsi_command_answer(struct scsi_command *command, const void *answer, size_t bytes,
			 size_t allocation_length)
{
	size_t length = MIN(bytes, allocation_length);

	if (length > command->in.bytes) {
		scsi_command_break(command, SCSI_OVERRUN);
		return;
	}
	(void)iov_write(command->in.iov, command->in.count, 0, answer, length);
	scsi_command_end(command, SCSI_GOOD, length);
}

bool scsi_command_take(struct scsi_command *command, void *list, size_t bytes)
{
	if (bytes > command->out.bytes) {
		scsi_command_break(command, SCSI_OVERRUN);
		return false;
	}
	(void)iov_read(command->out.iov, command->out.count, 0, list, bytes);
	return true;
}

bool scsi_command_fit_in(struct scsi_command *command, size_t bytes)
{
	if (bytes > command->in.bytes) {
		scsi_command_break(command, SCSI_OVERRUN);
		return false;
	}
	command->in.bytes = iov_trim(command->in.iov, &command->in.count, bytes);
	return true;
}

/* --- CDBs --- */

unsigned scsi_cdb_bytes(uint8_t operation)
{
	static const uint8_t BYTES[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	return BYTES[operation >> 5];
}
