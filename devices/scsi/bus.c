/* SPDX-License-Identifier: MIT */
#include "devices/scsi/bus.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "devices/scsi/bus_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/loop.h"

_Static_assert(SCSI_COMMANDS_MAX == 64, "slots are the bits of a 64-bit number");

void scsi_bus_init(struct scsi_bus *bus, struct loop *loop, const struct scsi_transport *transport)
{
	*bus = (struct scsi_bus){ .loop = loop, .transport = *transport };
	list_init(&bus->tasks);
}

struct loop *scsi_bus_loop(const struct scsi_bus *bus)
{
	return bus->loop;
}

/* --- addresses (SAM-5 §4.7) --- */

#define METHOD_MASK	  0xc0
#define METHOD_PERIPHERAL 0x00
#define METHOD_FLAT	  0x40

void scsi_lun_encode(uint16_t lun, uint8_t out[8])
{
	memset(out, 0, 8);
	store_be16(out, lun < 256 ? lun : (uint16_t)(METHOD_FLAT << 8 | lun));
}

int scsi_lun_decode(const uint8_t lun[8])
{
	static const uint8_t NO_LEVELS[6];
	const uint8_t bus_or_high = lun[0] & (uint8_t)~METHOD_MASK;

	if (memcmp(lun + 2, NO_LEVELS, sizeof(NO_LEVELS)) != 0) {
		return -1;
	}
	switch (lun[0] & METHOD_MASK) {
	case METHOD_PERIPHERAL:
		return bus_or_high == 0 ? lun[1] : -1;
	case METHOD_FLAT:
		return bus_or_high << 8 | lun[1];
	default:
		return -1;
	}
}

static struct scsi_unit *find_unit(const struct scsi_bus *bus, uint8_t target, int lun)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i]->target == target && bus->units[i]->lun == lun) {
			return bus->units[i];
		}
	}
	return NULL;
}

struct scsi_unit *scsi_bus_find(const struct scsi_bus *bus, uint8_t target, const uint8_t lun[8])
{
	return find_unit(bus, target, scsi_lun_decode(lun));
}

bool scsi_bus_has_target(const struct scsi_bus *bus, uint8_t target)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i]->target == target) {
			return true;
		}
	}
	return false;
}

/* --- units come and go --- */

static void tell_neighbours(struct scsi_bus *bus, const struct scsi_unit *unit)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i] != unit && bus->units[i]->target == unit->target) {
			scsi_unit_attention(bus->units[i], SCSI_CODE_LUNS_CHANGED);
		}
	}
}

static void tell_transport(const struct scsi_bus *bus, const struct scsi_unit *unit,
			   enum scsi_event event)
{
	bus->transport.on_event(bus->transport.owner, unit->target, unit->lun, event, 0);
}

static unsigned address_of(const struct scsi_unit *unit)
{
	return unit->target * SCSI_LUNS_MAX + unit->lun;
}

static void insert(struct scsi_bus *bus, struct scsi_unit *unit)
{
	unsigned at = bus->unit_count++;

	while (at > 0 && address_of(bus->units[at - 1]) > address_of(unit)) {
		bus->units[at] = bus->units[at - 1];
		at--;
	}
	bus->units[at] = unit;
}

struct attach_call {
	struct scsi_bus *bus;
	struct scsi_unit *unit;
	int result;
};

static void attach(void *arg)
{
	struct attach_call *call = arg;
	struct scsi_bus *bus = call->bus;
	struct scsi_unit *unit = call->unit;

	if (find_unit(bus, unit->target, unit->lun)) {
		call->result = -EEXIST;
		return;
	}
	if (bus->unit_count == SCSI_UNITS_MAX) {
		call->result = -ENOSPC;
		return;
	}
	unit->bus = bus;
	unit->slots = 0;
	unit->subscribed = 0;
	unit->attentions.count = 0;
	list_init(&unit->commands);
	insert(bus, unit);
	scsi_unit_attention(unit, SCSI_CODE_RESET);
	tell_neighbours(bus, unit);
	tell_transport(bus, unit, SCSI_EVENT_APPEARED);
}

