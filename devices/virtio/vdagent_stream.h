/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_STREAM_H
#define THUNDERLAKE_DEVICES_VIRTIO_VDAGENT_STREAM_H

#include <spice/vd_agent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/log.h"

/*
 * Messages of the agent protocol in a stream of bytes: each is cut into chunks with a header of
 * their own (VDIChunkHeader, VDAgentMessage of <spice/vd_agent.h>). What the guest sends may be
 * torn anywhere and claim any size; memory grows only with bytes that have come, and a message over
 * the limit is skipped. One thread.
 */
struct vdagent_reader {
	/* Filled by the owner. */
	size_t limit; /* bytes of one message's data */
	void (*on_message)(void *arg, uint32_t type, const uint8_t *data, size_t size);
	/* One that is longer was left out. */
	void (*on_too_long)(void *arg, uint32_t type, size_t size);
	void *arg;

	/* Kept by vdagent_stream.c; zero at the start. */
	VDIChunkHeader chunk;
	VDAgentMessage message;
	size_t chunk_got, message_got; /* bytes of the headers */
	size_t chunk_left;	       /* bytes of the present chunk */
	uint8_t *data;		       /* owned */
	size_t got, capacity;	       /* bytes of data: that came, that have room */
	bool is_broken;
};

/* False: the stream can't be followed (a wrong header) or memory ran out; all further bytes are
 * ignored until vdagent_reader_reset. */
bool vdagent_reader_feed(struct vdagent_reader *reader, const uint8_t *bytes, size_t length);
/* Begins anew, without the memory that was used. */
void vdagent_reader_reset(struct vdagent_reader *reader);

/* What waits for the guest to take it. Zero-initialised. */
struct vdagent_writer {
	uint8_t *bytes; /* owned */
	size_t start, end, capacity;
};

/* One part of a message's data. */
struct vdagent_part {
	const void *bytes;
	size_t size;
};

/* Appends a message of several parts. -ENOBUFS: more than `limit` bytes would wait; -ENOMEM. */
int vdagent_writer_add(struct vdagent_writer *writer, uint32_t type,
		       const struct vdagent_part *parts, size_t count, size_t limit);
void vdagent_writer_reset(struct vdagent_writer *writer);

#endif
