/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_CD_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_CD_H

#include "devices/device.h"

/*
 * An optical drive of the host's as a device: its options, and the main thread's way to it. On the
 * bus of the machine's SCSI controller. Its tray moves by itself: open_tray and close_tray give the
 * order and return, and the event comes when the tray has moved.
 */
extern const struct device_type scsi_host_cd_type;

#endif
