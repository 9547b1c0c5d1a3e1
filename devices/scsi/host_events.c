/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/scsi/host_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define EVENT_ANSWER_BYTES 8u
#define NO_EVENT_AVAILABLE 0x80u
#define CLASS_MASK	   0x07u
#define POLLED		   0x01u

/* Media events and status (MMC-6 §6.6.3.5). */
#define MEDIA_EVENT_MASK 0x0fu
#define STATUS_TRAY_OPEN 0x01u
#define STATUS_HAS_DISC	 0x02u

#define START_BIT      0x01u
#define LOAD_EJECT_BIT 0x02u
#define PREVENT_BIT    0x01u
#define PERSISTENT_BIT 0x02u

/* --- what is kept for the guest --- */

void host_events_clear(struct host_drive *o)
{
	o->media_count = 0;
}

void host_events_add(struct host_drive *o, uint8_t event)
{
	if (o->media_count == HOST_MEDIA_MAX) {
		o->media_count--;
		memmove(o->media, o->media + 1, o->media_count);
	}
	o->media[o->media_count++] = event;
	scsi_unit_notify(&o->unit,
			 SCSI_NOTICE_MEDIA |
				 (event == HOST_MEDIA_EJECT_REQUEST ? SCSI_NOTICE_REQUEST : 0));
}

static uint8_t media_status(const struct host_drive *o)
{
	return (uint8_t)((o->status.tray_open ? STATUS_TRAY_OPEN : 0) |
			 (o->status.has_disc ? STATUS_HAS_DISC : 0));
}

bool host_events_answer(struct host_drive *o, struct scsi_command *c)
{
	const size_t allocation_length = load_be16(c->cdb + 7);
	uint8_t answer[EVENT_ANSWER_BYTES] = { 0, EVENT_ANSWER_BYTES - 2, HOST_CLASS_MEDIA };

	if (c->cdb[0] != HOST_GET_EVENT || !(c->cdb[1] & POLLED) ||
	    !(c->cdb[4] & 1u << HOST_CLASS_MEDIA) || o->media_count == 0) {
		return false;
	}
	answer[3] = o->classes;
	answer[4] = o->media[0];
	answer[5] = media_status(o);
	if (allocation_length > 4) { /* else it has not been told */
		o->media_count--;
		memmove(o->media, o->media + 1, o->media_count);
	}
	scsi_command_answer(c, answer, sizeof(answer), allocation_length);
	return true;
}

/* --- how the drive is --- */

static void set_status(struct host_drive *o, bool open, bool has_disc)
{
	const bool moved = o->is_status_known && open != o->status.tray_open;

	o->is_status_known = true;
	o->status.tray_open = open;
	o->status.has_disc = has_disc;
	if (!has_disc) {
		o->status.bytes = 0;
	}
	if (moved && o->config.on_tray) {
		o->config.on_tray(o->config.owner, open);
	}
}

/* Others on the host look at the drive, too (its kernel, whenever somebody opens the node), and
 * what they were told the guest will not be. But a disc that came or went shows. */
static void make_up_for_others(struct host_drive *o, bool had_disc)
{
	if (o->status.has_disc == had_disc) {
		return;
	}
	if (o->status.has_disc) {
		scsi_unit_attention(&o->unit, SCSI_CODE_MEDIUM_MAY_HAVE_CHANGED);
	}
	host_events_add(o, had_disc ? HOST_MEDIA_REMOVAL : HOST_MEDIA_NEW);
}

/* What the drive says of its medium, if that is what the answer is about. Its event is kept where
 * the guest does not see the answer itself. */
static void see_media(struct host_drive *o, const uint8_t *answer, size_t bytes, bool is_guests)
{
	const bool had_disc = o->status.has_disc;
	const bool was_known = o->is_status_known;
	uint8_t event;

	if (bytes < EVENT_ANSWER_BYTES || answer[2] & NO_EVENT_AVAILABLE ||
	    (answer[2] & CLASS_MASK) != HOST_CLASS_MEDIA) {
		return;
	}
	o->classes = answer[3];
	event = answer[4] & MEDIA_EVENT_MASK;
	set_status(o, answer[5] & STATUS_TRAY_OPEN, answer[5] & STATUS_HAS_DISC);
	if (event == HOST_MEDIA_NO_CHANGE && was_known) {
		make_up_for_others(o, had_disc);
	} else if (event != HOST_MEDIA_NO_CHANGE && !is_guests) {
		host_events_add(o, event);
	}
}

