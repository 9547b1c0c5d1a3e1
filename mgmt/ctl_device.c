/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_answer.h"
#include "mgmt/ctl_screen.h"
#include "vmm/base/compiler.h"

/* Devices that come and go. */

#define USAGE	  "expected: device add TYPE [OPTION=VALUE…], device del ID, or device list"
#define WORDS_MAX 32

static const char *fate_of(const json_t *device)
{
	if (is_true(device, "leaving")) {
		return "leaving";
	}
	return is_true(device, "hotpluggable") ? "can go" : "";
}

static void print_devices(const json_t *devices)
{
	json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
	{
		(void)printf("%-16s %-18s %s\n", text_of(device, "id"), text_of(device, "driver"),
			     fate_of(device));
	}
}

/* One OPTION=VALUE word; a file is where it is for us. */
static int take_option(json_t *arguments, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	AUTO_FREE char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;
	AUTO_FREE char *path = NULL;
	int code = 0;

	if (!equals) {
		return error_set(err, -EINVAL, "'%s' is not OPTION=VALUE", word);
	}
	if (name && strcmp(name, "file") == 0) {
		code = ctl_absolute_path(equals + 1, &path, err);
	}
	if (code == 0 && (!name || json_object_set_new(arguments, name,
						       json_string(path ? path : equals + 1)))) {
		code = error_set(err, -EINVAL, "'%s' is not UTF-8", word);
	}
	return code;
}

static int add(struct ctl *ctl, char **words, struct error *err)
{
	json_t *arguments = json_pack("{s:s}", "driver", words[0]);
	int code = 0;

	for (char **word = words + 1; code == 0 && *word; word++) {
		code = take_option(arguments, *word, err);
	}
	if (code < 0) {
		json_decref(arguments);
		return code;
	}
	return ctl_execute(ctl, "device_add", arguments, err);
}

static int run_device(struct ctl *ctl, char **argv, struct error *err)
{
	if (strcmp(argv[0], "list") == 0 && !argv[1]) {
		return ctl_show(ctl, "x-thunderlake-query-devices", print_devices, err);
	}
	if (strcmp(argv[0], "add") == 0 && argv[1]) {
		return add(ctl, argv + 1, err);
	}
	if (strcmp(argv[0], "del") == 0 && argv[1] && !argv[2]) {
		return ctl_execute(ctl, "device_del", json_pack("{s:s}", "id", argv[1]), err);
	}
	return error_set(err, -EINVAL, USAGE);
}

const struct ctl_action ctl_device_actions[] = {
	{ "device", "add TYPE [OPTION=VALUE…]|del ID|list",
	  "let a device come (--device TYPE,help tells of each), or ask one to go", 1, WORDS_MAX,
	  NULL, run_device },
	{ .name = NULL },
};
