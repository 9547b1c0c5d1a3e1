/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_HDA_FAKE_AUDIO_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_HDA_FAKE_AUDIO_H

#include <stddef.h>

#include "audio/audio.h"

/*
 * The audio contract without a host or a clock: the test pulls, pushes and says how far the host
 * is. Link fake_audio.c and audio/format.c instead of the rest of audio/.
 */
struct audio_stream {
	struct audio_stream_config config;
	bool is_open, is_started;
	uint64_t moved; /* pulled or pushed */
	uint64_t position;
	uint64_t wake; /* 0: none */
	uint64_t kicked;
	uint32_t volumes[AUDIO_CHANNELS_MAX];
};

struct fake_audio {
	struct audio_stream streams[AUDIO_STREAMS_MAX];
	unsigned opens; /* how often one was opened */
	int open_result;
};

extern struct fake_audio fake_audio;

/* What the card gets for its sound; nothing is open. A test on the real audio has one of its own.
 */
struct audio *fake_audio_set_up(struct loop *loop);
void fake_audio_tear_down(struct audio *audio);
/* The only open stream in this direction, or NULL. */
struct audio_stream *fake_audio_stream(enum audio_direction direction);
/* The host has room for, or brings, this many frames. */
size_t fake_audio_pull(struct audio_stream *stream, void *frames, size_t count);
size_t fake_audio_push(struct audio_stream *stream, const void *frames, size_t count);
/* The host is at `position`, at most where it can be, and the card hears of it, whether it asked or
 * not. */
void fake_audio_play(struct audio_stream *stream, uint64_t position);

#endif
