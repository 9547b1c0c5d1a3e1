/* SPDX-License-Identifier: MIT */
#include "devices/scsi/cd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/drive.h"
#include "devices/scsi/optical.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define SERIAL_MAX 32u /* of which the guest sees all everywhere */

struct cd_options {
	char *file;
	char *serial;
	unsigned kind;
};

struct cd {
	struct optical *drive;
	char serial[SERIAL_MAX + 1];
	const char *id;	   /* borrowed */
	struct loop *loop; /* the bus's, borrowed */
	void (*notify)(void *arg, const char *id, const char *event, uint64_t value);
	void *notify_arg;
};

static void on_tray(void *owner, bool open)
{
	const struct cd *cd = owner;

	if (cd->notify) {
		cd->notify(cd->notify_arg, cd->id, DRIVE_TRAY_EVENT, open);
	}
}

/* --- what people do, on the loop --- */

/* A call from the main thread: what it brings and what it takes back. */
struct call {
	struct cd *cd;
	bool force;
	const struct disc_config *disc;
	const struct disc_model_config *model;
	struct drive_status *status;
	struct drive_counters *counters;
	struct error *err;
	int result;
};

static void call_drive(struct call *call, loop_fn *fn)
{
	loop_call(call->cd->loop, fn, call);
}

static void do_status(void *arg)
{
	const struct call *call = arg;
	const struct optical_status status = optical_status(call->cd->drive);
	struct drive_status *out = call->status;

	*out = (struct drive_status){ .tray_open = status.tray_open, .locked = status.locked };
	if (status.disc) {
		out->has_disc = true;
		out->kind = status.disc->kind;
		out->bytes = (uint64_t)status.disc->sectors * DISC_DATA_BYTES;
		(void)snprintf(out->path, sizeof(out->path), "%s", status.disc->path);
	}
}

static void get_status(void *state, struct drive_status *out)
{
	struct call call = { .cd = state, .status = out };

	call_drive(&call, do_status);
}

static void do_counters(void *arg)
{
	const struct call *call = arg;

	*call->counters = *optical_counters(call->cd->drive);
}

static void get_counters(void *state, struct drive_counters *out)
{
	struct call call = { .cd = state, .counters = out };

	call_drive(&call, do_counters);
}

static int explain_tray(const struct cd *cd, int code, struct error *err)
{
	if (code == -EBUSY) {
		return error_set(err, code,
				 "%s: the guest has locked the tray; it was asked to let the disc "
				 "go, so try again, or force it",
				 cd->id);
	}
	return code < 0 ? error_set(err, code, "%s: the tray is stuck", cd->id) : 0;
}

static void do_open_tray(void *arg)
{
	struct call *call = arg;

	call->result = optical_open_tray(call->cd->drive, call->force);
}

static int open_tray(void *state, bool force, struct error *err)
{
	struct call call = { .cd = state, .force = force };

	call_drive(&call, do_open_tray);
	return explain_tray(state, call.result, err);
}

static void do_close_tray(void *arg)
{
	const struct call *call = arg;

	optical_close_tray(call->cd->drive);
}

static int close_tray(void *state, struct error *err)
{
	struct call call = { .cd = state };

	(void)err;
	call_drive(&call, do_close_tray);
	return 0;
}

static void do_insert(void *arg)
{
	struct call *call = arg;
	struct optical *drive = call->cd->drive;
	struct disc *disc;

	call->result = disc_open(call->cd->loop, call->disc, &disc, call->err);
	if (call->result < 0) {
		error_prefix(call->err, "%s", call->cd->id);
		return;
	}
	call->result = explain_tray(call->cd, optical_open_tray(drive, call->force), call->err);
	if (call->result < 0) {
		disc_close(disc);
		return;
	}
	disc_close(optical_take_disc(drive));
	(void)optical_put_disc(drive, disc); /* the tray is open and empty */
	optical_close_tray(drive);
}

static int insert(void *state, const struct disc_config *disc, bool force, struct error *err)
{
	struct call call = { .cd = state, .disc = disc, .force = force, .err = err };

	call_drive(&call, do_insert);
	return call.result;
}

static void do_remove(void *arg)
{
	struct call *call = arg;
	struct optical *drive = call->cd->drive;

	if (!optical_status(drive).tray_open) {
		call->result = error_set(call->err, -EBUSY, "%s: the tray is closed", call->cd->id);
		return;
	}
	disc_close(optical_take_disc(drive));
}

