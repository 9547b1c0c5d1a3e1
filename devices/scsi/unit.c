/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/bus_state.h"
#include "devices/scsi/scsi.h"

#define CODE_OF(code)  ((code) >> 8)
#define RESET_CODE     CODE_OF(SCSI_CODE_RESET)
#define IS_RESET(code) (CODE_OF(code) == RESET_CODE)

/* --- unit attentions --- */

static void remove_at(struct scsi_attentions *a, unsigned index)
{
	a->count--;
	memmove(&a->codes[index], &a->codes[index + 1], (a->count - index) * sizeof(a->codes[0]));
}

uint16_t scsi_attention_take(struct scsi_unit *unit)
{
	struct scsi_attentions *a = &unit->attentions;
	uint16_t code = a->codes[0];

	if (a->count == 0) {
		return SCSI_CODE_NONE;
	}
	remove_at(a, 0);
	unit->counters.attentions++;
	return code;
}

void scsi_attention_forget(struct scsi_unit *unit, uint16_t code)
{
	struct scsi_attentions *a = &unit->attentions;

	for (unsigned i = 0; i < a->count; i++) {
		if (a->codes[i] == code) {
			remove_at(a, i);
			return;
		}
	}
}

/* The weightier a reset, the lower its qualifier (SAM-5 §5.14, table 51). */
static void add_reset(struct scsi_attentions *a, uint16_t code)
{
	if (a->count > 0 && IS_RESET(a->codes[0])) {
		a->codes[0] = a->codes[0] < code ? a->codes[0] : code;
		return;
	}
	if (a->count == SCSI_ATTENTIONS_MAX) {
		a->count--;
	}
	memmove(&a->codes[1], &a->codes[0], a->count * sizeof(a->codes[0]));
	a->codes[0] = code;
	a->count++;
}

void scsi_unit_attention(struct scsi_unit *unit, uint16_t code)
{
	struct scsi_attentions *a = &unit->attentions;

	if (IS_RESET(code)) {
		add_reset(a, code);
		return;
	}
	for (unsigned i = 0; i < a->count; i++) {
		if (a->codes[i] == code) {
			return;
		}
	}
	if (a->count < SCSI_ATTENTIONS_MAX) {
		a->codes[a->count++] = code;
	}
}

/* --- to the transport --- */

static void tell(const struct scsi_unit *unit, enum scsi_event event, uint32_t value)
{
	const struct scsi_bus *bus = unit->bus;

	if (bus) {
		bus->transport.on_event(bus->transport.owner, unit->target, unit->lun, event,
					value);
	}
}

void scsi_unit_changed(struct scsi_unit *unit, uint16_t code)
{
	scsi_unit_attention(unit, code);
	tell(unit, SCSI_EVENT_PARAMETERS, code);
}

void scsi_unit_notify(struct scsi_unit *unit, uint32_t notices)
{
	const uint32_t wanted = notices & unit->subscribed;

	if (wanted) {
		tell(unit, SCSI_EVENT_NOTICE, wanted);
	}
}

void scsi_unit_batch_done(struct scsi_unit *unit)
{
	const struct scsi_bus *bus = unit->bus;

	if (bus) {
		bus->transport.on_batch(bus->transport.owner);
	}
}
