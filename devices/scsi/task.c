/* SPDX-License-Identifier: MIT */
#include "devices/scsi/bus.h"
#include "devices/scsi/bus_state.h"

/* --- which commands and units a function is about --- */

static bool concerns_unit(const struct scsi_task *t, const struct scsi_unit *unit)
{
	return t->unit ? t->unit == unit : t->target == unit->target;
}

static bool names_command(const struct scsi_task *t)
{
	return t->kind == SCSI_ABORT_TASK || t->kind == SCSI_QUERY_TASK;
}

static bool concerns(const struct scsi_task *t, const struct scsi_command *c)
{
	return c->number < t->before && (!names_command(t) || c->tag == t->tag);
}

/* The first command of `unit` from `number` on that the function is about. */
static struct scsi_command *find_command(const struct scsi_task *t, struct scsi_unit *unit,
					 uint64_t number)
{
	struct scsi_command *c;

	list_for_each (c, &unit->commands, struct scsi_command, node) {
		if (c->number >= number && concerns(t, c)) {
			return c;
		}
	}
	return NULL;
}

static bool finds_command(const struct scsi_bus *bus, const struct scsi_task *t)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (concerns_unit(t, bus->units[i]) && find_command(t, bus->units[i], 0)) {
			return true;
		}
	}
	return false;
}

/* --- what it does to them --- */

void scsi_unit_interrupt(struct scsi_unit *unit, const struct scsi_task *t,
			 enum scsi_delivery delivery)
{
	struct scsi_command *c = find_command(t, unit, 0);

	/* A unit may end any of its commands when one is cancelled: look afresh each time. */
	while (c) {
		uint64_t number = c->number;

		c->interrupted = delivery;
		if (unit->ops->cancel) {
			unit->ops->cancel(unit, c);
		}
		c = find_command(t, unit, number + 1);
	}
}

static void interrupt(struct scsi_bus *bus, const struct scsi_task *t, enum scsi_delivery delivery)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		if (concerns_unit(t, bus->units[i])) {
			scsi_unit_interrupt(bus->units[i], t, delivery);
		}
	}
}

static void reset_units(struct scsi_bus *bus, const struct scsi_task *t, uint16_t code)
{
	for (unsigned i = 0; i < bus->unit_count; i++) {
		struct scsi_unit *unit = bus->units[i];

		if (!concerns_unit(t, unit)) {
			continue;
		}
		/* The loss of a nexus forgets nothing but commands (SAM-5 §6.3.4). */
		if (unit->ops->reset && t->kind == SCSI_UNIT_RESET) {
			unit->ops->reset(unit);
		}
		scsi_unit_attention(unit, code);
	}
}

/* --- the life of a function --- */

static void start(struct scsi_bus *bus, struct scsi_task *t)
{
	switch (t->kind) {
	case SCSI_NEXUS_RESET:
		interrupt(bus, t, SCSI_RESET);
		reset_units(bus, t, SCSI_CODE_NEXUS_LOSS);
		break;
	case SCSI_UNIT_RESET:
		interrupt(bus, t, SCSI_RESET);
		reset_units(bus, t, SCSI_CODE_UNIT_RESET);
		break;
	default:
		interrupt(bus, t, SCSI_ABORTED);
		break;
	}
	list_append(&bus->tasks, &t->node);
	scsi_tasks_review(bus);
}

void scsi_tasks_review(struct scsi_bus *bus)
{
	struct scsi_task *t;

	list_for_each (t, &bus->tasks, struct scsi_task, node) {
		if (!finds_command(bus, t)) {
			list_remove(&t->node);
			t->done(t, SCSI_FUNCTION_COMPLETE);
		}
	}
}

void scsi_bus_manage(struct scsi_bus *bus, struct scsi_task *task)
{
	const bool is_query = task->kind == SCSI_QUERY_TASK || task->kind == SCSI_QUERY_TASK_SET;

	task->before = bus->next_number;
	task->unit = NULL;
	if (!scsi_bus_has_target(bus, task->target)) {
		task->done(task, SCSI_FUNCTION_NO_TARGET);
		return;
	}
	if (task->kind != SCSI_NEXUS_RESET) {
		task->unit = scsi_bus_find(bus, task->target, task->lun);
		if (!task->unit) {
			task->done(task, SCSI_FUNCTION_BAD_LUN);
			return;
		}
	}
	if (task->kind == SCSI_CLEAR_ACA) { /* no unit ever has one: NACA is refused */
		task->done(task, SCSI_FUNCTION_REJECTED);
	} else if (is_query) {
		task->done(task, finds_command(bus, task) ? SCSI_FUNCTION_SUCCEEDED
							  : SCSI_FUNCTION_COMPLETE);
	} else {
		start(bus, task);
	}
}
