/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_H
#define THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_H

#include <stdint.h>

#include "vmm/base/error.h"

struct char_backend;
struct char_user;
struct clipboard;
struct display;
struct loop;

/*
 * The host's end of the port com.redhat.spice.0, for a guest that runs spice-vdagent: brings what
 * was copied on the host into the guest and back (text and PNG, both on demand of who pastes
 * there), and wishes of the display for another size to desktops that have not followed the
 * graphics card by themselves after VDAGENT_PATIENCE_NS. The protocol is that of SPICE's agent
 * (<spice/vd_agent.h>), of which we are the client. Messages of the guest are bounded by
 * CLIPBOARD_BYTES_MAX.
 */
#define VDAGENT_PORT	"com.redhat.spice.0"
#define VDAGENT_BACKEND "vdagent" /* in the place of a back end's text */

#define VDAGENT_PATIENCE_NS UINT64_C(500000000) /* real machines take a tenth of it */

/* A back end as char_create makes them. `clipboard` and `display` are borrowed; the display may be
 * NULL. -EINVAL: the machine has no clipboard; -ENOMEM. */
int vdagent_create(struct loop *loop, struct clipboard *clipboard, struct display *display,
		   const struct char_user *user, struct char_backend **out, struct error *err);

#endif
