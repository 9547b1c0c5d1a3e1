/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/optical_state.h"
#include "vmm/base/clock.h"

/* --- the disc --- */

static void on_ready(void *arg)
{
	optical_tell_new_disc(arg);
}

/* Begins anew with the disc that there is, whose first sectors come at `now_ns` plus the spin-up.
 */
static void begin(struct optical *o, uint64_t now_ns)
{
	uint32_t sectors = o->disc ? o->disc->sectors : 1;

	if (o->has_model) {
		(void)disc_model_init(&o->model, &o->model_config, sectors, now_ns);
	}
}

int optical_set_model(struct optical *drive, const struct disc_model_config *config)
{
	const bool was_awaited = drive->ready.loop;
	struct disc_model trial;

	if (config && disc_model_init(&trial, config, 1, 0) < 0) {
		return -EINVAL;
	}
	drive->has_model = config;
	if (config) {
		drive->model_config = *config;
		begin(drive, 0);
		drive->model.ready_ns = 0;
		drive->model.free_ns = 0;
	}
	optical_model_unload(drive);
	if (was_awaited) {
		optical_tell_new_disc(drive);
	}
	return 0;
}

void optical_set_stuck(struct optical *drive, bool stuck)
{
	drive->is_stuck = stuck;
}

void optical_model_load(struct optical *o)
{
	begin(o, clock_now_ns());
	if (optical_spins_up(o, NULL)) {
		loop_timer_init(&o->ready, on_ready, o);
		loop_timer_arm(scsi_bus_loop(o->unit.bus), &o->ready, o->model.ready_ns);
	} else {
		optical_tell_new_disc(o);
	}
}

void optical_model_unload(struct optical *o)
{
	if (o->ready.loop) {
		loop_timer_disarm(&o->ready);
	}
}

bool optical_spins_up(const struct optical *o, struct scsi_sense *sense)
{
	uint64_t now_ns = clock_now_ns();

	if (!o->has_model || disc_model_is_ready(&o->model, now_ns)) {
		return false;
	}
	if (sense) {
		sense->key = SCSI_NOT_READY;
		sense->code = SCSI_CODE_BECOMING_READY;
		scsi_sense_set_progress(sense, disc_model_progress(&o->model, now_ns));
	}
	return true;
}

/* --- reads --- */

void optical_model_read(struct optical *o, struct optical_transfer *t)
{
	struct disc_model_verdict verdict;

	if (!o->has_model) {
		return;
	}
	verdict = disc_model_read(&o->model, t->start_ns, t->read.lba, t->read.sectors,
				  (uint64_t)t->read.sectors * DISC_DATA_BYTES);
	t->end_ns = verdict.end_ns;
	t->is_bad = verdict.fails;
	t->bad_lba = verdict.failed_lba;
	if (verdict.fails) {
		t->read.sectors = verdict.failed_lba - t->read.lba;
	}
}

static void on_timer(void *arg)
{
	struct optical_transfer *t = arg;
	struct optical *o = t->drive;

	t->waits = false;
	optical_end_read(t, t->result);
	scsi_unit_batch_done(&o->unit);
}

bool optical_model_holds(struct optical_transfer *t, int result)
{
	if (t->end_ns <= clock_now_ns()) {
		return false;
	}
	t->waits = true;
	t->result = result;
	loop_timer_init(&t->timer, on_timer, t);
	loop_timer_arm(scsi_bus_loop(t->drive->unit.bus), &t->timer, t->end_ns);
	return true;
}

void optical_model_release(struct optical *o, const struct scsi_command *c)
{
	for (unsigned i = 0; i < SCSI_COMMANDS_MAX; i++) {
		struct optical_transfer *t = &o->transfers[i];

		if (!t->command || (c && t->command != c)) {
			continue;
		}
		t->end_ns = 0; /* of a read that is still under way, too */
		if (t->waits) {
			t->waits = false;
			loop_timer_disarm(&t->timer);
			optical_end_read(t, t->result);
		}
	}
}
