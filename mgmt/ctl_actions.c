/* SPDX-License-Identifier: MIT */
#include "mgmt/ctl_actions.h"

#include "vmm/base/compiler.h"

static const struct ctl_action *const tables[] = { ctl_machine_actions,	  ctl_device_actions,
						   ctl_screen_actions,	  ctl_input_actions,
						   ctl_clipboard_actions, ctl_audio_actions,
						   ctl_disc_actions };

const struct ctl_action *ctl_action_at(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct ctl_action *action = tables[i]; action->name; action++) {
			if (index-- == 0) {
				return action;
			}
		}
	}
	return NULL;
}

int ctl_run_action(struct ctl *ctl, const struct ctl_action *action, char **argv, struct error *err)
{
	return action->command ? ctl_execute(ctl, action->command, NULL, err)
			       : action->run(ctl, argv, err);
}
