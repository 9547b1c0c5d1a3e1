/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_CONFIG_SOUND_H
#define THUNDERLAKE_MGMT_MACHINE_CONFIG_SOUND_H

#include "mgmt/machine_config.h"

/* For machine_config.c: reads --sound into config->sound and checks it and --audio. */
int machine_config_resolve_sound(struct machine_config *config, struct error *err);

/* For machine_config_devices.c: the device type of the card to add, NULL for none. */
const char *machine_config_sound_card(const struct machine_config *config);

#endif
