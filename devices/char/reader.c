/* SPDX-License-Identifier: MIT */
#include "devices/char/reader.h"

#include <errno.h>

#define PART_BYTES 4096u

static void offer(struct reader *reader)
{
	const uint8_t *bytes;
	size_t length;

	if (reader->offering) {
		return;
	}
	reader->offering = true;
	while ((length = byte_ring_peek(&reader->kept, &bytes)) > 0) {
		size_t taken = reader->user->on_input(reader->user->user, bytes, length);

		byte_ring_drop(&reader->kept, taken);
		if (taken < length) {
			break;
		}
	}
	reader->offering = false;
}

static void end(struct reader *reader)
{
	reader->ended = true;
	reader_pause(reader);
	if (reader->on_end) {
		reader->on_end(reader->arg);
	}
}

/* How much may be read now, so that it fits even if the filter doubles it. */
static size_t room(const struct reader *reader)
{
	return MIN(byte_ring_room(&reader->kept) / 2, (size_t)PART_BYTES);
}

/* Reads once. Returns whether there may be more. */
static bool read_part(struct reader *reader)
{
	uint8_t bytes[PART_BYTES];
	uint8_t filtered[2 * PART_BYTES];
	ssize_t length = read(reader->fd, bytes, room(reader));

	if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
		return true;
	}
	if (length <= 0) {
		end(reader);
		return false;
	}
	if (reader->filter) {
		size_t left = reader->filter(reader->arg, bytes, (size_t)length, filtered);

		(void)byte_ring_push(&reader->kept, filtered, left);
	} else {
		(void)byte_ring_push(&reader->kept, bytes, (size_t)length);
	}
	offer(reader);
	return true;
}

static void on_event(void *arg, uint32_t events)
{
	struct reader *reader = arg;

	if (room(reader) > 0) {
		if (read_part(reader) && room(reader) == 0) {
			/* A peer is still watched for its hang-up, which no mask hides. */
			if (!reader->is_peer || loop_watch_modify(&reader->watch, 0) < 0) {
				reader_pause(reader);
			}
		}
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		end(reader);
	}
}

static void on_task(void *arg)
{
	struct reader *reader = arg;

	if (room(reader) > 0 && read_part(reader) && room(reader) > 0) {
		loop_post(reader->loop, &reader->task);
	}
}

int reader_start(struct reader *reader)
{
	if (!reader->kept.bytes) {
		int code = byte_ring_init(&reader->kept, CHAR_BUFFER_BYTES);

		if (code < 0) {
			return code;
		}
		loop_task_init(&reader->task, on_task, reader);
	}
	reader->ended = false;
	reader_resume(reader);
	return 0;
}

void reader_stop(struct reader *reader)
{
	if (reader->kept.bytes) {
		reader_pause(reader);
		byte_ring_finish(&reader->kept);
	}
}

void reader_pause(struct reader *reader)
{
	loop_watch_remove(&reader->watch);
	loop_task_cancel(reader->loop, &reader->task);
}

void reader_resume(struct reader *reader)
{
	if (!reader->kept.bytes || reader->ended || room(reader) == 0) {
		return;
	}
	if (reader->watch.loop) {
		(void)loop_watch_modify(&reader->watch, EPOLLIN);
	} else if (loop_watch_add(reader->loop, &reader->watch, reader->fd, EPOLLIN, on_event,
				  reader) < 0) {
		loop_post(reader->loop, &reader->task);
	}
}

void reader_accept(struct reader *reader)
{
	bool was_full;

	if (reader->kept.count == 0) {
		return;
	}
	was_full = room(reader) == 0;
	offer(reader);
	if (was_full) {
		reader_resume(reader);
	}
}
