/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_DEVICES_FAKE_AUDIO_H
#define THUNDERLAKE_TESTS_UNIT_DEVICES_FAKE_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/audio.h"

/*
 * A sound card's audio (audio/audio.h) whose host is the test: it pulls, pushes and says how far it
 * is. Its format functions are those of audio/format.c. An audio_stream is what the card told of
 * it; the test may set `position` and `latency`.
 */
struct audio_stream {
	struct audio_stream_config config;
	bool is_started;
	uint64_t written;  /* by audio_stream_kick */
	uint64_t moved;	   /* frames pulled or pushed */
	uint64_t position; /* <= moved */
	uint32_t latency;
	bool has_wake;
	uint64_t wake_at;
	unsigned kicks;
	uint64_t since_ns; /* of the last one */
	struct list node;
};

extern struct fake_audio {
	int open_error;	 /* what the next audio_stream_open gives instead of a stream */
	unsigned opened; /* until now */
	unsigned count;	 /* open now */
	struct list streams;
} fake_audio;

/* For device_env.audio. */
struct audio *fake_audio_set_up(struct loop *loop);

/* The open stream of this index; NULL: none. */
struct audio_stream *fake_audio_stream(unsigned index);
/* The host moves frames, as far as the stream is started and the card gives or takes them; returns
 * how many. */
size_t fake_audio_pull(struct audio_stream *stream, void *frames, size_t count);
size_t fake_audio_push(struct audio_stream *stream, const void *frames, size_t count);
/* The host has consumed, or brought, so many more of those moved; the card is woken. */
void fake_audio_advance(struct audio_stream *stream, uint64_t frames);
/* Wakes the card as long as what it waits for is there. */
void fake_audio_wake(struct audio_stream *stream);

#endif
