/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_DEVICE_TYPES_H
#define THUNDERLAKE_TESTS_UNIT_MGMT_FAKE_DEVICE_TYPES_H

#include "devices/device.h"
#include "mgmt/device_types.h"

/* Types with the names that the configuration uses and nothing behind them. */
#define FAKE_TYPE(text) (&(const struct device_type){ .name = (text), .help = "fake" })

#define FAKE_CARD(text) \
	(&(const struct device_type){ .name = (text), .help = "fake", .is_on_audio_loop = true })

const struct device_type *const device_types[] = {

	FAKE_TYPE("rtc"),
	FAKE_TYPE("i8042"),
	FAKE_TYPE("acpi-pm"),

	FAKE_TYPE("fw-cfg"),
	FAKE_TYPE("pvpanic"),
	FAKE_TYPE("isa-debug-exit"),
	FAKE_TYPE("serial"),
	FAKE_TYPE("virtio-blk"),
	FAKE_TYPE("virtio-scsi"),
	FAKE_TYPE("scsi-cd"),
	FAKE_TYPE("scsi-host-cd"),
	FAKE_TYPE("virtio-net"),
	FAKE_TYPE("virtio-console"),
	FAKE_TYPE("virtio-rng"),
	FAKE_TYPE("virtio-balloon"),
	FAKE_TYPE("virtio-gpu"),
	FAKE_TYPE("virtio-keyboard"),
	FAKE_TYPE("virtio-tablet"),
	FAKE_CARD("virtio-snd"),
	FAKE_CARD("intel-hda"),
	NULL,
};

#endif
