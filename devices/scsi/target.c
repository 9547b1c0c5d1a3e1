/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/bus_state.h"
#include "vmm/base/compiler.h"

#define CONTROL_NACA_BIT 2

/* --- REQUEST SENSE (SPC-4 §6.39) --- */

static void answer_sense(struct scsi_command *c, const struct scsi_sense *sense)
{
	uint8_t out[SCSI_SENSE_MAX];
	unsigned bytes;

	if (c->cdb[1] & ~0x01) {
		scsi_command_bad_field(c, 1, -1);
		return;
	}
	bytes = scsi_sense_write(sense, c->cdb[1] & 0x01, out);
	scsi_command_answer(c, out, bytes, c->cdb[4]);
}

static void request_sense(struct scsi_unit *unit, struct scsi_command *c)
{
	struct scsi_sense sense = { .key = SCSI_NO_SENSE };

	if (unit->attentions.count > 0 && !(c->cdb[1] & ~0x01)) {
		sense.key = SCSI_UNIT_ATTENTION;
		sense.code = scsi_attention_take(unit);
	} else if (unit->ops->describe_state) {
		unit->ops->describe_state(unit, &sense);
	}
	answer_sense(c, &sense);
}

/* --- addresses without a unit: absent ones, and REPORT LUNS' own --- */

/* SPC-4 §6.6.2, §6.39.1 and SAM-5 §5.11: what a target answers for a LUN that it has not. */
static void execute_absent(const struct scsi_bus *bus, int target, struct scsi_command *c)
{
	static const struct scsi_sense ABSENT = { .key = SCSI_ILLEGAL_REQUEST,
						  .code = SCSI_CODE_LUN_NOT_SUPPORTED };

	switch (c->cdb[0]) {
	case SCSI_INQUIRY:
		scsi_inquire(c, SCSI_TYPE_NONE, NULL);
		break;
	case SCSI_REPORT_LUNS:
		scsi_report_luns(bus, target, c);
		break;
	case SCSI_REQUEST_SENSE:
		answer_sense(c, &ABSENT);
		break;
	default:
		scsi_command_check(c, &ABSENT, 0);
		break;
	}
}

static void execute_report_luns_unit(const struct scsi_bus *bus, int target, struct scsi_command *c)
{
	static const struct scsi_sense NONE = { .key = SCSI_NO_SENSE };

	switch (c->cdb[0]) {
	case SCSI_INQUIRY:
		scsi_inquire(c, SCSI_TYPE_WELL_KNOWN, NULL);
		break;
	case SCSI_REPORT_LUNS:
		scsi_report_luns(bus, target, c);
		break;
	case SCSI_REQUEST_SENSE:
		answer_sense(c, &NONE);
		break;
	case SCSI_TEST_UNIT_READY:
		scsi_command_end(c, SCSI_GOOD, 0);
		break;
	default:
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INVALID_OPERATION);
		break;
	}
}

/* --- units --- */

static bool heeds_attentions(const struct scsi_unit *unit, uint8_t operation)
{
	const uint8_t *heedless = unit->ops->heedless;

	while (heedless && *heedless) {
		if (*heedless++ == operation) {
			return false;
		}
	}
	return true;
}

static void tell_attention(struct scsi_unit *unit, struct scsi_command *c)
{
	scsi_command_fail(c, SCSI_UNIT_ATTENTION, scsi_attention_take(unit));
	/* Counted as what it is. */
	unit->counters.check_conditions--;
}

static void execute_on_unit(struct scsi_unit *unit, struct scsi_command *c)
{
	const unsigned cdb_bytes = scsi_cdb_bytes(c->cdb[0]);

	/* SAM-5 §5.2: no unit here has NormACA set. */
	if (cdb_bytes > 0 && (c->cdb[cdb_bytes - 1] & (1u << CONTROL_NACA_BIT))) {
		scsi_command_bad_field(c, cdb_bytes - 1, CONTROL_NACA_BIT);
	} else if (c->cdb[0] == SCSI_REPORT_LUNS) {
		scsi_report_luns(unit->bus, unit->target, c);
	} else if (c->cdb[0] == SCSI_REQUEST_SENSE) {
		request_sense(unit, c);
	} else if (c->cdb[0] == SCSI_INQUIRY && unit->identity) {
		scsi_inquire(c, (uint8_t)unit->type, unit->identity);
	} else if (c->cdb[0] != SCSI_INQUIRY && unit->attentions.count > 0 &&
		   heeds_attentions(unit, c->cdb[0])) {
		tell_attention(unit, c);
	} else {
		unit->ops->execute(unit, c);
	}
}

static void enter(struct scsi_unit *unit, struct scsi_command *c)
{
	if (unit->slots == UINT64_MAX) {
		unit->counters.refused++;
		scsi_command_end(c, SCSI_TASK_SET_FULL, 0);
		return;
	}
	c->unit = unit;
	c->slot = (unsigned)__builtin_ctzll(~unit->slots);
	c->number = unit->bus->next_number++;
	unit->slots |= UINT64_C(1) << c->slot;
	unit->counters.commands++;
	list_append(&unit->commands, &c->node);
	execute_on_unit(unit, c);
}

void scsi_bus_execute(struct scsi_bus *bus, uint8_t target, const uint8_t lun[8],
		      struct scsi_command *command)
{
	struct scsi_unit *unit = scsi_bus_find(bus, target, lun);

	command->data_bytes = command->in.bytes + command->out.bytes;
	if (unit) {
		enter(unit, command);
	} else if (!scsi_bus_has_target(bus, target)) {
		scsi_command_break(command, SCSI_NO_TARGET);
	} else if (scsi_lun_is_report_luns(lun)) {
		execute_report_luns_unit(bus, target, command);
	} else {
		execute_absent(bus, target, command);
	}
}

void scsi_bus_execute_root(struct scsi_bus *bus, struct scsi_command *command)
{
	command->data_bytes = command->in.bytes + command->out.bytes;
	execute_report_luns_unit(bus, -1, command);
}
