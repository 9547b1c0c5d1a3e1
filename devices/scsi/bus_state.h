/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_BUS_STATE_H
#define THUNDERLAKE_DEVICES_SCSI_BUS_STATE_H

#include <stdint.h>

#include "devices/scsi/bus.h"

/* What the files of the bus share. */

/* Cancels the unit's commands that `task` is about; they end with `delivery`, now or later. */
void scsi_unit_interrupt(struct scsi_unit *unit, const struct scsi_task *task,
			 enum scsi_delivery delivery);
/* Ends the task management functions that have nothing more to wait for. After each command. */
void scsi_tasks_review(struct scsi_bus *bus);

/* The answer of a unit (NULL: without names) of this type, or of none. */
void scsi_inquire(struct scsi_command *command, uint8_t type, const struct scsi_identity *identity);
/* The units of one target, or of all (-1). */
void scsi_report_luns(const struct scsi_bus *bus, int target, struct scsi_command *command);

/* Takes the first attention off; SCSI_CODE_NONE: there is none. */
uint16_t scsi_attention_take(struct scsi_unit *unit);
/* Takes this one off, if it waits. */
void scsi_attention_forget(struct scsi_unit *unit, uint16_t code);

#endif
