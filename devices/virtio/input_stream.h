/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_INPUT_STREAM_H
#define THUNDERLAKE_DEVICES_VIRTIO_INPUT_STREAM_H

#include "display/input.h"

/*
 * Events between whoever sends them and a guest that may be slow: a bounded queue that never leaves
 * the guest with a wrong state. When it is full, or held, whole reports are left out but what they
 * change is kept; once it is empty again one report brings keys, places and touches up to date.
 * No threads: the caller holds a lock. Zero-initialised: empty, nothing pressed.
 */
#define INPUT_STREAM_EVENTS 1024u /* SYN_REPORTs included; more than there are keys */

/* What a guest believes, or should. */
struct input_picture {
	uint8_t keys[KEY_CNT / 8];
	int32_t x, y;
	int32_t slot;
	struct {
		uint32_t contact; /* tracking identifier + 1; 0: none */
		int32_t x, y;
	} touches[INPUT_TOUCHES_MAX];
};

struct input_stream {
	struct input_event events[INPUT_STREAM_EVENTS];
	unsigned first, count;
	bool is_held;
	bool is_behind; /* `meant` and `told` may differ */
	struct input_picture meant, told;
};

/* Adds a report and its SYN_REPORT. */
void input_stream_put(struct input_stream *stream, const struct input_event *events, size_t count);

/* Copies up to `max` of the oldest events; returns how many. */
size_t input_stream_peek(const struct input_stream *stream, struct input_event *out, size_t max);

/* The `count` oldest events have reached the guest. */
void input_stream_drop(struct input_stream *stream, size_t count);

/* Held, it lets nothing new in; let go, it brings the guest up to date. */
void input_stream_hold(struct input_stream *stream, bool held);

/* Empty, with nothing pressed: a new driver. Held as it was. */
void input_stream_clear(struct input_stream *stream);

#endif
