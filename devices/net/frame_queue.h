/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_NET_FRAME_QUEUE_H
#define THUNDERLAKE_DEVICES_NET_FRAME_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_QUEUE_BYTES ((size_t)256 * 1024)

/* Frames that wait for the guest, first in, first out, in bounded space. Zero-initialised. */
struct frame_queue {
	size_t start, end; /* the used part of `bytes`: a length, a frame, a length, … */
	uint8_t bytes[FRAME_QUEUE_BYTES];
};

bool frame_queue_is_empty(const struct frame_queue *queue);

/* Copies a frame to the end; false when there is no room. */
bool frame_queue_push(struct frame_queue *queue, const void *frame, size_t bytes);

/* The first frame, valid until the next push; NULL when there is none. */
const void *frame_queue_front(const struct frame_queue *queue, size_t *bytes);
void frame_queue_drop_front(struct frame_queue *queue);

#endif
