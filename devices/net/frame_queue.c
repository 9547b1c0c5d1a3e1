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

bool frame_queue_push(struct frame_queue *queue, const struct iovec *iov, unsigned count)
{
	size_t length = 0;

	for (unsigned i = 0; i < count; i++) {
		length += iov[i].iov_len;
	}
	if (length > FRAME_QUEUE_BYTES || !make_room(queue, sizeof(length) + length)) {
		return false;
	}
	memcpy(queue->bytes + queue->end, &length, sizeof(length));
	queue->end += sizeof(length);
	for (unsigned i = 0; i < count; i++) {
		memcpy(queue->bytes + queue->end, iov[i].iov_base, iov[i].iov_len);
		queue->end += iov[i].iov_len;
	}
	return true;
}

bool frame_queue_front(struct frame_queue *queue, struct iovec *frame)
{
	uint8_t *first = queue->bytes + queue->start;

	if (frame_queue_is_empty(queue)) {
		return false;
	}
	memcpy(&frame->iov_len, first, sizeof(frame->iov_len));
	frame->iov_base = first + sizeof(frame->iov_len);
	return true;
}

void frame_queue_drop_front(struct frame_queue *queue)
{
	struct iovec frame;

	if (frame_queue_front(queue, &frame)) {
		queue->start += sizeof(frame.iov_len) + frame.iov_len;
	}
}
