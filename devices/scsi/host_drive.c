/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "devices/scsi/host_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/iov.h"

#define NS_PER_MS UINT64_C(1000000)

static struct host_drive *drive_of(struct scsi_unit *unit)
{
	return container_of(unit, struct host_drive, unit);
}

/* --- the end of a command --- */

/* The codes for it are SPC's "logical unit communication time-out" and "failure". */
#define CODE_COMMUNICATION_TIME_OUT 0x0801
#define CODE_COMMUNICATION_FAILURE  0x0800

/* The host did not get the command to the drive, or has not heard of it again. */
static void end_undelivered(struct scsi_command *c, unsigned host_status, size_t moved)
{
	struct scsi_sense sense = { .key = SCSI_ABORTED_COMMAND,
				    .code = CODE_COMMUNICATION_FAILURE };

	switch (host_status) {
	case HOST_STATUS_NO_CONNECT:
	case HOST_STATUS_BAD_TARGET:
		scsi_command_break(c, SCSI_DISCONNECT);
		return;
	case HOST_STATUS_TIME_OUT:
	case HOST_STATUS_ABORT:
		sense.code = CODE_COMMUNICATION_TIME_OUT;
		break;
	case HOST_STATUS_BUS_BUSY:
	case HOST_STATUS_RESET:
	case HOST_STATUS_SOFT_ERROR:
	case HOST_STATUS_IMMEDIATE_RETRY:
	case HOST_STATUS_REQUEUE:
		break;
	default:
		sense.key = SCSI_HARDWARE_ERROR;
		sense.code = SCSI_CODE_INTERNAL_FAILURE;
		break;
	}
	scsi_command_check(c, &sense, moved);
}

static void count_refusal(struct host_drive *o, const struct scsi_command *c, const char *why)
{
	const uint8_t code = c->cdb[0];
	const uint8_t bit = (uint8_t)(1u << code % 8);

	o->counters.refused++;
	if (!(o->refusals_told[code / 8] & bit)) {
		o->refusals_told[code / 8] |= bit;
		log_warn(o->tag, "command %02xh %s", code, why);
	}
}

/* The host's kernel refused the call itself. */
static void end_not_called(struct host_drive *o, struct scsi_command *c, int code)
{
	switch (code) {
	case -EPERM:
	case -EACCES:
		count_refusal(o, c, "is not let through by the host's kernel for this user");
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INVALID_OPERATION);
		break;
	case -ENODEV:
	case -ENXIO:
		scsi_command_break(c, SCSI_DISCONNECT);
		break;
	case -EAGAIN:
	case -EBUSY:
		scsi_command_end(c, SCSI_BUSY, 0);
		break;
	default:
		scsi_command_fail(c, SCSI_HARDWARE_ERROR, SCSI_CODE_INTERNAL_FAILURE);
		break;
	}
}

static bool is_read(const struct host_transfer *t)
{
	return t->job.plan.is_direct && t->job.plan.direction == HOST_IN;
}

static void count_end(struct host_drive *o, const struct host_transfer *t)
{
	if (is_read(t)) {
		o->counters.stalls += clock_now_ns() - t->start_ns > DRIVE_STALL_MS * NS_PER_MS;
		o->counters.errors += t->job.code < 0 || t->job.host_status != HOST_STATUS_OK ||
				      t->job.status != SCSI_GOOD;
	}
}

static void end_transfer(struct host_drive *o, struct host_transfer *t)
{
	const struct host_job *job = &t->job;
	struct scsi_command *c = t->command;
	size_t moved = job->moved;

	count_end(o, t);
	t->command = NULL;
	if (t->copy && job->plan.direction == HOST_IN) {
		moved = host_plan_shorten(&job->plan, t->copy, moved);
		(void)iov_write(c->in.iov, c->in.count, 0, t->copy, moved);
	}
	host_events_observe(o, t);
	free(t->copy);
	t->copy = NULL;
	if (job->code < 0) {
		end_not_called(o, c, job->code);
	} else if (job->status == SCSI_CHECK_CONDITION && job->sense_bytes > 0) {
		scsi_command_pass_sense(c, job->sense, job->sense_bytes, moved);
	} else if (job->host_status != HOST_STATUS_OK) {
		end_undelivered(c, job->host_status, moved);
	} else {
		scsi_command_end(c, (enum scsi_status)job->status, moved);
	}
}

