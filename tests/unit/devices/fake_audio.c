/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/fake_audio.h"

#include <assert.h>
#include <stdlib.h>

#include "vmm/base/compiler.h"

struct audio {
	struct loop *loop;
};

static struct audio the_audio;
struct fake_audio fake_audio;

struct audio *fake_audio_set_up(struct loop *loop)
{
	fake_audio = (struct fake_audio){ 0 };
	list_init(&fake_audio.streams);
	the_audio.loop = loop;
	return &the_audio;
}

struct loop *audio_loop(const struct audio *audio)
{
	return audio->loop;
}

/* --- the host's side ------------------------------------------------------------------------- */

struct audio_stream *fake_audio_stream(unsigned index)
{
	struct audio_stream *stream;

	list_for_each (stream, &fake_audio.streams, struct audio_stream, node) {
		if (stream->config.index == index) {
			return stream;
		}
	}
	return NULL;
}

size_t fake_audio_pull(struct audio_stream *stream, void *frames, size_t count)
{
	size_t got;

	assert(stream->config.direction == AUDIO_PLAYBACK);
	if (!stream->is_started) {
		return 0;
	}
	got = stream->config.ops->pull(stream->config.arg, frames, count);
	assert(got <= count);
	stream->moved += got;
	return got;
}

size_t fake_audio_push(struct audio_stream *stream, const void *frames, size_t count)
{
	size_t taken;

	assert(stream->config.direction == AUDIO_CAPTURE);
	if (!stream->is_started) {
		return 0;
	}
	taken = stream->config.ops->push(stream->config.arg, frames, count);
	assert(taken <= count);
	stream->moved += taken;
	return taken;
}

void fake_audio_wake(struct audio_stream *stream)
{
	while (stream->has_wake && stream->wake_at <= stream->position) {
		stream->has_wake = false;
		stream->config.ops->on_reached(stream->config.arg);
	}
}

void fake_audio_advance(struct audio_stream *stream, uint64_t frames)
{
	stream->position = MIN(stream->position + frames, stream->moved);
	fake_audio_wake(stream);
}

/* --- the card's side ------------------------------------------------------------------------- */

int audio_stream_open(struct audio *audio, const struct audio_stream_config *config,
		      struct audio_stream **out)
{
	struct audio_stream *stream;

	assert(audio == &the_audio && audio_format_is_valid(&config->format));
	assert(config->period_frames > 0 && config->period_frames <= config->buffer_frames);
	*out = NULL;
	if (fake_audio.open_error) {
		return fake_audio.open_error;
	}
	stream = calloc(1, sizeof(*stream));
	assert(stream);
	stream->config = *config;
	list_append(&fake_audio.streams, &stream->node);
	fake_audio.opened++;
	fake_audio.count++;
	*out = stream;
	return 0;
}

void audio_stream_close(struct audio_stream *stream)
{
	if (stream) {
		list_remove(&stream->node);
		fake_audio.count--;
		free(stream);
	}
}

void audio_stream_start(struct audio_stream *stream)
{
	stream->is_started = true;
}

void audio_stream_stop(struct audio_stream *stream)
{
	stream->is_started = false;
	stream->position = stream->moved;
}

void audio_stream_kick(struct audio_stream *stream, uint64_t written, uint64_t since_ns)
{
	assert(written > stream->written);
	stream->written = written;
	stream->kicks++;
	stream->since_ns = since_ns;
}

uint64_t audio_stream_position(struct audio_stream *stream)
{
	return stream->position;
}

uint32_t audio_stream_latency(struct audio_stream *stream)
{
	return stream->latency;
}

void audio_stream_wake_at(struct audio_stream *stream, uint64_t position)
{
	stream->has_wake = true;
	stream->wake_at = position;
}
