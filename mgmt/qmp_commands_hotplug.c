/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "vmm/base/options.h"

/* Devices that come and go. Their options are those of `--device`, beside the names that QEMU has
 * for what we have. */

#define ID_MAX 63u

static bool is_identifier(const char *id)
{
	if (!isalpha((unsigned char)id[0]) || strlen(id) > ID_MAX) {
		return false;
	}
	return id[strspn(id,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")] ==
	       '\0';
}

static bool is_own_argument(const char *name)
{
	static const char *const names[] = { "driver", "id", "bus", "drive", NULL };
	size_t i = 0;

	while (names[i] && strcmp(names[i], name) != 0) {
		i++;
	}
	return names[i];
}

/* Appends a member as an option. False: it can't be one. */
static bool append_option(char **text, const char *name, const json_t *value)
{
	char number[32];

	if (strpbrk(name, ",=")) {
		return false;
	}
	switch (json_typeof(value)) {
	case JSON_STRING:
		return options_append(text, name, json_string_value(value)) == 0;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		return options_append(text, name, number) == 0;
	case JSON_TRUE:
	case JSON_FALSE:
		return options_append(text, name, json_is_true(value) ? "on" : "off") == 0;
	default:
		return false;
	}
}

/* The text for the device's option table, owned; NULL with `failure` filled. */
static char *options_of(const json_t *arguments, struct qmp_failure *failure)
{
	char *text = strdup("");
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)arguments, name, value)
	{
		if (text && !is_own_argument(name) && !append_option(&text, name, value)) {
			(void)qmp_fail(failure, QMP_GENERIC_ERROR,
				       "Parameter '%s' is no option of a device", name);
			free(text);
			return NULL;
		}
	}
	if (!text) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	return text;
}

/* `{}`, or the failure of what the machine was to do. */
static json_t *answer(int code, const struct error *err, struct qmp_failure *failure)
{
	if (code < 0) {
		return qmp_fail(failure, code == -ENODEV ? QMP_DEVICE_NOT_FOUND : QMP_GENERIC_ERROR,
				"%s", err->text);
	}
	return json_object();
}

static json_t *run_device_add(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	struct machine_new_device wanted = {
		.driver = json_string_value(json_object_get(arguments, "driver")),
		.id = json_string_value(json_object_get(arguments, "id")),
		.bus = json_string_value(json_object_get(arguments, "bus")),
		.drive = json_string_value(json_object_get(arguments, "drive")),
	};
	AUTO_FREE char *options = NULL;
	struct error err;
	int code;

	if (wanted.id && !is_identifier(wanted.id)) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "Parameter 'id' expects an identifier");
	}
	options = options_of(arguments, failure);
	if (!options) {
		return NULL;
	}
	wanted.options = options;
	code = c->ops->add_device(c->machine, &wanted, &err);
	return answer(code, &err, failure);
}

static json_t *run_device_del(const struct qmp_context *c, const json_t *arguments,
			      struct qmp_failure *failure)
{
	struct error err;
	const int code = c->ops->remove_device(
		c->machine, json_string_value(json_object_get(arguments, "id")), &err);

	return answer(code, &err, failure);
}

static json_t *run_query_devices(const struct qmp_context *c, const json_t *arguments,
				 struct qmp_failure *failure)
{
	json_t *devices = json_array();
	struct qmp_device device;

	(void)arguments;
	(void)failure;
	for (size_t i = 0; c->ops->device_at(c->machine, i, &device); i++) {
		(void)json_array_append_new(devices,
					    json_pack("{s:s, s:s, s:b, s:b}", "id", device.id,
						      "driver", device.driver, "hotpluggable",
						      device.can_go, "leaving", device.leaving));
	}
	return devices;
}

/* A raw file, named alone or below the driver "raw". The disk that gets it opens it. */
static json_t *run_blockdev_add(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	static const char *const drivers[] = { "raw", "file", NULL };
	static const char *const members[] = { "driver", "filename", NULL };
	const json_t *file = arguments;
	const char *path = "";
	struct error err;
	int code = qmp_choice(arguments, path, "driver", drivers, failure);

	if (code < 0) {
		return NULL;
	}
	if (code == 0) {
		file = qmp_member(arguments, path, "file", QMP_OBJECT, failure);
		path = "file.";
		if (!file || !qmp_has_only(file, path, members, failure) ||
		    qmp_choice(file, path, "driver", drivers + 1, failure) < 0) {
			return NULL;
		}
	}
	file = qmp_member(file, path, "filename", QMP_STRING, failure);
	if (!file) {
		return NULL;
	}
	code = c->ops->add_drive(c->machine,
				 json_string_value(json_object_get(arguments, "node-name")),
				 json_string_value(file),
				 json_is_true(json_object_get(arguments, "read-only")), &err);
	return answer(code, &err, failure);
}

static json_t *run_blockdev_del(const struct qmp_context *c, const json_t *arguments,
				struct qmp_failure *failure)
{
	struct error err;
	const int code = c->ops->remove_drive(
		c->machine, json_string_value(json_object_get(arguments, "node-name")), &err);

	return answer(code, &err, failure);
}

static const struct qmp_argument add_arguments[] = { { "driver", QMP_STRING, false },
						     { "bus", QMP_STRING, true },
						     { "id", QMP_STRING, true },
						     { "drive", QMP_STRING, true },
						     { .name = NULL } };
static const struct qmp_argument del_arguments[] = { { "id", QMP_STRING, false },
						     { .name = NULL } };
static const struct qmp_argument blockdev_add_arguments[] = {
	{ "driver", QMP_STRING, false },  { "node-name", QMP_STRING, false },
	{ "read-only", QMP_BOOL, true },  { "file", QMP_OBJECT, true },
	{ "filename", QMP_STRING, true }, { .name = NULL }
};
static const struct qmp_argument blockdev_del_arguments[] = { { "node-name", QMP_STRING, false },
							      { .name = NULL } };

const struct qmp_command qmp_hotplug_commands[] = {
	{ "device_add", add_arguments, run_device_add, .takes_more = true },
	{ "device_del", del_arguments, run_device_del },
	{ "blockdev-add", blockdev_add_arguments, run_blockdev_add },
	{ "blockdev-del", blockdev_del_arguments, run_blockdev_del },
	{ "x-thunderlake-query-devices", NULL, run_query_devices },
	{ .name = NULL },
};