static void on_done(void *owner, struct host_job *job)
{
	struct host_drive *o = owner;

	for (unsigned i = 0; i < HOST_ERRANDS; i++) {
		if (job == &o->errands[i].job) {
			host_errand_done(o, (enum host_errand_kind)i);
			return;
		}
	}
	end_transfer(o, container_of(job, struct host_transfer, job));
}

static void on_batch_done(void *owner)
{
	struct host_drive *o = owner;

	scsi_unit_batch_done(&o->unit);
}

/* --- the start of a command --- */

static void refuse(struct host_drive *o, struct scsi_command *c, enum host_verdict verdict,
		   const struct host_plan *plan)
{
	struct scsi_sense sense = { .key = SCSI_ILLEGAL_REQUEST,
				    .code = SCSI_CODE_INVALID_FIELD_IN_LIST };

	if (verdict == HOST_LITTLE_ROOM) {
		scsi_command_break(c, SCSI_OVERRUN);
		return;
	}
	count_refusal(o, c,
		      verdict == HOST_UNKNOWN ? "is not for guests"
					      : "is not for guests in this form");
	switch (verdict) {
	case HOST_BAD_FIELD:
		scsi_command_bad_field(c, plan->bad_byte, plan->bad_bit);
		break;
	case HOST_BAD_LIST:
		scsi_sense_point(&sense, false, plan->bad_byte, plan->bad_bit);
		scsi_command_check(c, &sense, 0);
		break;
	default:
		scsi_command_fail(c, SCSI_ILLEGAL_REQUEST, SCSI_CODE_INVALID_OPERATION);
		break;
	}
}

static void count_start(struct host_drive *o, struct host_transfer *t)
{
	const struct host_plan *plan = &t->job.plan;
	const uint32_t lba = load_be32(plan->cdb + 2);

	t->start_ns = clock_now_ns();
	if (is_read(t)) {
		o->counters.reads++;
		o->counters.sectors += plan->blocks;
		o->counters.seeks += lba != o->next_lba;
		o->next_lba = lba + plan->blocks;
	}
}

/* A copy of what the command moves, if that is no sectors; false: the command has ended. */
static bool make_copy(struct host_drive *o, struct host_transfer *t, struct scsi_command *c)
{
	struct host_plan *plan = &t->job.plan;
	enum host_verdict verdict;

	if (plan->is_direct || plan->bytes == 0) {
		return true;
	}
	t->copy = calloc(1, plan->bytes);
	if (!t->copy) {
		scsi_command_end(c, SCSI_BUSY, 0);
		return false;
	}
	t->copy_iov = (struct iovec){ t->copy, plan->bytes };
	if (plan->direction == HOST_IN) {
		return true;
	}
	(void)iov_read(c->out.iov, c->out.count, 0, t->copy, plan->bytes);
	verdict = host_allow_list(plan, t->copy);
	if (verdict != HOST_PASS) {
		free(t->copy);
		t->copy = NULL;
		refuse(o, c, verdict, plan);
		return false;
	}
	return true;
}

static void execute(struct scsi_unit *unit, struct scsi_command *c)
{
	struct host_drive *o = drive_of(unit);
	struct host_transfer *t = &o->transfers[c->slot];
	const struct scsi_data *data = c->out.bytes > 0 ? &c->out : &c->in;
	enum host_verdict verdict;

	if (host_events_answer(o, c)) {
		return;
	}
	verdict = host_allow(c->cdb, c->in.bytes, c->out.bytes, &o->limits, &t->job.plan);
	if (verdict != HOST_PASS) {
		refuse(o, c, verdict, &t->job.plan);
		return;
	}
	if (!make_copy(o, t, c)) {
		return;
	}
	t->command = c;
	t->job.iov = t->copy ? &t->copy_iov : data->iov;
	t->job.iov_count = t->copy ? 1 : data->count;
	count_start(o, t);
	host_worker_submit(&o->worker, &t->job);
}

/* --- the unit --- */

static void cancel(struct scsi_unit *unit, struct scsi_command *c)
{
	struct host_drive *o = drive_of(unit);
	struct host_transfer *t = &o->transfers[c->slot];

	if (t->command == c && host_worker_withdraw(&o->worker, &t->job)) {
		t->command = NULL;
		free(t->copy);
		t->copy = NULL;
		scsi_command_end(c, SCSI_BUSY, 0);
	}
}

/* As far as a guest has changed the drive: the lock is all that it keeps. */
static void reset(struct scsi_unit *unit)
{
	struct host_drive *o = drive_of(unit);

	host_events_clear(o);
	host_errand_unlock(o);
}

