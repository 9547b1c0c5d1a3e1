/* SPDX-License-Identifier: MIT */
/* LINK: audio/wav_reader.c audio/wav_format.c audio/format.c */

/* A hostile sound file, as a user may let a guest hear one. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/wav_reader.h"

#define INPUT_MAX (64u << 10)
#define AT_ONCE	  100u

/* The stream that a file of this format is for, samples in four bytes where there is a choice. */
static struct audio_format stream_of(const struct wav_format *format)
{
	struct audio_format stream = {
		.sample = format->sample == AUDIO_S24 ? AUDIO_S24_32 : format->sample,
		.rate_hz = format->rate_hz,
		.channels = format->channels,
	};

	audio_format_set_places(&stream);
	return stream;
}

static void read_all(struct wav_reader *reader)
{
	const struct audio_format stream = stream_of(&reader->format);
	uint8_t frames[AT_ONCE * AUDIO_FRAME_BYTES_MAX];
	float samples[AT_ONCE];
	struct wav_layout layout;
	size_t total = 0;
	size_t got;

	assert(audio_format_is_valid(&stream));
	wav_layout_init(&layout, &stream);
	do {
		got = wav_reader_read(reader, &layout, frames, AT_ONCE);
		for (unsigned c = 0; c < stream.channels; c++) {
			audio_read_channel(&stream, frames, got, c, samples);
			for (size_t i = 0; i < got; i++) {
				assert(samples[i] >= -1 && samples[i] <= 1);
			}
		}
		total += got;
	} while (got > 0);
	assert(total <= INPUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct wav_reader reader;
	struct error err;

	if (fd < 0) {
		fd = memfd_create("wav", MFD_CLOEXEC);
	}
	if (size > INPUT_MAX || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size) {
		return 0;
	}
	if (wav_reader_open_fd(&reader, fd, &err) == 0) {
		read_all(&reader);
	}
	return 0;
}
