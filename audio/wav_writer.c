/* SPDX-License-Identifier: MIT */
#include "audio/wav_writer.h"

#include <errno.h>
#include <unistd.h>

#include "vmm/base/compiler.h"

#define CHUNK_BYTES 4096u

static int write_all(int fd, const uint8_t *bytes, size_t length, uint64_t offset)
{
	while (length > 0) {
		ssize_t done = pwrite(fd, bytes, length, (off_t)offset);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return done < 0 ? -errno : -EIO;
		}
		bytes += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

int wav_writer_update(struct wav_writer *writer)
{
	uint8_t header[WAV_HEADER_MAX_BYTES];
	const uint8_t pad = 0;
	int code;

	(void)wav_header_make(&writer->layout.format, writer->data_bytes, header);
	code = write_all(writer->fd, header, writer->header_bytes, 0);
	if (code == 0 && (writer->data_bytes & 1)) {
		/* Chunks have an even length; the next frame takes its place. */
		code = write_all(writer->fd, &pad, 1,
				 (uint64_t)writer->header_bytes + writer->data_bytes);
	}
	writer->told_bytes = writer->data_bytes;
	return code;
}

int wav_writer_begin(struct wav_writer *writer, int fd, const struct audio_format *format)
{
	uint8_t header[WAV_HEADER_MAX_BYTES];
	int code;

	*writer = (struct wav_writer){ .fd = fd, .limit_bytes = WAV_DATA_MAX_BYTES };
	wav_layout_init(&writer->layout, format);
	writer->header_bytes = (uint32_t)wav_header_make(&writer->layout.format, 0, header);
	code = ftruncate(fd, 0) < 0 ? -errno : wav_writer_update(writer);
	if (code < 0) {
		(void)close(fd);
		writer->fd = -1;
	}
	return code;
}

static int add_chunk(struct wav_writer *writer, const uint8_t *frames, size_t count)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t bytes = count * wav_file_frame_bytes(&writer->layout);
	int code;

	wav_to_file(&writer->layout, frames, count, chunk);
	code = write_all(writer->fd, chunk, bytes,
			 (uint64_t)writer->header_bytes + writer->data_bytes);
	if (code == 0) {
		writer->data_bytes += (uint32_t)bytes;
	}
	return code;
}

int64_t wav_writer_add(struct wav_writer *writer, const void *frames, size_t count)
{
	const uint8_t *from = frames;
	size_t frame_bytes = wav_file_frame_bytes(&writer->layout);
	size_t room = (writer->limit_bytes - writer->data_bytes) / frame_bytes;
	size_t taken = MIN(count, room);

	for (size_t done = 0; done < taken;) {
		size_t part = MIN(CHUNK_BYTES / frame_bytes, taken - done);
		int code = add_chunk(writer, from, part);

		if (code < 0) {
			return code;
		}
		from += part * wav_stream_frame_bytes(&writer->layout);
		done += part;
	}
	if (writer->data_bytes - writer->told_bytes >=
	    writer->layout.format.rate_hz * frame_bytes) {
		int code = wav_writer_update(writer);

		if (code < 0) {
			return code;
		}
	}
	return (int64_t)taken;
}

int wav_writer_finish(struct wav_writer *writer)
{
	int code = wav_writer_update(writer);

	if (close(writer->fd) < 0 && code == 0) {
		code = -errno;
	}
	writer->fd = -1;
	return code;
}
