/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_COMMANDS_H
#define THUNDERLAKE_MGMT_QMP_COMMANDS_H

#include "mgmt/qmp_command.h"

/* Each ends with a NULL name. */
extern const struct qmp_command qmp_control_commands[];	  /* qmp_commands_control.c */
extern const struct qmp_command qmp_query_commands[];	  /* qmp_commands_query.c */
extern const struct qmp_command qmp_block_commands[];	  /* qmp_commands_block.c */
extern const struct qmp_command qmp_disc_commands[];	  /* qmp_commands_disc.c */
extern const struct qmp_command qmp_pci_commands[];	  /* qmp_commands_pci.c */
extern const struct qmp_command qmp_screen_commands[];	  /* qmp_commands_screen.c */
extern const struct qmp_command qmp_wait_commands[];	  /* qmp_commands_wait.c */
extern const struct qmp_command qmp_clipboard_commands[]; /* qmp_commands_clipboard.c */
extern const struct qmp_command qmp_hotplug_commands[];	  /* qmp_commands_hotplug.c */
extern const struct qmp_command qmp_record_commands[];	  /* qmp_commands_record.c */
extern const struct qmp_command qmp_audio_commands[];	  /* qmp_commands_audio.c */
extern const struct qmp_command qmp_input_commands[];	  /* qmp_commands_input.c */

/* The tables above and one of its own, ending with NULL: qmp_commands.c. */
extern const struct qmp_command *const qmp_command_tables[];

#endif
