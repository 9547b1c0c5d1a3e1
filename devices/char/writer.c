/* SPDX-License-Identifier: MIT */
#include "devices/char/writer.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "devices/char/char.h"
#include "vmm/base/clock.h"
#include "vmm/base/log.h"

/* A terminal that says it is writable takes at least this much without waiting. */
#define BLOCKING_PART_BYTES 256u

static void stop_dropping(struct writer *writer)
{
	if (writer->dropping) {
		log_warn("char", "%s: dropped %zu bytes while nobody read them", writer->label,
			 writer->dropped);
		writer->dropping = false;
		writer->dropped = 0;
	}
}

/* One write. Bytes written, 0 when the host takes none now, or -errno when it never will. */
static ssize_t write_part(struct writer *writer, const uint8_t *bytes, size_t length)
{
	ssize_t written;

	if (writer->may_block) {
		struct pollfd ready = { .fd = writer->fd, .events = POLLOUT };

		if (poll(&ready, 1, 0) != 1) {
			return 0;
		}
		length = MIN(length, (size_t)BLOCKING_PART_BYTES);
	}
	if (writer->is_socket) {
		/* When the peer is gone: an error rather than SIGPIPE. */
		written = send(writer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	} else {
		written = write(writer->fd, bytes, length);
	}
	if (written < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	return written;
}

static void fail(struct writer *writer, int code)
{
	if (code != -EPIPE && code != -ECONNRESET && code != -EIO) {
		struct error err;

		(void)error_set_errno(&err, code, "%s: output is lost from here on", writer->label);
		log_error("char", "%s", err.text);
	}
	writer_stop(writer);
	if (writer->on_broken) {
		writer->on_broken(writer->arg);
	}
}

/* Starts to wait for progress anew. */
static void restart_stall_timer(struct writer *writer)
{
	loop_timer_arm(writer->loop, &writer->stall_timer,
		       clock_now_ns() + WRITER_STALL_MS * UINT64_C(1000000));
}

/* Writes what is kept as far as the host takes it. Returns whether the writer lives on. */
static bool flush(struct writer *writer)
{
	const uint8_t *bytes;
	size_t length;

	while ((length = byte_ring_peek(&writer->kept, &bytes)) > 0) {
		ssize_t written = write_part(writer, bytes, length);

		if (written < 0) {
			fail(writer, (int)written);
			return false;
		}
		if (written == 0) {
			break;
		}
		byte_ring_drop(&writer->kept, (size_t)written);
		stop_dropping(writer);
		if (writer->refused) {
			restart_stall_timer(writer);
		}
	}
	return true;
}

static void tell_writable(struct writer *writer)
{
	writer->refused = false;
	loop_timer_disarm(&writer->stall_timer);
	if (writer->on_writable) {
		writer->on_writable(writer->arg);
	}
}

static void on_ready(void *arg, uint32_t events)
{
	struct writer *writer = arg;

	(void)events;
	if (!flush(writer)) {
		return;
	}
	if (writer->kept.count == 0) {
		loop_watch_remove(&writer->watch);
	}
	if (writer->refused && writer->kept.count <= writer->kept.capacity / 2) {
		tell_writable(writer);
	}
}

static void on_stall(void *arg)
{
	struct writer *writer = arg;

	writer->dropping = true;
	tell_writable(writer);
}

int writer_start(struct writer *writer)
{
	int code = byte_ring_init(&writer->kept, CHAR_BUFFER_BYTES);
	struct stat status;

	writer->is_socket = fstat(writer->fd, &status) == 0 && S_ISSOCK(status.st_mode);
	loop_timer_init(&writer->stall_timer, on_stall, writer);
	writer->refused = false;
	writer->dropping = false;
	writer->dropped = 0;
	writer->started = code == 0;
	return code;
}

void writer_stop(struct writer *writer)
{
	if (!writer->started) {
		return;
	}
	writer->started = false;
	loop_watch_remove(&writer->watch);
	loop_timer_disarm(&writer->stall_timer);
	byte_ring_finish(&writer->kept);
}

/* Keeps bytes that the host did not take, and waits for it. Returns how many were kept. */
static size_t keep(struct writer *writer, const uint8_t *bytes, size_t length)
{
	size_t kept = byte_ring_push(&writer->kept, bytes, length);

	if (!writer->watch.loop) {
		int code = loop_watch_add(writer->loop, &writer->watch, writer->fd, EPOLLOUT,
					  on_ready, writer);

		if (code < 0) {
			fail(writer, code);
			return length;
		}
	}
	if (kept == length) {
		return kept;
	}
	if (writer->dropping) {
		writer->dropped += length - kept;
		return length;
	}
	if (!writer->refused) {
		writer->refused = true;
		restart_stall_timer(writer);
	}
	return kept;
}

size_t writer_write(struct writer *writer, const uint8_t *bytes, size_t length)
{
	size_t done = 0;

	if (!writer->started) {
		return length;
	}
	while (done < length && writer->kept.count == 0) {
		ssize_t written = write_part(writer, bytes + done, length - done);

		if (written < 0) {
			fail(writer, (int)written);
			return length;
		}
		if (written == 0) {
			break;
		}
		done += (size_t)written;
	}
	return done == length ? done : done + keep(writer, bytes + done, length - done);
}

void writer_drain(struct writer *writer)
{
	struct pollfd ready = { .fd = writer->fd, .events = POLLOUT };

	if (!writer->started || writer->dropping) {
		return;
	}
	writer->on_broken = NULL;
	while (writer->started && writer->kept.count > 0) {
		if (poll(&ready, 1, WRITER_DRAIN_MS) != 1 || !flush(writer)) {
			return;
		}
	}
}