/* Sense data of either format (SPC-4 §4.5). */
static struct scsi_sense read_sense(const struct host_job *job)
{
	struct scsi_sense sense = { .key = SCSI_NO_SENSE };
	const uint8_t *data = job->sense;
	const bool is_descriptor = (data[0] & 0x7f) >= 0x72;

	if (is_descriptor && job->sense_bytes >= 4) {
		sense.key = (enum scsi_sense_key)(data[1] & 0x0f);
		sense.code = load_be16(data + 2);
	} else if (!is_descriptor && job->sense_bytes >= 14) {
		sense.key = (enum scsi_sense_key)(data[2] & 0x0f);
		sense.code = load_be16(data + 12);
	}
	return sense;
}

static bool is_good(const struct host_job *job)
{
	return job->code == 0 && job->host_status == HOST_STATUS_OK && job->status == SCSI_GOOD;
}

static bool has_sense(const struct host_job *job)
{
	return job->code == 0 && job->status == SCSI_CHECK_CONDITION;
}

/* Of a drive that has no events: what TEST UNIT READY tells. */
static void see_readiness(struct host_drive *o, const struct host_job *job,
			  const struct scsi_sense *sense)
{
	const bool had_disc = o->status.has_disc;
	const bool was_known = o->is_status_known;

	if (is_good(job)) {
		set_status(o, false, true);
	} else if (sense->key == SCSI_NOT_READY && sense->code >> 8 == SCSI_CODE_NO_MEDIUM >> 8) {
		set_status(o, sense->code == SCSI_CODE_NO_MEDIUM_TRAY_OPEN, false);
	}
	if (was_known && had_disc != o->status.has_disc) {
		host_events_add(o, had_disc ? HOST_MEDIA_REMOVAL : HOST_MEDIA_NEW);
	}
}

static void see_poll(struct host_drive *o, const struct host_errand *errand,
		     const struct scsi_sense *sense)
{
	if (errand->job.plan.cdb[0] == SCSI_TEST_UNIT_READY) {
		see_readiness(o, &errand->job, sense);
	} else if (sense->key == SCSI_ILLEGAL_REQUEST) {
		o->lacks_events = true;
	} else if (is_good(&errand->job)) {
		see_media(o, errand->data, errand->job.moved, false);
	}
}

/* --- errands --- */

static void plan_errand(struct host_drive *o, enum host_errand_kind kind, struct host_plan *plan)
{
	static const uint8_t EVENTS[10] = { HOST_GET_EVENT,	    POLLED, 0, 0,
					    1u << HOST_CLASS_MEDIA, 0,	    0, 0,
					    EVENT_ANSWER_BYTES };
	static const uint8_t READY[6] = { SCSI_TEST_UNIT_READY };
	static const uint8_t ALLOW[6] = { HOST_PREVENT_ALLOW };
	static const uint8_t ALLOW_PERSISTENTLY[6] = { HOST_PREVENT_ALLOW, 0, 0, 0,
						       PERSISTENT_BIT };
	uint8_t cdb[HOST_CDB_MAX] = { 0 };

	switch (kind) {
	case HOST_ERRAND_POLL:
		memcpy(cdb, o->lacks_events ? READY : EVENTS,
		       o->lacks_events ? sizeof(READY) : sizeof(EVENTS));
		break;
	case HOST_ERRAND_ALLOW:
		memcpy(cdb, ALLOW, sizeof(ALLOW));
		break;
	case HOST_ERRAND_ALLOW_PERSISTENTLY:
		memcpy(cdb, ALLOW_PERSISTENTLY, sizeof(ALLOW_PERSISTENTLY));
		break;
	default: /* the tray's is there already: open or close */
		return;
	}
	(void)host_allow(cdb, HOST_ERRAND_BYTES, 0, &o->limits, plan);
}

void host_errand_start(struct host_drive *o, enum host_errand_kind kind)
{
	struct host_errand *errand = &o->errands[kind];

	if (errand->job.is_submitted) {
		return;
	}
	plan_errand(o, kind, &errand->job.plan);
	memset(errand->data, 0, sizeof(errand->data));
	errand->iov = (struct iovec){ errand->data, sizeof(errand->data) };
	errand->job.iov = &errand->iov;
	errand->job.iov_count = 1;
	host_worker_submit(&o->worker, &errand->job);
}