static bool poll_worker(struct scsi_unit *unit)
{
	struct host_drive *o = drive_of(unit);

	if (o->worker.in_flight == 0 || !host_worker_reap(&o->worker)) {
		return false;
	}
	scsi_unit_batch_done(unit);
	return true;
}

static void drain(struct scsi_unit *unit)
{
	struct host_drive *o = drive_of(unit);

	while (o->worker.in_flight > 0) {
		host_worker_wait(&o->worker);
	}
}

static void describe_state(struct scsi_unit *unit, struct scsi_sense *sense)
{
	const struct host_drive *o = drive_of(unit);

	if (o->is_status_known && !o->status.has_disc) {
		sense->key = SCSI_NOT_READY;
		sense->code = o->status.tray_open ? SCSI_CODE_NO_MEDIUM_TRAY_OPEN
						  : SCSI_CODE_NO_MEDIUM_TRAY_CLOSED;
	}
}

/* Those that ask about the drive, not the disc (MMC-6 §6.5.1, §6.6.1). */
static const uint8_t HEEDLESS[] = { HOST_GET_CONFIG, HOST_GET_EVENT, 0 };

static const struct scsi_unit_ops UNIT_OPS = {
	.execute = execute,
	.cancel = cancel,
	.reset = reset,
	.poll = poll_worker,
	.drain = drain,
	.describe_state = describe_state,
	.heedless = HEEDLESS,
};

/* --- once a second --- */

static void on_poll_timer(void *arg)
{
	struct host_drive *o = arg;

	if (o->worker.in_flight == 0 || o->polls_skipped == HOST_POLLS_SKIP_MAX) {
		o->polls_skipped = 0;
		host_errand_start(o, HOST_ERRAND_POLL);
	} else {
		o->polls_skipped++;
	}
	loop_timer_arm(o->config.loop, &o->poll_timer, clock_now_ns() + HOST_POLL_MS * NS_PER_MS);
}

void host_drive_start(struct host_drive *drive)
{
	on_poll_timer(drive);
}

/* --- making one --- */

int host_drive_create(const struct host_drive_config *config, struct host_drive **out)
{
	struct host_drive *o = calloc(1, sizeof(*o));
	const struct host_worker_config worker = {
		.sg = config->sg,
		.loop = config->loop,
		.done = on_done,
		.batch_done = on_batch_done,
		.owner = o,
	};
	int code;

	*out = NULL;
	if (!o) {
		return -ENOMEM;
	}
	o->config = *config;
	o->limits = (struct host_limits){ config->sg->transfer_bytes, config->can_write };
	o->classes = 1u << HOST_CLASS_MEDIA;
	o->unit.ops = &UNIT_OPS;
	o->unit.id = config->id;
	o->unit.type = SCSI_TYPE_OPTICAL;
	o->unit.notices = SCSI_NOTICE_MEDIA | SCSI_NOTICE_REQUEST;
	(void)snprintf(o->tag, sizeof(o->tag), "scsi-host-cd:%s", config->id);
	loop_timer_init(&o->poll_timer, on_poll_timer, o);
	code = host_worker_init(&o->worker, &worker);
	if (code < 0) {
		host_worker_finish(&o->worker);
		free(o);
		return code;
	}
	*out = o;
	return 0;
}

void host_drive_destroy(struct host_drive *drive)
{
	if (!drive) {
		return;
	}
	loop_timer_disarm(&drive->poll_timer);
	host_errand_unlock(drive);
	drain(&drive->unit);
	host_worker_finish(&drive->worker);
	drive->config.sg->ops->close(drive->config.sg);
	free(drive);
}

struct scsi_unit *host_drive_unit(struct host_drive *drive)
{
	return &drive->unit;
}

struct host_drive_status host_drive_status(const struct host_drive *drive)
{
	struct host_drive_status status = drive->status;

	status.locked = drive->is_prevented || drive->is_prevented_persistently;
	return status;
}

const struct drive_counters *host_drive_counters(const struct host_drive *drive)
{
	return &drive->counters;
}

int host_drive_open_tray(struct host_drive *drive, bool force)
{
	if (!force && host_drive_status(drive).locked && !drive->status.tray_open) {
		host_events_add(drive, HOST_MEDIA_EJECT_REQUEST);
		return -EBUSY;
	}
	host_errand_unlock(drive);
	host_errand_move_tray(drive, true);
	return 0;
}

void host_drive_close_tray(struct host_drive *drive)
{
	host_errand_move_tray(drive, false);
}
