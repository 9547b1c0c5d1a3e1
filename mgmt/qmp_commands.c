/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_commands.h"

static json_t *run_query_commands(const struct qmp_context *c, const json_t *arguments,
				  struct qmp_failure *failure)
{
	json_t *list = json_array();

	(void)c;
	(void)arguments;
	(void)failure;
	for (size_t i = 0; qmp_command_tables[i]; i++) {
		for (const struct qmp_command *command = qmp_command_tables[i]; command->name;
		     command++) {
			(void)json_array_append_new(list,
						    json_pack("{s:s}", "name", command->name));
		}
	}
	return list;
}

static const struct qmp_command list_commands[] = {
	{ "query-commands", NULL, run_query_commands },
	{ .name = NULL },
};

const struct qmp_command *const qmp_command_tables[] = {
	qmp_control_commands, qmp_query_commands,
	qmp_block_commands,   qmp_disc_commands,
	list_commands,	      qmp_pci_commands,
	qmp_screen_commands,  qmp_wait_commands,
	qmp_input_commands,   qmp_clipboard_commands,
	qmp_hotplug_commands, qmp_record_commands,
	qmp_audio_commands,   NULL,
};
