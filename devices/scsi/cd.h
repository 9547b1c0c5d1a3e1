/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_CD_H
#define THUNDERLAKE_DEVICES_SCSI_CD_H

#include "devices/device.h"

/*
 * The emulated optical drive as a device: its options, its disc, and the main thread's way to it.
 * On the bus of the machine's SCSI controller.
 */
extern const struct device_type scsi_cd_type;

#endif
