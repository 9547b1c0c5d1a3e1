/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

static bool is_playback(const struct audio_stream *stream)
{
	return stream->config.direction == AUDIO_PLAYBACK;
}

bool audio_stream_is_running(const struct audio_stream *stream)
{
	return stream->is_started && !stream->audio->is_paused;
}

/* --- what the card waits for --- */

static void on_wake(void *arg)
{
	struct audio_stream *stream = arg;

	if (audio_stream_position(stream) < stream->wake_position) {
		audio_stream_plan_wake(stream);
		return;
	}
	stream->has_wake = false;
	stream->config.ops->on_reached(stream->config.arg); /* may close the stream */
}

void audio_stream_plan_wake(struct audio_stream *stream)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t when_ns = now_ns;

	loop_timer_disarm(&stream->wake);
	if (!stream->has_wake || stream->audio->is_paused) {
		return;
	}
	if (audio_clock_position(&stream->clock, now_ns, stream->moved) < stream->wake_position) {
		when_ns = audio_clock_when(&stream->clock, stream->wake_position);
		if (stream->wake_position > stream->moved || when_ns == UINT64_MAX) {
			return; /* planned when more has moved, or the clock runs */
		}
	}
	loop_timer_arm(stream->audio->loop, &stream->wake, when_ns);
}

void audio_stream_wake_at(struct audio_stream *stream, uint64_t position)
{
	stream->has_wake = true;
	stream->wake_position = position;
	audio_stream_plan_wake(stream);
}

uint64_t audio_stream_position(struct audio_stream *stream)
{
	return audio_clock_position(&stream->clock, clock_now_ns(), stream->moved);
}

uint32_t audio_stream_latency(struct audio_stream *stream)
{
	return stream->latency;
}

/* --- open and close --- */

static bool is_sensible(const struct audio_stream_config *config)
{
	return audio_format_is_valid(&config->format) && config->period_frames > 0 &&
	       config->period_frames <= config->buffer_frames;
}

int audio_stream_open(struct audio *audio, const struct audio_stream_config *config,
		      struct audio_stream **out)
{
	struct audio_stream *stream;

	*out = NULL;
	if (!is_sensible(config)) {
		return -EINVAL;
	}
	if (audio->stream_count == AUDIO_STREAMS_MAX) {
		return -EMFILE;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		return -ENOMEM;
	}
	stream->audio = audio;
	stream->config = *config;
	stream->number = audio->next_number++;
	audio_clock_init(&stream->clock, config->format.rate_hz);
	pacer_init(&stream->silence, stream, audio->loop, NULL, NULL);
	loop_timer_init(&stream->wake, on_wake, stream);
	audio_counters_reset(stream);
	list_append(&audio->streams, &stream->node);
	audio->stream_count++;
	audio_stream_connect(stream);
	*out = stream;
	return 0;
}

void audio_stream_close(struct audio_stream *stream)
{
	if (!stream) {
		return;
	}
	audio_stream_stop(stream);
	if (stream->voice) {
		stream->audio->backend->type->close(stream->voice);
	}
	loop_timer_disarm(&stream->wake);
	list_remove(&stream->node);
	stream->audio->stream_count--;
	free(stream);
}

const struct audio_stream_config *audio_stream_config(const struct audio_stream *stream)
{
	return &stream->config;
}

/* --- start and stop --- */

void audio_stream_run(struct audio_stream *stream)
{
	if (!is_playback(stream)) {
		audio_count_captures(stream->audio, 1);
	}
	stream->dry_ns = clock_now_ns();
	audio_clock_start(&stream->clock);
	if (stream->voice) {
		stream->audio->backend->type->start(stream->voice);
	} else {
		pacer_start(&stream->silence);
	}
}

static void halt_voice(struct audio_stream *stream, bool drain)
{
	if (stream->voice) {
		stream->audio->backend->type->stop(stream->voice, drain);
	} else {
		pacer_stop(&stream->silence, drain);
	}
}

void audio_stream_halt(struct audio_stream *stream, bool drain)
{
	uint64_t position = audio_stream_position(stream);

	if (!is_playback(stream)) {
		audio_count_captures(stream->audio, -1);
	}
	audio_clock_stop(&stream->clock, drain ? stream->moved : position);
	audio_forget_marks(stream);
	halt_voice(stream, drain);
}

void audio_stream_start(struct audio_stream *stream)
{
	if (stream->is_started) {
		return;
	}
	stream->is_started = true;
	stream->is_dry = false;
	stream->is_hungry = false;
	stream->started = stream->moved;
	if (!stream->audio->is_paused) {
		audio_stream_run(stream);
		audio_stream_plan_wake(stream);
	}
}

void audio_stream_stop(struct audio_stream *stream)
{
	if (!stream->is_started) {
		return;
	}
	stream->is_started = false;
	stream->is_dry = false; /* not an underrun: it ended */
	if (stream->audio->is_paused) {
		audio_clock_stop(&stream->clock, stream->moved);
		halt_voice(stream, true);
	} else {
		audio_stream_halt(stream, true);
	}
	audio_stream_plan_wake(stream);
}

void audio_stream_kick(struct audio_stream *stream, uint64_t written, uint64_t since_ns)
{
	if (written <= stream->written) {
		return;
	}
	if (audio_stream_is_running(stream)) {
		audio_count_written(stream, stream->written, since_ns);
	}
	stream->written = written;
	if (!stream->is_hungry || !audio_stream_is_running(stream)) {
		return;
	}
	if (stream->voice) {
		stream->audio->backend->type->kick(stream->voice);
	} else {
		pacer_kick(&stream->silence);
	}
}

void audio_stream_set_volume(struct audio_stream *stream, const uint32_t *volumes, unsigned count)
{
	const struct audio_backend *backend = stream->audio->backend;

	stream->volume_count = MIN(count, AUDIO_CHANNELS_MAX);
	memcpy(stream->volumes, volumes, stream->volume_count * sizeof(*volumes));
	if (stream->voice && backend->type->set_volume) {
		backend->type->set_volume(stream->voice, stream->volumes, stream->volume_count);
	}
}
