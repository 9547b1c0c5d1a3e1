/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_PROBE_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_PROBE_H

#include "devices/scsi/disc.h"

/* What the first sectors of the first data track tell: fills has_*, and kind by `wish`. On the
 * loop; waits for the host. -EINVAL with a text for what is no image of a disc (compressed, a disk
 * of another program, a raw CD without its cue sheet); -EFBIG: more than the wished kind holds. */
int disc_probe(struct disc *disc, enum disc_kind wish, struct error *err);

#endif
