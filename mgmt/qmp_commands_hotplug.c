/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"

/* Devices that come and go. So far none can: the PCI bus has no slots with hot plug, and there is
 * no other bus. Refused in the words that QEMU has for such a bus. */
#define BUS "pcie.0"

static json_t *refuse(struct qmp_failure *failure)
{
	return qmp_fail(failure, QMP_GENERIC_ERROR, "Bus '" BUS "' does not support hotplugging");
}

static json_t *run_device_add(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	const char *driver = json_string_value(json_object_get(arguments, "driver"));

	if (!c->ops->has_driver(c->machine, driver)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "'%s' is not a valid device model name",
				driver);
	}
	return refuse(failure);
}

static json_t *run_device_del(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	const char *id = json_string_value(json_object_get(arguments, "id"));

	if (!c->ops->has_device(c->machine, id)) {
		return qmp_fail(failure, QMP_DEVICE_NOT_FOUND, "Device '%s' not found", id);
	}
	return refuse(failure);
}

static const struct qmp_argument add_arguments[] = { { "driver", QMP_STRING, false },
						     { "bus", QMP_STRING, true },
						     { "id", QMP_STRING, true },
						     { .name = NULL } };
static const struct qmp_argument del_arguments[] = { { "id", QMP_STRING, false },
						     { .name = NULL } };

const struct qmp_command qmp_hotplug_commands[] = {
	{ "device_add", add_arguments, run_device_add, .takes_more = true },
	{ "device_del", del_arguments, run_device_del },
	{ .name = NULL },
};
