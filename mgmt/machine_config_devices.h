/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_MACHINE_CONFIG_DEVICES_H
#define THUNDERLAKE_MGMT_MACHINE_CONFIG_DEVICES_H

#include "mgmt/machine_config.h"

/* For machine_config.c: makes the list of devices from the settings; forgets it. */
int machine_config_add_devices(struct machine_config *config, struct error *err);
void machine_config_drop_devices(struct machine_config *config);

#endif
