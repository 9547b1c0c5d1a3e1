/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_print.h"
#include "vmm/base/compiler.h"
#include "vmm/base/options.h"

int ctl_summarize(struct ctl *ctl, json_t **out, struct error *err)
{
	json_t *name = NULL;
	json_t *status = NULL;
	json_t *memory = NULL;
	json_t *cpus = NULL;
	json_t *sound = NULL;
	int code = ctl_client_execute(&ctl->client, "query-name", NULL, &name, err);

	code = code ?: ctl_client_execute(&ctl->client, "query-status", NULL, &status, err);
	code = code ?: ctl_client_execute(&ctl->client, "query-cpus-fast", NULL, &cpus, err);
	code = code
		       ?: ctl_client_execute(&ctl->client, "query-memory-size-summary", NULL,
					     &memory, err);
	code = code
		       ?: ctl_client_execute(&ctl->client, "x-thunderlake-query-audio", NULL,
					     &sound, err);
	*out = code ? NULL
		    : json_pack("{s:O?, s:O?, s:I, s:O?, s:O?}", "name",
				json_object_get(name, "name"), "status",
				json_object_get(status, "status"), "cpus",
				(json_int_t)json_array_size(cpus), "memory",
				json_object_get(memory, "base-memory"), "microphone",
				json_object_get(sound, "microphone"));
	json_decref(name);
	json_decref(status);
	json_decref(memory);
	json_decref(cpus);
	json_decref(sound);
	return code;
}

static int run_status(struct ctl *ctl, char **argv, struct error *err)
{
	json_t *summary;
	int code = ctl_summarize(ctl, &summary, err);

	(void)argv;
	if (code == 0) {
		(ctl->json ? ctl_print_json : ctl_print_summary)(summary);
	}
	json_decref(summary);
	return code;
}

static int run_block(struct ctl *ctl, char **argv, struct error *err)
{
	(void)argv;
	return ctl_show(ctl, "query-block", ctl_print_block, err);
}

static int run_pci(struct ctl *ctl, char **argv, struct error *err)
{
	(void)argv;
	return ctl_show(ctl, "query-pci", ctl_print_pci, err);
}

static int run_balloon(struct ctl *ctl, char **argv, struct error *err)
{
	uint64_t bytes;

	if (!argv[0]) {
		return ctl_show(ctl, "x-thunderlake-query-balloon-stats", ctl_print_balloon, err);
	}
	if (parse_size(argv[0], &bytes) < 0 || bytes == 0 || bytes > INT64_MAX) {
		return error_set(err, -EINVAL, "'%s' is no size; 512M and 2G are", argv[0]);
	}
	return ctl_execute(ctl, "balloon", json_pack("{s:I}", "value", (json_int_t)bytes), err);
}

static int run_link(struct ctl *ctl, char **argv, struct error *err)
{
	if (!argv[0]) {
		return ctl_show(ctl, "x-thunderlake-query-network", ctl_print_network, err);
	}
	if (!argv[1] || (strcmp(argv[1], "up") != 0 && strcmp(argv[1], "down") != 0)) {
		return error_set(err, -EINVAL, "expected: link DEVICE up, or link DEVICE down");
	}
	return ctl_execute(ctl, "set_link",
			   json_pack("{s:s, s:b}", "name", argv[0], "up", argv[1][0] == 'u'), err);
}

static int run_events(struct ctl *ctl, char **argv, struct error *err)
{
	json_t *message;
	int code;

	(void)argv;
	while ((code = ctl_client_next(&ctl->client, &message, err)) == 0) {
		if (!json_object_get(message, "event")) {
			json_decref(message);
			continue;
		}
		if (ctl->json) {
			(void)json_dumpf(message, stdout, JSON_PRESERVE_ORDER);
			(void)putchar('\n');
		} else {
			ctl_print_event(message);
		}
		(void)fflush(stdout);
		json_decref(message);
	}
	return code == -ECONNRESET ? 0 : code;
}

static int run_raw(struct ctl *ctl, char **argv, struct error *err)
{
	json_error_t where;
	json_t *request;
	json_t *reply;
	int code;

	if (argv[0][0] == '{') {
		request = json_loads(argv[0], JSON_REJECT_DUPLICATES, &where);
	} else {
		request = json_pack("{s:s}", "execute", argv[0]);
	}
	if (!request) {
		return error_set(err, -EINVAL, "the request is not JSON: %s", where.text);
	}
	code = ctl_client_request(&ctl->client, request, &reply, err);
	if (code == 0) {
		ctl_print_json(reply);
		if (json_object_get(reply, "error")) {
			code = error_set(err, -EREMOTEIO, "the machine refused the request");
		}
	}
	json_decref(request);
	json_decref(reply);
	return code;
}

const struct ctl_action ctl_machine_actions[] = {
	{ "status", "", "its state, processors and memory", 0, 0, NULL, run_status },
	{ "stop", "", "pause it", 0, 0, "stop", NULL },
	{ "cont", "", "let it go on", 0, 0, "cont", NULL },
	{ "powerdown", "", "press the power button; the guest decides", 0, 0, "system_powerdown",
	  NULL },
	{ "reset", "", "reset it, as the button does", 0, 0, "system_reset", NULL },
	{ "quit", "", "end it at once", 0, 0, "quit", NULL },
	{ "balloon", "[SIZE]", "leave SIZE of memory to the guest; alone: how much it has", 0, 1,
	  NULL, run_balloon },
	{ "link", "[DEVICE up|down]", "plug or pull a network cable; alone: list the cards", 0, 2,
	  NULL, run_link },
	{ "block", "", "its disks", 0, 0, NULL, run_block },
	{ "pci", "", "its PCI devices", 0, 0, NULL, run_pci },
	{ "events", "", "print what happens to it until it ends", 0, 0, NULL, run_events },
	{ "raw", "COMMAND|JSON", "send a QMP command or request, print the reply", 1, 1, NULL,
	  run_raw },
	{ .name = NULL },
};
