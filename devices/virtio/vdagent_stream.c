/* SPDX-License-Identifier: MIT */
#include "devices/virtio/vdagent_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"

#define CAPACITY_MIN 4096u

/* --- from the guest -------------------------------------------------------------------------- */

void vdagent_reader_reset(struct vdagent_reader *reader)
{
	free(reader->data);
	*reader = (struct vdagent_reader){ .limit = reader->limit,
					   .on_message = reader->on_message,
					   .on_too_long = reader->on_too_long,
					   .arg = reader->arg };
}

/* Completes a header that may come in pieces; returns the bytes used. */
static size_t fill(void *header, size_t size, size_t *got, const uint8_t *bytes, size_t length)
{
	const size_t used = MIN(size - *got, length);

	memcpy((uint8_t *)header + *got, bytes, used);
	*got += used;
	return used;
}

static bool is_skipped(const struct vdagent_reader *reader)
{
	return reader->message.size > reader->limit;
}

static bool reserve(struct vdagent_reader *reader, size_t wanted)
{
	size_t capacity = MAX(reader->capacity, (size_t)CAPACITY_MIN);
	uint8_t *data;

	if (wanted <= reader->capacity) {
		return true;
	}
	while (capacity < wanted) {
		capacity *= 2;
	}
	data = realloc(reader->data, capacity);
	if (!data) {
		return false;
	}
	reader->data = data;
	reader->capacity = capacity;
	return true;
}

static void end_message(struct vdagent_reader *reader)
{
	const VDAgentMessage message = reader->message;

	if (is_skipped(reader)) {
		reader->on_too_long(reader->arg, message.type, message.size);
	} else {
		reader->on_message(reader->arg, message.type, reader->data, reader->got);
	}
	free(reader->data);
	reader->data = NULL;
	reader->message_got = reader->got = reader->capacity = 0;
}

/* Bytes inside a chunk; returns how many were used, 0 when the stream is broken. */
static size_t take(struct vdagent_reader *reader, const uint8_t *bytes, size_t length)
{
	size_t used;

	if (reader->message_got < sizeof(reader->message)) {
		used = fill(&reader->message, sizeof(reader->message), &reader->message_got, bytes,
			    length);
		if (reader->message_got < sizeof(reader->message)) {
			return used;
		}
		if (reader->message.protocol != VD_AGENT_PROTOCOL) {
			return 0;
		}
	} else {
		used = MIN(length, reader->message.size - reader->got);
		if (!is_skipped(reader)) {
			if (!reserve(reader, reader->got + used)) {
				return 0;
			}
			memcpy(reader->data + reader->got, bytes, used);
		}
		reader->got += used;
	}
	if (reader->got == reader->message.size) {
		end_message(reader);
	}
	return used;
}

/* A whole chunk header has come. */
static bool begin_chunk(struct vdagent_reader *reader)
{
	reader->chunk_got = 0;
	reader->chunk_left = reader->chunk.size;
	return reader->chunk.port > 0 && reader->chunk.port < VDP_END_PORT;
}

static size_t feed_some(struct vdagent_reader *reader, const uint8_t *bytes, size_t length)
{
	size_t used;

	if (reader->chunk_left == 0) {
		used = fill(&reader->chunk, sizeof(reader->chunk), &reader->chunk_got, bytes,
			    length);
		if (reader->chunk_got < sizeof(reader->chunk)) {
			return used;
		}
		return begin_chunk(reader) ? used : 0;
	}
	length = MIN(length, reader->chunk_left);
	/* What is meant for a SPICE server and not for its client is of no interest here. */
	used = reader->chunk.port == VDP_CLIENT_PORT ? take(reader, bytes, length) : length;
	reader->chunk_left -= used;
	return used;
}

bool vdagent_reader_feed(struct vdagent_reader *reader, const uint8_t *bytes, size_t length)
{
	while (length && !reader->is_broken) {
		const size_t used = feed_some(reader, bytes, length);

		reader->is_broken = used == 0;
		bytes += used;
		length -= used;
	}
	return !reader->is_broken;
}

/* --- to the guest ---------------------------------------------------------------------------- */

void vdagent_writer_reset(struct vdagent_writer *writer)
{
	free(writer->bytes);
	*writer = (struct vdagent_writer){ 0 };
}

static int make_room(struct vdagent_writer *writer, size_t wanted, size_t limit)
{
	const size_t waiting = writer->end - writer->start;
	uint8_t *bytes;

	if (waiting + wanted > limit) {
		return -ENOBUFS;
	}
	if (writer->start) {
		memmove(writer->bytes, writer->bytes + writer->start, waiting);
		writer->start = 0;
		writer->end = waiting;
	}
	if (waiting + wanted <= writer->capacity) {
		return 0;
	}
	bytes = realloc(writer->bytes, waiting + wanted);
	if (!bytes) {
		return -ENOMEM;
	}
	writer->bytes = bytes;
	writer->capacity = waiting + wanted;
	return 0;
}

/* Appends bytes of a message of which `*left` are still to come; every VD_AGENT_MAX_DATA_SIZE a
 * chunk header goes before them. */
static void append(struct vdagent_writer *writer, const void *bytes, size_t size, size_t *left,
		   size_t *chunk_left)
{
	const uint8_t *from = bytes;

	while (size) {
		size_t step;

		if (*chunk_left == 0) {
			const VDIChunkHeader chunk = {
				.port = VDP_CLIENT_PORT,
				.size = (uint32_t)MIN(*left, (size_t)VD_AGENT_MAX_DATA_SIZE),
			};

			memcpy(writer->bytes + writer->end, &chunk, sizeof(chunk));
			writer->end += sizeof(chunk);
			*chunk_left = chunk.size;
		}
		step = MIN(size, *chunk_left);
		memcpy(writer->bytes + writer->end, from, step);
		writer->end += step;
		from += step;
		size -= step;
		*left -= step;
		*chunk_left -= step;
	}
}

int vdagent_writer_add(struct vdagent_writer *writer, uint32_t type,
		       const struct vdagent_part *parts, size_t count, size_t limit)
{
	VDAgentMessage message = { .protocol = VD_AGENT_PROTOCOL, .type = type };
	size_t left = sizeof(message);
	size_t chunk_left = 0;
	size_t chunks;
	int code;

	for (size_t i = 0; i < count; i++) {
		left += parts[i].size;
	}
	chunks = (left + VD_AGENT_MAX_DATA_SIZE - 1) / VD_AGENT_MAX_DATA_SIZE;
	code = make_room(writer, left + chunks * sizeof(VDIChunkHeader), limit);
	if (code < 0) {
		return code;
	}
	message.size = (uint32_t)(left - sizeof(message));
	append(writer, &message, sizeof(message), &left, &chunk_left);
	for (size_t i = 0; i < count; i++) {
		append(writer, parts[i].bytes, parts[i].size, &left, &chunk_left);
	}
	return 0;
}
