/* SPDX-License-Identifier: MIT */
#include "devices/scsi/optical.h"

#include <errno.h>
#include <stdlib.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

/* SAM-5, SPC-4, MMC-6 (SPC-4 §6.6.2, version descriptors). */
static const uint16_t STANDARDS[] = { 0x00a0, 0x0460, 0x04e0, 0 };

static struct optical *optical_of(struct scsi_unit *unit)
{
	return container_of(unit, struct optical, unit);
}

/* --- commands --- */

enum need {
	NEEDS_NOTHING,
	NEEDS_DISC, /* NOT READY without one */
	NEEDS_CD,   /* and a CD */
	NEEDS_DVD,  /* and a DVD */
};

struct operation {
	uint8_t code;
	enum need need;
	void (*run)(struct optical *o, struct scsi_command *c);
};

static const struct operation OPERATIONS[] = {
	{ 0x00, NEEDS_DISC, optical_test_unit_ready },
	{ 0x08, NEEDS_DISC, optical_read6 },
	{ 0x15, NEEDS_NOTHING, optical_mode_select6 },
	{ 0x1a, NEEDS_NOTHING, optical_mode_sense6 },
	{ 0x1b, NEEDS_NOTHING, optical_start_stop },
	{ 0x1e, NEEDS_NOTHING, optical_prevent_allow },
	{ 0x25, NEEDS_DISC, optical_read_capacity },
	{ 0x28, NEEDS_DISC, optical_read10 },
	{ 0x2b, NEEDS_DISC, optical_seek },
	{ 0x42, NEEDS_CD, optical_read_subchannel },
	{ 0x43, NEEDS_DISC, optical_read_toc },
	{ 0x46, NEEDS_NOTHING, optical_get_configuration },
	{ 0x4a, NEEDS_NOTHING, optical_get_event_status },
	{ 0x51, NEEDS_DISC, optical_read_disc_information },
	{ 0x52, NEEDS_DISC, optical_read_track_information },
	{ 0x55, NEEDS_NOTHING, optical_mode_select10 },
	{ 0x5a, NEEDS_NOTHING, optical_mode_sense10 },
	{ 0x88, NEEDS_DISC, optical_read16 },
	{ 0xa4, NEEDS_NOTHING, optical_report_key },
	{ 0xa7, NEEDS_NOTHING, optical_set_read_ahead },
	{ 0xa8, NEEDS_DISC, optical_read12 },
	{ 0xac, NEEDS_NOTHING, optical_get_performance },
	{ 0xad, NEEDS_DVD, optical_read_dvd_structure },
	{ 0xb6, NEEDS_NOTHING, optical_set_streaming },
	{ 0xb9, NEEDS_CD, optical_read_cd_msf },
	{ 0xbb, NEEDS_NOTHING, optical_set_cd_speed },
	{ 0xbd, NEEDS_NOTHING, optical_mechanism_status },
	{ 0xbe, NEEDS_CD, optical_read_cd },
};

uint16_t optical_no_medium(const struct optical *o)
{
	return o->tray_open ? SCSI_CODE_NO_MEDIUM_TRAY_OPEN : SCSI_CODE_NO_MEDIUM_TRAY_CLOSED;
}

/* Whether the drive is in the state that the command needs; if not, has ended it. */
static bool is_ready_for(const struct optical *o, struct scsi_command *c, enum need need)
{
	struct scsi_sense sense = { .key = SCSI_NO_SENSE };

	if (need == NEEDS_NOTHING) {
		return true;
	}
	if (!optical_disc(o)) {
		scsi_command_fail(c, SCSI_NOT_READY, optical_no_medium(o));
		return false;
	}
	if (optical_spins_up(o, &sense)) {
		scsi_command_check(c, &sense, 0);
		return false;
	}
	if ((need == NEEDS_CD && optical_has_dvd(o)) ||
	    (need == NEEDS_DVD && !optical_has_dvd(o))) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INCOMPATIBLE_FORMAT);
		return false;
	}
	return true;
}

