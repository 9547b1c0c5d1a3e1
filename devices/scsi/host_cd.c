/* SPDX-License-Identifier: MIT */
#include "devices/scsi/host_cd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/scsi/bus.h"
#include "devices/scsi/drive.h"
#include "devices/scsi/host_drive.h"
#include "devices/scsi/host_sg.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

struct host_cd_options {
	char *drive;
	bool write;
};

struct host_cd {
	struct host_drive *drive;
	char *path;
	const char *id;	   /* borrowed */
	struct loop *loop; /* the bus's, borrowed */
	void (*notify)(void *arg, const char *id, const char *event, uint64_t value);
	void *notify_arg;
};

static void on_tray(void *owner, bool open)
{
	const struct host_cd *cd = owner;

	if (cd->notify) {
		cd->notify(cd->notify_arg, cd->id, DRIVE_TRAY_EVENT, open);
	}
}

/* --- what people do, on the loop --- */

/* A call from the main thread: what it brings and what it takes back. */
struct call {
	struct host_cd *cd;
	bool force;
	struct drive_status *status;
	struct drive_counters *counters;
	int result;
};

static void do_status(void *arg)
{
	const struct call *call = arg;
	const struct host_drive_status status = host_drive_status(call->cd->drive);

	*call->status = (struct drive_status){
		.is_host = true,
		.tray_open = status.tray_open,
		.locked = status.locked,
		.has_disc = status.has_disc,
		.kind = status.kind,
		.bytes = status.bytes,
	};
	(void)snprintf(call->status->path, sizeof(call->status->path), "%s", call->cd->path);
}

static void get_status(void *state, struct drive_status *out)
{
	struct host_cd *cd = state;
	struct call call = { .cd = cd, .status = out };

	loop_call(cd->loop, do_status, &call);
}

static void do_counters(void *arg)
{
	const struct call *call = arg;

	*call->counters = *host_drive_counters(call->cd->drive);
}

static void get_counters(void *state, struct drive_counters *out)
{
	struct host_cd *cd = state;
	struct call call = { .cd = cd, .counters = out };

	loop_call(cd->loop, do_counters, &call);
}

static void do_open_tray(void *arg)
{
	struct call *call = arg;

	call->result = host_drive_open_tray(call->cd->drive, call->force);
}

static int open_tray(void *state, bool force, struct error *err)
{
	struct host_cd *cd = state;
	struct call call = { .cd = cd, .force = force };

	loop_call(cd->loop, do_open_tray, &call);
	return call.result < 0 ? error_set(err, call.result,
					   "%s: the guest has locked the tray; it was asked to let "
					   "the disc go, so try again, or force it",
					   cd->id)
			       : 0;
}

static void do_close_tray(void *arg)
{
	const struct call *call = arg;

	host_drive_close_tray(call->cd->drive);
}

static int close_tray(void *state, struct error *err)
{
	struct host_cd *cd = state;
	struct call call = { .cd = cd };

	(void)err;
	loop_call(cd->loop, do_close_tray, &call);
	return 0;
}

static const struct drive_ops DRIVE_OPS = {
	.status = get_status,
	.counters = get_counters,
	.open_tray = open_tray,
	.close_tray = close_tray,
};

/* --- making one --- */

static void do_start(void *arg)
{
	const struct host_cd *cd = arg;

	host_drive_start(cd->drive);
}

static void do_destroy(void *arg)
{
	const struct host_cd *cd = arg;

	host_drive_destroy(cd->drive);
}

static void finish(void *state)
{
	struct host_cd *cd = state;

	if (cd->drive) {
		scsi_bus_detach(host_drive_unit(cd->drive));
		loop_call(cd->loop, do_destroy, cd);
	}
	free(cd->path);
}

/* Opens the node, whose owner the drive becomes. */
static int make_drive(struct host_cd *cd, bool can_write, struct error *err)
{
	struct host_drive_config config = {
		.id = cd->id,
		.loop = cd->loop,
		.can_write = can_write,
		.on_tray = on_tray,
		.owner = cd,
	};
	int code = host_sg_open(cd->path, &config.sg, err);

	if (code < 0) {
		error_prefix(err, "%s", cd->id);
		return code;
	}
	code = host_drive_create(&config, &cd->drive);
	if (code < 0) {
		host_sg_close(config.sg);
		return error_set_errno(err, code, "%s: %s", cd->id, cd->path);
	}
	return 0;
}

static int init(void *state, const struct device_env *env, const void *options, struct error *err)
{
	const struct host_cd_options *o = options;
	struct host_cd *cd = state;
	int code;

	cd->id = env->id;
	cd->loop = env->loop;
	cd->notify = env->notify;
	cd->notify_arg = env->notify_arg;
	cd->path = strdup(o->drive);
	if (!cd->path) {
		return error_set_errno(err, -ENOMEM, "%s", env->id);
	}
	code = make_drive(cd, o->write, err);
	code = code ?: scsi_bus_attach_next(env->scsi, host_drive_unit(cd->drive), err);
	if (code < 0) {
		finish(cd);
		return code;
	}
	loop_call(cd->loop, do_start, cd);
	return 0;
}

#define FIELD(name) offsetof(struct host_cd_options, name)

static const struct option OPTIONS[] = {
	{ "drive", OPTION_STRING, FIELD(drive), .help = "the drive's node",
	  .default_text = "/dev/sr0", .value_name = "NODE" },
	{ "write", OPTION_BOOL, FIELD(write), .help = "the guest may write discs",
	  .default_text = "off" },
};

const struct device_type scsi_host_cd_type = {
	.name = "scsi-host-cd",
	.help = "an optical drive of this host, lent to the guest",
	.options = { OPTIONS, ARRAY_SIZE(OPTIONS), .first = "drive" },
	.options_size = sizeof(struct host_cd_options),
	.state_size = sizeof(struct host_cd),
	.is_on_scsi_bus = true,
	.drive = &DRIVE_OPS,
	.init = init,
	.finish = finish,
};
