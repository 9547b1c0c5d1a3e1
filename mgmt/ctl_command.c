/* SPDX-License-Identifier: MIT */
#include "mgmt/ctl_command.h"

#include "mgmt/ctl_print.h"

int ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, struct error *err)
{
	json_t *value;
	int code = ctl_client_execute(&ctl->client, command, arguments, &value, err);

	if (code == 0 && ctl->json) {
		ctl_print_json(value);
	}
	json_decref(value);
	return code;
}

int ctl_show(struct ctl *ctl, const char *command, ctl_print_fn *print, struct error *err)
{
	json_t *value;
	int code = ctl_client_execute(&ctl->client, command, NULL, &value, err);

	if (code == 0) {
		(ctl->json ? ctl_print_json : print)(value);
	}
	json_decref(value);
	return code;
}
