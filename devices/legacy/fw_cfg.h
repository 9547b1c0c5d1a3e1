/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_FW_CFG_H
#define THUNDERLAKE_DEVICES_LEGACY_FW_CFG_H

#include <stddef.h>
#include <stdint.h>

#include "devices/device.h"

/*
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg): numbered items and named files
 * that firmware reads by ports or by DMA. Read-only for the guest. Keys are FW_CFG_* of
 * <linux/qemu_fw_cfg.h>; the signature, the feature word, the size of memory and the directory are
 * there from the start.
 */
struct fw_cfg;

#define FW_CFG_FILES_MAX 64u

extern const struct device_type fw_cfg_type;

/* Adds an item or a file with a copy of `bytes`, or replaces the one with the same key or name. The
 * key is below FW_CFG_FILE_FIRST; a name is shorter than FW_CFG_MAX_FILE_PATH. Any thread. -EINVAL,
 * -ENOSPC (FW_CFG_FILES_MAX), -ENOMEM. */
int fw_cfg_add_item(struct fw_cfg *fw, uint16_t key, const void *bytes, size_t length);
int fw_cfg_add_file(struct fw_cfg *fw, const char *name, const void *bytes, size_t length);

#endif
