/* SPDX-License-Identifier: MIT */
#include "devices/net/frame_queue.h"

#include <string.h>

bool frame_queue_is_empty(const struct frame_queue *queue)
{
	return queue->start == queue->end;
}

/* Moves what is left to the start when the end lacks room. */
static bool make_room(struct frame_queue *queue, size_t bytes)
{
	const size_t used = queue->end - queue->start;

	if (bytes <= FRAME_QUEUE_BYTES - queue->end) {
		return true;
	}
	memmove(queue->bytes, queue->bytes + queue->start, used);
	queue->start = 0;
	queue->end = used;
	return bytes <= FRAME_QUEUE_BYTES - used;
}

bool frame_queue_push(struct frame_queue *queue, const void *frame, size_t bytes)
{
	if (bytes > FRAME_QUEUE_BYTES || !make_room(queue, sizeof(bytes) + bytes)) {
		return false;
	}
	memcpy(queue->bytes + queue->end, &bytes, sizeof(bytes));
	memcpy(queue->bytes + queue->end + sizeof(bytes), frame, bytes);
	queue->end += sizeof(bytes) + bytes;
	return true;
}

const void *frame_queue_front(const struct frame_queue *queue, size_t *bytes)
{
	if (frame_queue_is_empty(queue)) {
		return NULL;
	}
	memcpy(bytes, queue->bytes + queue->start, sizeof(*bytes));
	return queue->bytes + queue->start + sizeof(*bytes);
}

void frame_queue_drop_front(struct frame_queue *queue)
{
	size_t bytes;

	if (frame_queue_front(queue, &bytes)) {
		queue->start += sizeof(bytes) + bytes;
	}
}
