/* SPDX-License-Identifier: MIT */
#include "mgmt/qmp_dispatch.h"

const struct qmp_command *const qmp_command_tables[] = {
	qmp_control_commands,
	qmp_query_commands,
	qmp_pci_commands,
	qmp_screen_commands,
	qmp_wait_commands,
	qmp_input_commands,
	qmp_clipboard_commands,
	qmp_hotplug_commands,
	qmp_record_commands,
	qmp_audio_commands,
	NULL,
};
