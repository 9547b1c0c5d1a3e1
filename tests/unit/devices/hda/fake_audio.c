/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/hda/fake_audio.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"

struct fake_audio fake_audio;

struct audio *fake_audio_set_up(struct loop *loop)
{
	(void)loop;
	memset(&fake_audio, 0, sizeof(fake_audio));
	return NULL;
}

void fake_audio_tear_down(struct audio *audio)
{
	(void)audio;
}

struct audio_stream *fake_audio_stream(enum audio_direction direction)
{
	for (unsigned i = 0; i < AUDIO_STREAMS_MAX; i++) {
		struct audio_stream *stream = &fake_audio.streams[i];

		if (stream->is_open && stream->config.direction == direction) {
			return stream;
		}
	}
	return NULL;
}

size_t fake_audio_pull(struct audio_stream *stream, void *frames, size_t count)
{
	size_t got = 0;

	if (stream->is_started) {
		got = stream->config.ops->pull(stream->config.arg, frames, count);
		stream->moved += got;
	}
	return got;
}

size_t fake_audio_push(struct audio_stream *stream, const void *frames, size_t count)
{
	size_t taken = 0;

	if (stream->is_started) {
		taken = stream->config.ops->push(stream->config.arg, frames, count);
		stream->moved += taken;
	}
	return taken;
}

/* Once too often is no harm. */
void fake_audio_play(struct audio_stream *stream, uint64_t position)
{
	stream->position = MAX(stream->position, MIN(position, stream->moved));
	stream->wake = 0;
	stream->config.ops->on_reached(stream->config.arg);
}

/* --- the contract ---------------------------------------------------------------------------- */

int audio_stream_open(struct audio *audio, const struct audio_stream_config *config,
		      struct audio_stream **out)
{
	(void)audio;
	*out = NULL;
	if (fake_audio.open_result < 0) {
		return fake_audio.open_result;
	}
	if (!audio_format_is_valid(&config->format) || config->period_frames == 0 ||
	    config->period_frames > config->buffer_frames) {
		return -EINVAL;
	}
	for (unsigned i = 0; i < AUDIO_STREAMS_MAX && !*out; i++) {
		if (!fake_audio.streams[i].is_open) {
			*out = &fake_audio.streams[i];
		}
	}
	if (!*out) {
		return -EMFILE;
	}
	**out = (struct audio_stream){ .config = *config, .is_open = true };
	fake_audio.opens++;
	return 0;
}

void audio_stream_close(struct audio_stream *stream)
{
	if (stream) {
		stream->is_open = false;
		stream->is_started = false;
	}
}

void audio_stream_start(struct audio_stream *stream)
{
	stream->is_started = true;
}

void audio_stream_stop(struct audio_stream *stream)
{
	if (stream->is_started) {
		stream->is_started = false;
		stream->position = stream->moved;
	}
}

void audio_stream_kick(struct audio_stream *stream, uint64_t written, uint64_t since_ns UNUSED)
{
	stream->kicked = MAX(stream->kicked, written);
}

uint64_t audio_stream_position(struct audio_stream *stream)
{
	return stream->position;
}

void audio_stream_wake_at(struct audio_stream *stream, uint64_t position)
{
	stream->wake = position;
}

void audio_stream_set_volume(struct audio_stream *stream, const uint32_t *volumes, unsigned count)
{
	memcpy(stream->volumes, volumes, count * sizeof(*volumes));
}