int scsi_bus_attach(struct scsi_bus *bus, struct scsi_unit *unit, uint8_t target, uint16_t lun,
		    struct error *err)
{
	struct attach_call call = { .bus = bus, .unit = unit };

	if (target >= SCSI_TARGETS_MAX || lun >= SCSI_LUNS_MAX) {
		return error_set(err, -EINVAL,
				 "%s: no SCSI address %u:%u; targets go to %u, LUNs to %u",
				 unit->id, target, lun, SCSI_TARGETS_MAX - 1, SCSI_LUNS_MAX - 1);
	}
	unit->target = target;
	unit->lun = lun;
	loop_call(bus->loop, attach, &call);
	if (call.result == -EEXIST) {
		return error_set(err, -EEXIST, "%s: SCSI target %u has a LUN %u already", unit->id,
				 target, lun);
	}
	if (call.result == -ENOSPC) {
		return error_set(err, -ENOSPC, "%s: a SCSI controller has %u units at most",
				 unit->id, SCSI_UNITS_MAX);
	}
	return 0;
}

int scsi_bus_attach_next(struct scsi_bus *bus, struct scsi_unit *unit, struct error *err)
{
	int code = -EEXIST;

	for (unsigned target = 0; code == -EEXIST && target < SCSI_TARGETS_MAX; target++) {
		code = scsi_bus_attach(bus, unit, (uint8_t)target, 0, err);
	}
	return code;
}

/* Ends all commands of a unit with SCSI_RESET. */
static void clear(struct scsi_unit *unit)
{
	const struct scsi_task all = { .kind = SCSI_UNIT_RESET, .before = UINT64_MAX };

	scsi_unit_interrupt(unit, &all, SCSI_RESET);
	if (unit->ops->drain) {
		unit->ops->drain(unit);
	}
	assert(list_is_empty(&unit->commands));
}

static void take_out(struct scsi_bus *bus, struct scsi_unit *unit)
{
	unsigned at = 0;

	clear(unit);
	while (bus->units[at] != unit) {
		at++;
	}
	bus->unit_count--;
	memmove(&bus->units[at], &bus->units[at + 1],
		(bus->unit_count - at) * sizeof(struct scsi_unit *));
	unit->bus = NULL;
}

static void detach(void *arg)
{
	struct scsi_unit *unit = arg;
	struct scsi_bus *bus = unit->bus;

	take_out(bus, unit);
	tell_neighbours(bus, unit);
	tell_transport(bus, unit, SCSI_EVENT_REMOVED);
	bus->transport.on_batch(bus->transport.owner);
}

void scsi_bus_detach(struct scsi_unit *unit)
{
	if (unit->bus) {
		loop_call(unit->bus->loop, detach, unit);
	}
}

static void detach_all(void *arg)
{
	struct scsi_bus *bus = arg;

	while (bus->unit_count > 0) {
		take_out(bus, bus->units[bus->unit_count - 1]);
	}
}

void scsi_bus_finish(struct scsi_bus *bus)
{
	if (bus->unit_count > 0) {
		loop_call(bus->loop, detach_all, bus);
	}
}

/* --- all units --- */

uint32_t scsi_bus_subscribe(struct scsi_unit *unit, uint32_t notices)
{
	unit->subscribed = notices & unit->notices;
	return unit->subscribed;
}

void scsi_bus_kick(struct scsi_bus *bus)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i]->ops->kick) {
			bus->units[i]->ops->kick(bus->units[i]);
		}
	}
}

bool scsi_bus_poll(struct scsi_bus *bus)
{
	bool found = false;

	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i]->ops->poll) {
			found |= bus->units[i]->ops->poll(bus->units[i]);
		}
	}
	return found;
}

void scsi_bus_drain(struct scsi_bus *bus)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (bus->units[i]->ops->drain) {
			bus->units[i]->ops->drain(bus->units[i]);
		}
	}
}

void scsi_bus_reset(struct scsi_bus *bus)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		struct scsi_unit *unit = bus->units[i];

		clear(unit);
		if (unit->ops->reset) {
			unit->ops->reset(unit);
		}
		unit->subscribed = 0;
		unit->attentions.count = 0;
		scsi_unit_attention(unit, SCSI_CODE_RESET);
	}
}
