/* SPDX-License-Identifier: MIT */
#include "mgmt/device_types.h"

#include "devices/device.h"
#include "devices/hda/hda.h"
#include "devices/legacy/acpi_pm.h"
#include "devices/legacy/debug_exit.h"
#include "devices/legacy/fw_cfg.h"
#include "devices/legacy/i8042.h"
#include "devices/legacy/pvpanic.h"
#include "devices/legacy/rtc.h"
#include "devices/legacy/serial.h"
#include "devices/scsi/cd.h"
#include "devices/scsi/host_cd.h"
#include "devices/virtio/balloon.h"
#include "devices/virtio/blk.h"
#include "devices/virtio/console.h"
#include "devices/virtio/gpu.h"
#include "devices/virtio/input.h"
#include "devices/virtio/net.h"
#include "devices/virtio/rng.h"
#include "devices/virtio/scsi.h"
#include "devices/virtio/snd.h"

const struct device_type *const device_types[] = {
	&rtc_type,
	&i8042_type,
	&acpi_pm_type,
	&fw_cfg_type,
	&pvpanic_type,
	&debug_exit_type,
	&serial_type,
	&virtio_blk_type,
	&virtio_scsi_type,
	&scsi_cd_type,
	&scsi_host_cd_type,
	&virtio_net_type,
	&virtio_console_type,
	&virtio_rng_type,
	&virtio_balloon_type,
	&virtio_gpu_type,
	&virtio_snd_type,
	&virtio_keyboard_type,
	&virtio_tablet_type,
	&virtio_mouse_type,
	&virtio_multitouch_type,
	&hda_type,
	NULL,
};