static void execute(struct scsi_unit *unit, struct scsi_command *command)
{
	struct optical *o = optical_of(unit);

	for (unsigned i = 0; i < ARRAY_SIZE(OPERATIONS); i++) {
		if (OPERATIONS[i].code == command->cdb[0]) {
			if (is_ready_for(o, command, OPERATIONS[i].need)) {
				OPERATIONS[i].run(o, command);
			}
			return;
		}
	}
	scsi_command_fail(command, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INVALID_OPERATION);
}

void optical_test_unit_ready(struct optical *o, struct scsi_command *c)
{
	(void)o;
	scsi_command_end(c, SCSI_GOOD, 0);
}

/* --- the unit --- */

static void reset(struct scsi_unit *unit)
{
	struct optical *o = optical_of(unit);

	optical_mode_reset(o);
	o->speed_kbs = OPTICAL_SPEED_MAX_KBS;
	o->is_prevented = false;
	o->is_prevented_persistently = false;
	o->media_event_count = 0;
	o->has_changed_features = false;
}

static void kick(struct scsi_unit *unit)
{
	struct optical *o = optical_of(unit);

	if (o->disc) {
		disc_kick(o->disc);
	}
}

static bool poll_disc(struct scsi_unit *unit)
{
	struct optical *o = optical_of(unit);

	return o->disc && disc_poll(o->disc);
}

static void drain(struct scsi_unit *unit)
{
	struct optical *o = optical_of(unit);

	if (o->disc) {
		disc_drain(o->disc);
	}
	optical_model_release(o, NULL);
}

static void cancel(struct scsi_unit *unit, struct scsi_command *command)
{
	optical_model_release(optical_of(unit), command);
}

static void describe_state(struct scsi_unit *unit, struct scsi_sense *sense)
{
	const struct optical *o = optical_of(unit);

	if (!optical_disc(o)) {
		sense->key = SCSI_NOT_READY;
		sense->code = optical_no_medium(o);
	} else {
		(void)optical_spins_up(o, sense);
	}
}

/* Those that ask about the drive, not the disc (MMC-6 §6.5.1, §6.6.1). */
static const uint8_t HEEDLESS[] = { 0x46, 0x4a, 0 };

static const struct scsi_unit_ops UNIT_OPS = {
	.execute = execute,
	.cancel = cancel,
	.reset = reset,
	.kick = kick,
	.poll = poll_disc,
	.drain = drain,
	.describe_state = describe_state,
	.heedless = HEEDLESS,
};

int optical_create(const struct optical_config *config, struct optical **out)
{
	struct optical *o = calloc(1, sizeof(*o));

	*out = o;
	if (!o) {
		return -ENOMEM;
	}
	o->config = *config;
	o->identity = (struct scsi_identity){
		.removable = true,
		.vendor = "THUNDER",
		.product = "LAKE DVD-ROM",
		.revision = "1.0",
		.serial = config->serial ? config->serial : config->id,
		.standards = STANDARDS,
	};
	o->unit.ops = &UNIT_OPS;
	o->unit.id = config->id;
	o->unit.type = SCSI_TYPE_OPTICAL;
	o->unit.identity = &o->identity;
	o->unit.notices = SCSI_NOTICE_OPERATIONAL | SCSI_NOTICE_MEDIA | SCSI_NOTICE_REQUEST;
	reset(&o->unit);
	return 0;
}

void optical_destroy(struct optical *drive)
{
	if (drive) {
		optical_model_unload(drive);
		disc_close(drive->disc);
		free(drive);
	}
}

struct scsi_unit *optical_unit(struct optical *drive)
{
	return &drive->unit;
}

struct optical_status optical_status(const struct optical *drive)
{
	return (struct optical_status){
		.tray_open = drive->tray_open,
		.locked = drive->is_prevented || drive->is_prevented_persistently,
		.disc = drive->disc,
	};
}

const struct drive_counters *optical_counters(const struct optical *drive)
{
	return &drive->counters;
}
