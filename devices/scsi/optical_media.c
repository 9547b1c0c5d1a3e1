/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/scsi/optical_state.h"
#include "vmm/base/compiler.h"

/* --- what the guest is told --- */

static void add_media_event(struct optical *o, enum media_event event)
{
	if (o->media_event_count == MEDIA_EVENTS_MAX) {
		memmove(o->media_events, o->media_events + 1,
			sizeof(o->media_events) - sizeof(o->media_events[0]));
		o->media_event_count--;
	}
	o->media_events[o->media_event_count++] = event;
}

static enum media_event take_media_event(struct optical *o)
{
	enum media_event event = MEDIA_NO_CHANGE;

	if (o->media_event_count > 0) {
		event = o->media_events[0];
		o->media_event_count--;
		memmove(o->media_events, o->media_events + 1,
			sizeof(o->media_events) - sizeof(o->media_events[0]));
	}
	return event;
}

/* A disc came or went, and the drive's features with it. */
static void tell_medium(struct optical *o, enum media_event event)
{
	add_media_event(o, event);
	o->has_changed_features = true;
	scsi_unit_notify(&o->unit, SCSI_NOTICE_MEDIA | SCSI_NOTICE_OPERATIONAL);
}

static void tell_tray(const struct optical *o)
{
	if (o->config.on_tray) {
		o->config.on_tray(o->config.owner, o->tray_open);
	}
}

/* --- the tray --- */

static bool is_locked(const struct optical *o)
{
	return o->is_prevented || o->is_prevented_persistently;
}

/* The lock was for the disc that was in the drive. */
static void open_tray(struct optical *o)
{
	if (o->tray_open) {
		return;
	}
	o->tray_open = true;
	o->is_prevented = false;
	optical_model_unload(o);
	if (o->disc) {
		tell_medium(o, MEDIA_REMOVAL);
	}
	tell_tray(o);
}

/* A disc is new to the guest also if it is the same one: it was out of the drive's sight. */
static void close_tray(struct optical *o)
{
	if (!o->tray_open) {
		return;
	}
	o->tray_open = false;
	o->head_lba = 0;
	if (o->disc) {
		optical_model_load(o);
	}
	tell_tray(o);
}

