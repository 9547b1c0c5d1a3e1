/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_WAV_WRITER_H
#define THUNDERLAKE_AUDIO_WAV_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "audio/wav_format.h"

/* Most that a file holds: its sizes are numbers of 32 bits. */
#define WAV_DATA_MAX_BYTES (UINT32_MAX - WAV_HEADER_MAX_BYTES)

/*
 * Writes one file. Its header is brought up to date after each second of sound, so that a file
 * whose writer was killed plays up to there.
 */
struct wav_writer {
	int fd; /* owned */
	struct wav_layout layout;
	uint32_t header_bytes;
	uint32_t data_bytes;
	uint32_t told_bytes; /* by the header in the file */
	uint32_t limit_bytes;
};

/* Empties the file behind `fd`, which it owns from here on, also on failure: -errno of writing. */
int wav_writer_begin(struct wav_writer *writer, int fd, const struct audio_format *format);

/* Returns how many frames there was room for, or -errno of writing. */
int64_t wav_writer_add(struct wav_writer *writer, const void *frames, size_t count);

/* Brings the header up to date. -errno. */
int wav_writer_update(struct wav_writer *writer);

/* The same, and closes. -errno. */
int wav_writer_finish(struct wav_writer *writer);

#endif
