/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_BUS_H
#define THUNDERLAKE_DEVICES_SCSI_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/scsi/scsi.h"
#include "vmm/base/error.h"
#include "vmm/base/list.h"

struct loop;

/*
 * Targets and their logical units as one initiator sees them: who has which address, the commands
 * that any unit answers alike, task management. The transport's side (virtio-scsi) and the makers
 * of units use it; units themselves see scsi.h only. All on the bus's loop but where said.
 */
#define SCSI_UNITS_MAX	 16u
#define SCSI_TARGETS_MAX 16u /* guests look for each when they start */
#define SCSI_LUNS_MAX	 16384u

enum scsi_event {
	SCSI_EVENT_APPEARED,
	SCSI_EVENT_REMOVED,
	SCSI_EVENT_PARAMETERS, /* `value`: enum scsi_code of what changed */
	SCSI_EVENT_NOTICE,     /* `value`: SCSI_NOTICE_* */
};

struct scsi_transport {
	/* Something happened to the unit at this address; it may be gone already. */
	void (*on_event)(void *owner, uint8_t target, uint16_t lun, enum scsi_event event,
			 uint32_t value);
	/* Commands have ended outside of scsi_bus_execute. */
	void (*on_batch)(void *owner);
	void *owner;
};

enum scsi_task_kind { /* SAM-5 §7; virtio's numbers */
	SCSI_ABORT_TASK,
	SCSI_ABORT_TASK_SET,
	SCSI_CLEAR_ACA,
	SCSI_CLEAR_TASK_SET,
	SCSI_NEXUS_RESET,
	SCSI_UNIT_RESET,
	SCSI_QUERY_TASK,
	SCSI_QUERY_TASK_SET,
};

enum scsi_task_result {
	SCSI_FUNCTION_COMPLETE,
	SCSI_FUNCTION_SUCCEEDED, /* a query found something */
	SCSI_FUNCTION_REJECTED,
	SCSI_FUNCTION_NO_TARGET,
	SCSI_FUNCTION_BAD_LUN,
};

/* A task management function under way. */
struct scsi_task {
	/* Filled by the transport. */
	enum scsi_task_kind kind;
	uint8_t target;
	uint8_t lun[8]; /* SAM-5 §4.7; the reset of a nexus needs none */
	uint64_t tag;	/* of the command, for those that name one */
	/* After all commands concerned have ended. May come from inside scsi_bus_manage. */
	void (*done)(struct scsi_task *task, enum scsi_task_result result);

	/* The bus's. */
	struct scsi_unit *unit; /* NULL: all of the target */
	uint64_t before;	/* it concerns commands with lower numbers */
	struct list node;
};

struct scsi_bus {
	struct loop *loop; /* borrowed */
	struct scsi_transport transport;
	struct scsi_unit *units[SCSI_UNITS_MAX]; /* by address; borrowed */
	unsigned unit_count;
	struct list tasks; /* under way */
	uint64_t next_number;
};

/* Main thread, or the loop's. */
void scsi_bus_init(struct scsi_bus *bus, struct loop *loop, const struct scsi_transport *transport);

/* Detaches what is left, without telling the guest; detaching it again is harmless. Main thread. */
void scsi_bus_finish(struct scsi_bus *bus);

/* Where units do their work. Any thread. */
struct loop *scsi_bus_loop(const struct scsi_bus *bus);

/* Any thread. A guest that runs hears of it. -EEXIST: the address is taken; -ENOSPC: too many;
 * -EINVAL: no such address can be. */
int scsi_bus_attach(struct scsi_bus *bus, struct scsi_unit *unit, uint8_t target, uint16_t lun,
		    struct error *err);
/* The same at LUN 0 of the first target that is free. */
int scsi_bus_attach_next(struct scsi_bus *bus, struct scsi_unit *unit, struct error *err);
/* Any thread. Ends the unit's commands with SCSI_RESET and waits for them; harmless when it is not
 * attached. */
void scsi_bus_detach(struct scsi_unit *unit);

/* Starts a command for the unit at `lun`, eight bytes of any form of SAM-5 §4.7 that names a unit
 * of one level (peripheral, flat) or REPORT LUNS' own; its `done` may come from inside. The caller
 * has zeroed `command` but for what scsi.h calls the transport's. */
void scsi_bus_execute(struct scsi_bus *bus, uint8_t target, const uint8_t lun[8],
		      struct scsi_command *command);
/* The same for REPORT LUNS' own unit of the whole bus, whose list names targets too, in the form of
 * virtio 1.2 §5.6.6.1. */
void scsi_bus_execute_root(struct scsi_bus *bus, struct scsi_command *command);
/* Starts a task management function; commands given to execute before it are those it knows. */
void scsi_bus_manage(struct scsi_bus *bus, struct scsi_task *task);

/* From now on the guest hears of these SCSI_NOTICE_* of a unit; returns those that it has. */
uint32_t scsi_bus_subscribe(struct scsi_unit *unit, uint32_t notices);

/* The unit at an address, or NULL. */
struct scsi_unit *scsi_bus_find(const struct scsi_bus *bus, uint8_t target, const uint8_t lun[8]);
bool scsi_bus_has_target(const struct scsi_bus *bus, uint8_t target);

/* As the functions of units: after a batch, for polling, until nothing is in flight. */
void scsi_bus_kick(struct scsi_bus *bus);
bool scsi_bus_poll(struct scsi_bus *bus);
void scsi_bus_drain(struct scsi_bus *bus);

/* Power-on: ends all commands and tasks (SCSI_RESET), waits for them, resets the units, which then
 * have 29h/00h to tell, and forgets subscriptions. */
void scsi_bus_reset(struct scsi_bus *bus);

/* The eight bytes that name a LUN below SCSI_LUNS_MAX: peripheral addressing below 256, else flat.
 */
void scsi_lun_encode(uint16_t lun, uint8_t out[8]);
/* -1: of another form. */
int scsi_lun_decode(const uint8_t lun[8]);
bool scsi_lun_is_report_luns(const uint8_t lun[8]);

#endif