static int remove_disc(void *state, struct error *err)
{
	struct call call = { .cd = state, .err = err };

	call_drive(&call, do_remove);
	return call.result;
}

static void do_set_model(void *arg)
{
	struct call *call = arg;

	call->result = optical_set_model(call->cd->drive, call->model);
	if (call->result == 0) {
		optical_set_stuck(call->cd->drive, call->force);
	}
}

static int set_model(void *state, const struct disc_model_config *model, bool is_stuck,
		     struct error *err)
{
	struct call call = { .cd = state, .model = model, .force = is_stuck };

	call_drive(&call, do_set_model);
	return call.result < 0 ? error_set(err, call.result,
					   "%s: a range of bad sectors ends before it begins, or "
					   "there are more than %u",
					   call.cd->id, DISC_MODEL_FAULTS_MAX)
			       : 0;
}

static const struct drive_ops DRIVE_OPS = {
	.status = get_status,
	.counters = get_counters,
	.open_tray = open_tray,
	.close_tray = close_tray,
	.insert = insert,
	.remove = remove_disc,
	.set_model = set_model,
};

/* --- making one --- */

static void do_destroy(void *arg)
{
	struct cd *cd = arg;

	optical_destroy(cd->drive);
}

static void finish(void *state)
{
	struct cd *cd = state;

	if (cd->drive) {
		scsi_bus_detach(optical_unit(cd->drive));
		loop_call(cd->loop, do_destroy, cd);
	}
}

/* Before the guest runs: a disc that is in the drive when it looks first. */
static int load_first_disc(struct cd *cd, const struct cd_options *o, struct error *err)
{
	const struct disc_config config = { .path = o->file, .kind = o->kind };
	void (*const notify)(void *, const char *, const char *, uint64_t) = cd->notify;
	int code;

	cd->notify = NULL; /* nobody moved that tray */
	code = insert(cd, &config, true, err);
	cd->notify = notify;
	return code;
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct cd_options *o = options;
	struct cd *cd = state;
	const struct optical_config config = {
		.id = env->id, .serial = cd->serial, .on_tray = on_tray, .owner = cd
	};
	int code;

	if (o->serial && strlen(o->serial) > SERIAL_MAX) {
		return error_set(err, -EINVAL, "%s: serial: '%s' is longer than %u characters",
				 env->id, o->serial, SERIAL_MAX);
	}
	(void)snprintf(cd->serial, sizeof(cd->serial), "%s", o->serial ? o->serial : env->id);

	cd->id = env->id;
	cd->loop = env->loop;
	cd->notify = env->notify;
	cd->notify_arg = env->notify_arg;
	code = optical_create(&config, &cd->drive);
	if (code < 0) {
		return error_set_errno(err, code, "%s", env->id);
	}
	code = o->file ? load_first_disc(cd, o, err) : 0;
	code = code ?: scsi_bus_attach_next(env->scsi, optical_unit(cd->drive), err);
	if (code < 0) {
		finish(cd);
	}
	return code;
}

/* In the order of enum disc_kind. */
static const char *const KINDS[] = { "cd-rom", "dvd-rom", "dvd-r", "auto", NULL };

#define FIELD(name) offsetof(struct cd_options, name)

static const struct option OPTIONS[] = {
	{ "file", OPTION_STRING, FIELD(file),
	  .help = "disc in the drive: an image (ISO, UDF), or a cue sheet (FILE.cue); default: none",
	  .value_name = "FILE" },
	{ "kind", OPTION_CHOICE, FIELD(kind),
	  .help = "what the image is a disc of; auto: by size and contents", .choices = KINDS,
	  .default_text = "auto" },
	{ "serial", OPTION_STRING, FIELD(serial),
	  .help = "the drive's serial number (default: the device's id)" },
};

const struct device_type scsi_cd_type = {
	.name = "scsi-cd",
	.help = "optical drive that reads CDs and DVDs from images",
	.options = { OPTIONS, ARRAY_SIZE(OPTIONS), .first = "file" },
	.options_size = sizeof(struct cd_options),
	.state_size = sizeof(struct cd),
	.is_on_scsi_bus = true,
	.drive = &DRIVE_OPS,
	.init = init,
	.finish = finish,
};