void optical_tell_new_disc(struct optical *o)
{
	scsi_unit_attention(&o->unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	tell_medium(o, MEDIA_NEW);
}

int optical_open_tray(struct optical *drive, bool force)
{
	if (is_locked(drive) && !drive->tray_open && !force) {
		add_media_event(drive, MEDIA_EJECT_REQUEST);
		scsi_unit_notify(&drive->unit, SCSI_NOTICE_REQUEST | SCSI_NOTICE_MEDIA);
		return -EBUSY;
	}
	if (drive->is_stuck && !drive->tray_open) {
		return -EIO;
	}
	open_tray(drive);
	return 0;
}

void optical_close_tray(struct optical *drive)
{
	close_tray(drive);
}

static void on_batch(void *owner)
{
	struct optical *o = owner;

	scsi_unit_batch_done(&o->unit);
}

int optical_put_disc(struct optical *drive, struct disc *disc)
{
	if (!drive->tray_open) {
		return -EBUSY;
	}
	if (drive->disc) {
		return -EEXIST;
	}
	disc_on_batch(disc, on_batch, drive);
	drive->disc = disc;
	return 0;
}

struct disc *optical_take_disc(struct optical *drive)
{
	struct disc *disc = drive->tray_open ? drive->disc : NULL;

	if (disc) {
		disc_drain(disc);
		disc_on_batch(disc, NULL, NULL);
		drive->disc = NULL;
	}
	return disc;
}

/* --- GET EVENT STATUS NOTIFICATION --- */

enum event_class {
	CLASS_OPERATIONAL = 1,
	CLASS_POWER = 2,
	CLASS_EXTERNAL = 3,
	CLASS_MEDIA = 4,
	CLASS_BUSY = 6,
	CLASSES_MAX = 8,
};

#define CLASSES                                                                                   \
	(1u << CLASS_OPERATIONAL | 1u << CLASS_POWER | 1u << CLASS_EXTERNAL | 1u << CLASS_MEDIA | \
	 1u << CLASS_BUSY)
#define NO_EVENT_AVAILABLE 0x80u

static bool has_event(const struct optical *o, unsigned class)
{
	return (class == CLASS_OPERATIONAL && o->has_changed_features) ||
	       (class == CLASS_MEDIA && o->media_event_count > 0);
}

/* The lowest class of those asked for that has an event, or else the lowest of them. */
static unsigned choose_class(const struct optical *o, unsigned asked)
{
	unsigned chosen = 0;

	for (unsigned class = 1; class < CLASSES_MAX; class ++) {
		if (!(asked & 1u << class)) {
			continue;
		}
		if (has_event(o, class)) {
			return class;
		}
		chosen = chosen ? chosen : class;
	}
	return chosen;
}

/* MMC-6 §6.6.3; `take`: the event counts as told. */
static void put_event(struct optical *o, unsigned class, bool take, uint8_t out[4])
{
	switch (class) {
	case CLASS_OPERATIONAL:
		out[0] = o->has_changed_features ? 2 : 0;
		out[1] = o->is_prevented_persistently ? 0x80 : 0;
		out[3] = o->has_changed_features ? 1 : 0; /* features */
		o->has_changed_features &= !take;
		break;
	case CLASS_POWER:
		out[1] = 1; /* active */
		break;
	case CLASS_EXTERNAL:
		out[1] = o->is_prevented_persistently ? 0x80 : 0;
		break;
	case CLASS_MEDIA:
		out[0] = (uint8_t)(o->media_event_count ? o->media_events[0] : MEDIA_NO_CHANGE);
		out[1] = (uint8_t)((optical_disc(o) ? 0x02 : 0) | (o->tray_open ? 0x01 : 0));
		if (take) {
			(void)take_media_event(o);
		}
		break;
	default: /* not busy */
		break;
	}
}

void optical_get_event_status(struct optical *o, struct scsi_command *c)
{
	size_t allocation_length = load_be16(c->cdb + 7);
	unsigned class = choose_class(o, c->cdb[4] & CLASSES);
	uint8_t answer[8] = { 0 };
	unsigned length = 4;

	if (!(c->cdb[1] & 0x01)) { /* only when polled */
		scsi_command_bad_field(c, 1, 0);
		return;
	}
	answer[2] = class ? (uint8_t) class : NO_EVENT_AVAILABLE;
	answer[3] = CLASSES;
	if (class) {
		/* An event is told once it was transferred. */
		put_event(o, class, allocation_length > 4, answer + 4);
		length = sizeof(answer);
	}
	store_be16(answer, (uint16_t)(length - 2));
	scsi_command_answer(c, answer, length, allocation_length);
}

/* --- MECHANISM STATUS, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL --- */

void optical_mechanism_status(struct optical *o, struct scsi_command *c)
{
	uint8_t answer[8] = { 0 };

	answer[1] = o->tray_open ? 0x10 : 0;
	store_be24(answer + 2, o->head_lba);
	scsi_command_answer(c, answer, sizeof(answer), load_be16(c->cdb + 8));
}

#define START_BIT	     0x01u
#define LOAD_EJECT_BIT	     0x02u
#define POWER_CONDITION(cdb) ((cdb)[4] >> 4)

static void eject(struct optical *o, struct scsi_command *c)
{
	if (is_locked(o) && !o->tray_open) {
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_REMOVAL_PREVENTED);
		return;
	}
	if (o->is_stuck && !o->tray_open) {
		scsi_command_fail(c, SCSI_HARDWARE_ERROR, SCSI_CODE_LOAD_OR_EJECT_FAILED);
		return;
	}
	open_tray(o);
	scsi_command_end(c, SCSI_GOOD, 0);
}

/* Spins as long as there is a disc: start and stop change nothing that a guest could see. */
static void start_or_stop(struct optical *o, struct scsi_command *c)
{
	if (c->cdb[4] & START_BIT && !optical_disc(o)) {
		scsi_command_fail(c, SCSI_NOT_READY, optical_no_medium(o));
		return;
	}
	scsi_command_end(c, SCSI_GOOD, 0);
}

void optical_start_stop(struct optical *o, struct scsi_command *c)
{
	static const uint16_t CONDITIONS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5;

	if (!(CONDITIONS & 1 << POWER_CONDITION(c->cdb))) {
		scsi_command_bad_field(c, 4, 7);
	} else if (POWER_CONDITION(c->cdb) != 0) {
		scsi_command_end(c, SCSI_GOOD, 0);
	} else if (!(c->cdb[4] & LOAD_EJECT_BIT)) {
		start_or_stop(o, c);
	} else if (!(c->cdb[4] & START_BIT)) {
		eject(o, c);
	} else {
		close_tray(o);
		start_or_stop(o, c);
	}
}

#define PREVENT_BIT    0x01u
#define PERSISTENT_BIT 0x02u

void optical_prevent_allow(struct optical *o, struct scsi_command *c)
{
	bool prevent = c->cdb[4] & PREVENT_BIT;

	if (c->cdb[4] & PERSISTENT_BIT) {
		o->is_prevented_persistently = prevent;
	} else if (prevent && !optical_disc(o)) {
		scsi_command_fail(c, SCSI_NOT_READY, optical_no_medium(o));
		return;
	} else {
		o->is_prevented = prevent;
	}
	scsi_command_end(c, SCSI_GOOD, 0);
}
