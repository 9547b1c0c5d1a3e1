/* SPDX-License-Identifier: MIT */
#include "audio/wav_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define CHUNK_BYTES 4096u
/* Chunks of a file that are looked at before the sound. */
#define CHUNKS_MAX 256u

/* How much was there. */
static size_t read_at(int fd, void *out, size_t length, uint64_t offset)
{
	uint8_t *to = out;
	size_t done = 0;

	while (done < length) {
		ssize_t got = pread(fd, to + done, length - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			break;
		}
		done += (size_t)got;
	}
	return done;
}

static bool is_name(const uint8_t *bytes, const char *name)
{
	return memcmp(bytes, name, 4) == 0;
}

static int read_format(struct wav_reader *reader, uint64_t offset, uint32_t bytes,
		       struct error *err)
{
	uint8_t chunk[WAV_FMT_MAX_BYTES];
	size_t got = read_at(reader->fd, chunk, MIN(bytes, sizeof(chunk)), offset);

	return wav_format_parse(chunk, got, &reader->format, err);
}

/* The sound goes on for as long as its header says, or to the end of the file: that of a recorder
 * that was killed says 0 or all ones. */
static void set_data(struct wav_reader *reader, uint64_t offset, uint32_t bytes,
		     uint64_t file_bytes)
{
	uint64_t left = file_bytes - MIN(offset, file_bytes);
	size_t frame_bytes = reader->format.channels * audio_sample_bytes(reader->format.sample);

	reader->data_offset = offset;
	reader->data_bytes = bytes == 0 ? left : MIN(bytes, left);
	reader->data_bytes -= reader->data_bytes % frame_bytes;
}

static int find_chunks(struct wav_reader *reader, uint64_t file_bytes, struct error *err)
{
	uint64_t offset = 12;
	bool has_format = false;

	for (unsigned i = 0; i < CHUNKS_MAX; i++) {
		uint8_t head[8];
		uint32_t bytes;

		if (read_at(reader->fd, head, sizeof(head), offset) < sizeof(head)) {
			break;
		}
		offset += sizeof(head);
		bytes = load_le32(head + 4);
		if (is_name(head, "fmt ")) {
			int code = read_format(reader, offset, bytes, err);

			if (code < 0) {
				return code;
			}
			has_format = true;
		} else if (is_name(head, "data") && has_format) {
			set_data(reader, offset, bytes, file_bytes);
			return 0;
		}
		offset += (uint64_t)bytes + (bytes & 1);
	}
	return error_set(err, -EINVAL, "damaged WAV file: it has no %s",
			 has_format ? "sound" : "format");
}

int wav_reader_open_fd(struct wav_reader *reader, int fd, struct error *err)
{
	uint8_t head[12];
	struct stat stat;

	*reader = (struct wav_reader){ .fd = fd };
	if (fstat(fd, &stat) < 0) {
		return error_set_errno(err, -errno, "WAV file");
	}
	if (!S_ISREG(stat.st_mode)) {
		return error_set(err, -EINVAL, "not a regular file");
	}
	if (read_at(fd, head, sizeof(head), 0) < sizeof(head) || !is_name(head, "RIFF") ||
	    !is_name(head + 8, "WAVE")) {
		return error_set(err, -EINVAL, "not a WAV file");
	}
	return find_chunks(reader, (uint64_t)stat.st_size, err);
}

int wav_reader_open(struct wav_reader *reader, const char *path, struct error *err)
{
	/* Not to wait for the other end of a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int code;

	if (fd < 0) {
		return error_set_errno(err, -errno, "can't read %s", path);
	}
	code = wav_reader_open_fd(reader, fd, err);
	if (code < 0) {
		(void)close(fd);
		reader->fd = -1;
		error_prefix(err, "%s", path);
	}
	return code;
}

void wav_reader_close(struct wav_reader *reader)
{
	if (reader->fd >= 0) {
		(void)close(reader->fd);
		reader->fd = -1;
	}
}

size_t wav_reader_read(struct wav_reader *reader, const struct wav_layout *layout, void *frames,
		       size_t count)
{
	uint8_t chunk[CHUNK_BYTES];
	uint8_t *to = frames;
	size_t frame_bytes = wav_file_frame_bytes(layout);
	size_t done = 0;

	while (done < count && reader->done_bytes < reader->data_bytes) {
		uint64_t left = (reader->data_bytes - reader->done_bytes) / frame_bytes;
		size_t part = MIN(MIN(CHUNK_BYTES / frame_bytes, count - done), left);
		size_t got = read_at(reader->fd, chunk, part * frame_bytes,
				     reader->data_offset + reader->done_bytes) /
			     frame_bytes;

		wav_from_file(layout, chunk, got, to);
		to += got * wav_stream_frame_bytes(layout);
		done += got;
		reader->done_bytes += got * frame_bytes;
		if (got < part) {
			reader->data_bytes = reader->done_bytes; /* the file became shorter */
		}
	}
	return done;
}
