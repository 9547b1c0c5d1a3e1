/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"

/* Commands that change something. */

static json_t *nothing(void)
{
	return json_object();
}

static json_t *report(int code, const struct error *err, struct qmp_failure *failure)
{
	return code < 0 ? qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err->text) : nothing();
}

static json_t *run_qmp_capabilities(const struct qmp_context *c, const json_t *arguments,
				    struct qmp_failure *failure)
{
	const json_t *enable = json_object_get(arguments, "enable");

	(void)c;
	if (json_array_size(enable)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR,
				"this server offers no capabilities to enable");
	}
	return nothing();
}

static json_t *run_stop(const struct qmp_context *c, const json_t *arguments,
			struct qmp_failure *failure)
{
	(void)arguments;
	(void)failure;
	c->ops->pause(c->machine);
	return nothing();
}

static json_t *run_cont(const struct qmp_context *c, const json_t *arguments,
			struct qmp_failure *failure)
{
	struct error err = { "" };
	int code = c->ops->resume(c->machine, &err);

	(void)arguments;
	return report(code, &err, failure);
}

static json_t *run_system_reset(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	struct error err = { "" };
	int code = c->ops->reset(c->machine, &err);

	(void)arguments;
	return report(code, &err, failure);
}

static json_t *run_system_powerdown(const struct qmp_context *c, const json_t *arguments,
				    struct qmp_failure *failure)
{
	(void)arguments;
	(void)failure;
	c->ops->power_button(c->machine);
	return nothing();
}

static json_t *run_quit(const struct qmp_context *c, const json_t *arguments,
			struct qmp_failure *failure)
{
	(void)arguments;
	(void)failure;
	c->ops->quit(c->machine);
	return nothing();
}

static json_t *run_balloon(const struct qmp_context *c, const json_t *arguments,
			   struct qmp_failure *failure)
{
	const json_int_t target = json_integer_value(json_object_get(arguments, "value"));

	if (target <= 0) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter 'target' expects a size");
	}
	if (c->ops->set_balloon(c->machine, (uint64_t)target) < 0) {
		return qmp_fail(failure, QMP_DEVICE_NOT_ACTIVE,
				"No balloon device has been activated");
	}
	return nothing();
}

static json_t *run_set_link(const struct qmp_context *c, const json_t *arguments,
			    struct qmp_failure *failure)
{
	const char *name = json_string_value(json_object_get(arguments, "name"));
	const bool up = json_is_true(json_object_get(arguments, "up"));

	if (c->ops->set_link(c->machine, name, up) < 0) {
		return qmp_fail(failure, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", name);
	}
	return nothing();
}

static const struct qmp_argument capabilities_arguments[] = { { "enable", QMP_ARRAY, true },
							      { .name = NULL } };
static const struct qmp_argument balloon_arguments[] = { { "value", QMP_INTEGER, false },
							 { .name = NULL } };
static const struct qmp_argument set_link_arguments[] = { { "name", QMP_STRING, false },
							  { "up", QMP_BOOL, false },
							  { .name = NULL } };

const struct qmp_command qmp_control_commands[] = {
	{ "qmp_capabilities", capabilities_arguments, run_qmp_capabilities },
	{ "stop", NULL, run_stop },
	{ "cont", NULL, run_cont },
	{ "system_reset", NULL, run_system_reset },
	{ "system_powerdown", NULL, run_system_powerdown },
	{ "quit", NULL, run_quit },
	{ "balloon", balloon_arguments, run_balloon },
	{ "set_link", set_link_arguments, run_set_link },
	{ .name = NULL },
};
