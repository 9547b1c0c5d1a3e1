/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_QMP_INPUT_H
#define THUNDERLAKE_MGMT_QMP_INPUT_H

#include "display/input_player.h"
#include "mgmt/qmp_command.h"

/* What the commands of qmp_commands_input.c have in common. Each fills `failure` when it returns
 * NULL or false. */
#define QMP_PATH_SIZE 64

/* The machine's input. */
struct input *qmp_find_input(const struct qmp_context *c, struct qmp_failure *failure);

bool qmp_guest_runs(const struct qmp_context *c);

/* A KeyValue of QEMU as KEY_ code, 0 for one that no board has; `path` is where it is, with a dot
 * at its end. */
bool qmp_take_key(const json_t *value, const char *path, unsigned *key,
		  struct qmp_failure *failure);

/* Plays a script, whose steps it takes over; the reply comes when the guest has taken all. With
 * `outlives_client` it goes on when the client leaves. */
json_t *qmp_play(const struct qmp_context *c, const struct input_script *script,
		 bool outlives_client, struct qmp_failure *failure);

/* The names of QEMU's InputButton that have a button, ending with NULL, and which it is: 0 for a
 * wheel. */
extern const char *const qmp_button_names[];
unsigned qmp_button(int index);

/* qmp_input_events.c */
qmp_handler qmp_run_input_send_event;

#endif
