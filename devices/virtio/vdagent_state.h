/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_STATE_H
#define THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_STATE_H

#include "devices/char/backend.h"
#include "devices/virtio/vdagent_stream.h"
#include "display/clipboard.h"
#include "display/display.h"
#include "vmm/base/bytes.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

/* The inside of the agent's host end, for its own files. All on the port's loop. */
#define VDAGENT_TAG "vdagent"

/* The longest content with room for what goes before it. */
#define VDAGENT_MESSAGE_MAX (CLIPBOARD_BYTES_MAX + 64u)
/* What the guest has not read yet: two contents and their chunk headers. */
#define VDAGENT_BACKLOG_MAX (2u * CLIPBOARD_BYTES_MAX + (CLIPBOARD_BYTES_MAX >> 6))

struct vdagent_capabilities {
	le32 request; /* whether the other end is to announce its own */
	le32 bits;    /* 1 << VD_AGENT_CAP_*; more words may follow */
};

struct vdagent {
	struct char_backend backend;
	struct clipboard *clipboard;  /* borrowed */
	struct display *display;      /* borrowed; NULL: none */
	struct clipboard_peer peer;   /* the guest's */
	struct display_viewer viewer; /* only hears of modes */
	struct loop_task clipboard_task, mode_task;
	struct loop_timer patience; /* runs while the guest may follow a wish by itself */
	struct log_limit log_limit;

	/* Since the guest's agent opened the port. */
	bool is_open;
	struct vdagent_reader reader;
	struct vdagent_writer writer;
	bool is_known; /* it has announced its capabilities */
	uint32_t capabilities;
	bool has_grabbed;     /* the guest shows what was copied on the host as its own */
	unsigned asked_count; /* requests that the guest has not answered yet */
};

static inline bool vdagent_can(const struct vdagent *agent, unsigned capability)
{
	return agent->capabilities & (UINT32_C(1) << capability);
}

/* Queues a message; false with a line in the log: it is lost. */
bool vdagent_send(struct vdagent *agent, uint32_t type, const struct vdagent_part *parts,
		  size_t count);

/* --- vdagent_clipboard.c --------------------------------------------------------------------- */

/* The guest's agent is there. */
void vdagent_clipboard_begin(struct vdagent *agent);
/* The clipboard has something new, or shows something no more. */
void vdagent_clipboard_offer(struct vdagent *agent);
/* One of VD_AGENT_CLIPBOARD*. */
void vdagent_clipboard_message(struct vdagent *agent, uint32_t type, const uint8_t *data,
			       size_t size);

#endif
