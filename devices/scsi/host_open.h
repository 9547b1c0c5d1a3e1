/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_HOST_OPEN_H
#define THUNDERLAKE_DEVICES_SCSI_HOST_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vmm/base/error.h"

/* The opening of a drive's node, and what to tell people when it fails. */

/* Opens the node of an optical drive (/dev/srN) so that no other process can mount the disc or lend
 * the drive to a guest, and the host's kernel leaves the drive's events alone. Waits for no disc.
 * The descriptor, or a negative errno as host_sg_open. */
int host_open(const char *path, struct error *err);

/* Looks for a block device in a list of mounts (mountinfo of proc(5)): writes the first place where
 * it is mounted, unescaped, and returns whether there is one. */
bool host_find_mount(const char *mountinfo, dev_t device, char *place, size_t size);

#endif
