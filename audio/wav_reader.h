/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_WAV_READER_H
#define THUNDERLAKE_AUDIO_WAV_READER_H

#include <stddef.h>
#include <stdint.h>

#include "audio/wav_format.h"
#include "vmm/base/error.h"

/* Reads one file, which may be anything: nothing in it is believed. */
struct wav_reader {
	int fd; /* owned */
	struct wav_format format;
	uint64_t data_offset;
	uint64_t data_bytes; /* whole frames, all of them in the file when it was opened */
	uint64_t done_bytes;
};

/* -errno of opening; -EINVAL: no WAV file, or of a kind that no stream has. */
int wav_reader_open(struct wav_reader *reader, const char *path, struct error *err);
/* As wav_reader_open, of an open file, which it owns if it succeeds. */
int wav_reader_open_fd(struct wav_reader *reader, int fd, struct error *err);
void wav_reader_close(struct wav_reader *reader);

/* The next frames for a stream of this layout, whose format is the reader's. Returns how many there
 * were; fewer at the end, and when the file can't be read. */
size_t wav_reader_read(struct wav_reader *reader, const struct wav_layout *layout, void *frames,
		       size_t count);

#endif