void host_errand_move_tray(struct host_drive *o, bool open)
{
	const uint8_t cdb[HOST_CDB_MAX] = { HOST_START_STOP, 0, 0, 0,
					    (uint8_t)(LOAD_EJECT_BIT | (open ? 0 : START_BIT)) };
	struct host_errand *errand = &o->errands[HOST_ERRAND_TRAY];

	if (!errand->job.is_submitted) {
		errand->tries = 0;
		(void)host_allow(cdb, 0, 0, &o->limits, &errand->job.plan);
		host_errand_start(o, HOST_ERRAND_TRAY);
	}
}

void host_errand_unlock(struct host_drive *o)
{
	if (o->is_prevented) {
		host_errand_start(o, HOST_ERRAND_ALLOW);
	}
	if (o->is_prevented_persistently) {
		host_errand_start(o, HOST_ERRAND_ALLOW_PERSISTENTLY);
	}
}

static void see_tray(struct host_drive *o, struct host_errand *errand,
		     const struct scsi_sense *sense)
{
	if (sense->key == SCSI_UNIT_ATTENTION && ++errand->tries < HOST_TRAY_TRIES_MAX) {
		host_errand_start(o, HOST_ERRAND_TRAY);
		return;
	}
	if (!is_good(&errand->job)) {
		log_warn(o->tag, "the drive did not move its tray: sense key %x, code %04x",
			 (unsigned)sense->key, sense->code);
	}
	host_errand_start(o, HOST_ERRAND_POLL);
}

void host_errand_done(struct host_drive *o, enum host_errand_kind kind)
{
	struct host_errand *errand = &o->errands[kind];
	struct scsi_sense sense = { .key = SCSI_NO_SENSE };

	if (has_sense(&errand->job)) {
		sense = read_sense(&errand->job);
	}
	if (sense.key == SCSI_UNIT_ATTENTION) { /* it was the guest's */
		scsi_unit_attention(&o->unit, sense.code);
	}
	switch (kind) {
	case HOST_ERRAND_POLL:
		see_poll(o, errand, &sense);
		break;
	case HOST_ERRAND_ALLOW:
		o->is_prevented &= !is_good(&errand->job);
		break;
	case HOST_ERRAND_ALLOW_PERSISTENTLY:
		o->is_prevented_persistently &= !is_good(&errand->job);
		break;
	default:
		see_tray(o, errand, &sense);
		break;
	}
}

/* --- what the guest's own commands tell --- */

static void see_capacity(struct host_drive *o, const struct host_transfer *t)
{
	if (t->job.moved == 8) {
		o->status.bytes = (load_be32(t->copy) + UINT64_C(1)) * load_be32(t->copy + 4);
	}
}

/* The profile of the disc (MMC-6 §5.3.1): those below 10h are of CDs. */
static void see_configuration(struct host_drive *o, const struct host_transfer *t)
{
	if (t->job.moved >= 8) {
		const uint16_t profile = load_be16(t->copy + 6);

		o->status.kind = profile < 0x10	   ? DISC_CD_ROM
				 : profile == 0x11 ? DISC_DVD_R
						   : DISC_DVD_ROM;
	}
}

static void see_lock(struct host_drive *o, const uint8_t *cdb)
{
	if (cdb[4] & PERSISTENT_BIT) {
		o->is_prevented_persistently = cdb[4] & PREVENT_BIT;
	} else {
		o->is_prevented = cdb[4] & PREVENT_BIT;
	}
}

static void see_good(struct host_drive *o, const struct host_transfer *t)
{
	const uint8_t *cdb = t->job.plan.cdb;

	switch (cdb[0]) {
	case HOST_GET_EVENT:
		see_media(o, t->copy, t->job.moved, true);
		break;
	case HOST_READ_CAPACITY:
		see_capacity(o, t);
		break;
	case HOST_GET_CONFIG:
		see_configuration(o, t);
		break;
	case HOST_PREVENT_ALLOW:
		see_lock(o, cdb);
		break;
	case HOST_START_STOP:
		if (cdb[4] & LOAD_EJECT_BIT) {
			host_errand_start(o, HOST_ERRAND_POLL);
		}
		break;
	default:
		break;
	}
}

void host_events_observe(struct host_drive *o, const struct host_transfer *t)
{
	struct scsi_sense sense;

	if (is_good(&t->job)) {
		see_good(o, t);
	} else if (has_sense(&t->job)) {
		sense = read_sense(&t->job);
		/* Something has happened to the disc: look soon. */
		if (sense.key == SCSI_NOT_READY || sense.key == SCSI_UNIT_ATTENTION) {
			host_errand_start(o, HOST_ERRAND_POLL);
		}
	}
}
