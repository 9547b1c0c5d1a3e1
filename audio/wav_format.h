/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_WAV_FORMAT_H
#define THUNDERLAKE_AUDIO_WAV_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/format.h"
#include "vmm/base/error.h"

/*
 * What is in a WAV file ("Multimedia Programming Interface and Data Specifications 1.0", RIFF
 * WAVE, and WAVEFORMATEXTENSIBLE). A file has a fixed order of channels and knows no 24 bits in
 * four bytes: samples are put in order and packed, and else stay what they are.
 */
struct wav_format {
	enum audio_sample sample; /* never AUDIO_S24_32 */
	uint32_t rate_hz;
	uint32_t channels;
	uint32_t mask; /* of loudspeakers, as the file names them; 0: places unknown */
};

/* How a frame of a stream lies in a file. */
struct wav_layout {
	struct wav_format format;
	uint32_t stream_sample_bytes;
	uint32_t file_sample_bytes;
	uint8_t order[AUDIO_CHANNELS_MAX]; /* channel of the stream for each of the file */
};

/* For a valid format. */
void wav_layout_init(struct wav_layout *layout, const struct audio_format *format);

size_t wav_stream_frame_bytes(const struct wav_layout *layout);
size_t wav_file_frame_bytes(const struct wav_layout *layout);

/* Frames from one form to the other; `out` holds as many in its form. */
void wav_to_file(const struct wav_layout *layout, const void *frames, size_t count, void *out);
void wav_from_file(const struct wav_layout *layout, const void *in, size_t count, void *frames);

bool wav_format_is_equal(const struct wav_format *a, const struct wav_format *b);

/* "s16, 2 channels, 48000 Hz" */
#define WAV_FORMAT_TEXT_MAX 64
void wav_format_describe(const struct wav_format *format, char text[WAV_FORMAT_TEXT_MAX]);

/* --- headers --- */

#define WAV_HEADER_MAX_BYTES 80u

/* The header of a file with so much sound; returns its length, which is the same for each amount.
 */
size_t wav_header_make(const struct wav_format *format, uint32_t data_bytes,
		       uint8_t header[WAV_HEADER_MAX_BYTES]);

/* Reads a "fmt " chunk. -EINVAL: sound of a kind that no stream has. */
#define WAV_FMT_MIN_BYTES 16u
#define WAV_FMT_MAX_BYTES 40u
int wav_format_parse(const uint8_t *chunk, size_t bytes, struct wav_format *out, struct error *err);

#endif
