/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_input.h"

#include <errno.h>
#include <stdlib.h>

#include "mgmt/key_names.h"
#include "mgmt/qmp_arguments.h"
#include "vmm/base/compiler.h"

/* A command whose reply comes when its keys were played. */
struct job {
	struct qmp_pending pending;
	struct input_player *player;
	bool is_detached; /* nobody waits for the reply any more */
	bool outlives_client;
};

static void on_done(void *arg, int code)
{
	struct job *job = arg;
	struct qmp_failure failure = { .class = QMP_GENERIC_ERROR };

	if (code == -ENODEV) {
		(void)qmp_fail(&failure, QMP_GENERIC_ERROR,
			       "the guest has no driver for such a device yet");
	} else if (code < 0) {
		(void)qmp_fail(&failure, QMP_GENERIC_ERROR,
			       "the guest stopped taking what was sent");
	}
	if (!job->is_detached) {
		qmp_finish(&job->pending, code < 0 ? NULL : json_object(), &failure);
	}
	free(job);
}

/* Scripts for QEMU send keys and leave at once; a long text ends with who sent it. */
static void on_cancel(struct qmp_pending *pending)
{
	struct job *job = container_of(pending, struct job, pending);

	job->is_detached = true;
	if (!job->outlives_client) {
		input_player_cancel(job->player);
		free(job);
	}
}

json_t *qmp_play(const struct qmp_context *c, const struct input_script *script,
		 bool outlives_client, struct qmp_failure *failure)
{
	struct job *job = calloc(1, sizeof(*job));
	int code;

	if (!job) {
		free(script->steps);
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	job->pending.on_cancel = on_cancel;
	job->outlives_client = outlives_client;
	code = input_player_create(c->ops->input(c->machine), c->loop, script, on_done, job,
				   &job->player);
	if (code < 0) {
		free(job);
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	return qmp_defer(failure, &job->pending);
}

struct input *qmp_find_input(const struct qmp_context *c, struct qmp_failure *failure)
{
	struct input *input = c->ops->input(c->machine);

	if (!input || !c->loop) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "this machine has no keys");
		return NULL;
	}
	return input;
}

bool qmp_guest_runs(const struct qmp_context *c)
{
	return c->ops->status(c->machine) == MACHINE_RUNNING;
}

bool qmp_take_key(const json_t *value, const char *path, unsigned *key, struct qmp_failure *failure)
{
	static const char *const types[] = { "number", "qcode", NULL };
	static const char *const names[] = { "type", "data", NULL };
	const int type = qmp_choice(value, path, "type", types, failure);
	const json_t *data;

	if (type < 0) {
		return false;
	}
	data = qmp_member(value, path, "data", type == 0 ? QMP_INTEGER : QMP_STRING, failure);
	if (!data) {
		return false;
	}
	if (type == 0) {
		*key = key_by_number(json_integer_value(data));
	} else if (!key_by_name(json_string_value(data), key)) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "Parameter 'data' does not accept value '%s'",
			       json_string_value(data));
		return false;
	}
	return qmp_has_only(value, path, names, failure);
}
