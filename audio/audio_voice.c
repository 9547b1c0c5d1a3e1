/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "audio/audio_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG	    "audio"
#define CHUNK_BYTES 4096u

static bool is_playback(const struct audio_stream *stream)
{
	return stream->config.direction == AUDIO_PLAYBACK;
}

/* --- playback --- */

static void count_underrun(struct audio_stream *stream, uint64_t frames)
{
	stream->is_dry = false;
	stream->counters.underruns++;
	stream->counters.underrun_frames += frames;
	if (stream->config.ops->on_xrun) {
		stream->config.ops->on_xrun(stream->config.arg);
	}
}

/* It goes on after it ran dry. */
static void end_dryness(struct audio_stream *stream, uint64_t now_ns)
{
	uint64_t frames = stream->dry_frames;

	if (frames == 0) {
		frames = audio_ns_to_frames(now_ns - stream->dry_ns, stream->config.format.rate_hz);
	}
	count_underrun(stream, frames);
}

static void tell_taps(struct audio_stream *stream, const void *frames, size_t count,
		      uint64_t heard_ns)
{
	struct audio_tap *tap;

	list_for_each (tap, &stream->audio->taps, struct audio_tap, node) {
		tap->on_frames(tap->arg, stream->number, &stream->config.format, frames, count,
			       heard_ns);
	}
}

size_t audio_stream_pull(struct audio_stream *stream, void *frames, size_t count, uint64_t heard_ns)
{
	size_t got;
	uint64_t now_ns;

	if (!audio_stream_is_running(stream) || count == 0) {
		return 0;
	}
	stream->is_hungry = false;
	got = stream->config.ops->pull(stream->config.arg, frames, count);
	got = MIN(got, count);
	stream->is_hungry = got < count;
	if (got == 0) {
		return 0;
	}
	now_ns = clock_now_ns();
	audio_clock_extend(&stream->clock, now_ns, stream->moved);
	stream->moved += got;
	stream->written = MAX(stream->written, stream->moved);
	tell_taps(stream, frames, got, heard_ns);
	if (stream->is_dry) {
		end_dryness(stream, now_ns);
	}
	audio_stream_plan_wake(stream);
	return got;
}

void audio_stream_underrun(struct audio_stream *stream, uint64_t frames)
{
	if (!audio_stream_is_running(stream) || !is_playback(stream) || stream->is_dry ||
	    stream->moved == stream->started) {
		return; /* nothing began yet */
	}
	if (!stream->is_hungry) {
		/* The guest gave more before this was told. */
		audio_clock_stop(&stream->clock, audio_stream_position(stream));
		audio_clock_start(&stream->clock);
		count_underrun(stream, frames);
		return;
	}
	stream->is_dry = true;
	stream->dry_ns = clock_now_ns();
	stream->dry_frames = frames;
	audio_clock_stop(&stream->clock, stream->moved);
	audio_clock_start(&stream->clock);
	audio_stream_plan_wake(stream);
}

/* --- capture --- */

/* What was taken. */
static size_t push_silence(struct audio_stream *stream, size_t count)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t most = sizeof(chunk) / audio_frame_bytes(&stream->config.format);
	size_t taken = 0;

	audio_silence(&stream->config.format, chunk, MIN(most, count));
	while (taken < count) {
		size_t want = MIN(most, count - taken);
		size_t got = stream->config.ops->push(stream->config.arg, chunk, want);

		taken += MIN(got, want);
		if (got < want) {
			break;
		}
	}
	return taken;
}

static void count_overrun(struct audio_stream *stream, size_t frames)
{
	stream->counters.overruns++;
	stream->counters.overrun_frames += frames;
	if (stream->config.ops->on_xrun) {
		stream->config.ops->on_xrun(stream->config.arg);
	}
}

void audio_stream_push(struct audio_stream *stream, const void *frames, size_t count)
{
	uint64_t now_ns = clock_now_ns();
	size_t taken;

	if (!audio_stream_is_running(stream) || count == 0) {
		return;
	}
	/* These came while as many went by: the position follows while the next ones come. */
	audio_clock_report(&stream->clock, now_ns, now_ns, stream->moved);
	if (atomic_load(&stream->audio->is_capture_allowed)) {
		taken = stream->config.ops->push(stream->config.arg, frames, count);
	} else {
		taken = push_silence(stream, count);
	}
	taken = MIN(taken, count);
	stream->moved += taken;
	if (taken < count) {
		/* Time goes on without the lost ones. */
		audio_clock_stop(&stream->clock, stream->moved);
		audio_clock_start(&stream->clock);
		count_overrun(stream, count - taken);
	}
	audio_stream_plan_wake(stream);
}

/* --- reports --- */

void audio_stream_report(struct audio_stream *stream, const struct audio_report *report)
{
	uint32_t rate_hz = stream->config.format.rate_hz;
	uint64_t now_ns = clock_now_ns();
	uint64_t position = MIN(stream->base + report->consumed, stream->moved);

	if (!audio_stream_is_running(stream)) {
		return;
	}
	stream->latency = report->latency;
	if (!is_playback(stream) || stream->is_dry) {
		return;
	}
	if (report->stands) {
		audio_clock_stop(&stream->clock, position);
		audio_clock_start(&stream->clock);
	} else {
		audio_clock_report(&stream->clock, now_ns, report->at_ns, position);
	}
	audio_count_heard(stream, position,
			  report->at_ns + audio_frames_to_ns(report->latency, rate_hz));
	audio_stream_plan_wake(stream);
}

void audio_stream_gap(struct audio_stream *stream)
{
	stream->counters.gaps++;
}

/* --- voices --- */

static bool may_connect(const struct audio_stream *stream)
{
	const struct audio *audio = stream->audio;

	return !stream->voice && audio->backend && audio->backend->type->open &&
	       (is_playback(stream) || atomic_load(&audio->is_capture_allowed));
}

/* Silence gives up; all that it pulled counts as consumed. */
static void end_silence(struct audio_stream *stream)
{
	pacer_stop(&stream->silence, true);
	audio_clock_stop(&stream->clock, stream->moved);
	stream->base = stream->moved;
	stream->is_dry = false;
	stream->is_hungry = false;
}

void audio_stream_connect(struct audio_stream *stream)
{
	struct audio_backend *backend = stream->audio->backend;
	struct audio_voice *voice = NULL;
	struct error err;
	int code;

	if (!may_connect(stream)) {
		return;
	}
	code = backend->type->open(backend, stream, &voice, &err);
	if (code < 0) {
		if (code != -EAGAIN) {
			log_warn(TAG, "%s: %s; it is %s silence", stream->config.name, err.text,
				 is_playback(stream) ? "played in" : "given");
		}
		return;
	}
	end_silence(stream);
	voice->stream = stream;
	stream->voice = voice;
	if (stream->volume_count > 0 && backend->type->set_volume) {
		backend->type->set_volume(voice, stream->volumes, stream->volume_count);
	}
	if (audio_stream_is_running(stream)) {
		audio_clock_start(&stream->clock);
		backend->type->start(voice);
	}
	audio_stream_plan_wake(stream);
}

/* The position goes on from where it is; what the voice still had is consumed in silence. */
static void begin_silence(struct audio_stream *stream)
{
	stream->voice = NULL;
	stream->latency = 0;
	stream->base = audio_stream_position(stream);
	audio_clock_stop(&stream->clock, stream->base);
	audio_forget_marks(stream);
	pacer_reset(&stream->silence, stream->moved - stream->base);
	if (audio_stream_is_running(stream)) {
		audio_clock_start(&stream->clock);
		stream->is_dry = false;
		pacer_start(&stream->silence);
	}
	audio_stream_plan_wake(stream);
}

void audio_stream_disconnect(struct audio_stream *stream)
{
	struct audio_voice *voice = stream->voice;

	if (!voice) {
		return;
	}
	if (audio_stream_is_running(stream)) {
		stream->audio->backend->type->stop(voice, false);
	}
	begin_silence(stream);
	stream->audio->backend->type->close(voice);
}

void audio_voice_lost(struct audio_voice *voice)
{
	struct audio_stream *stream = voice->stream;

	if (is_playback(stream) && audio_stream_position(stream) < stream->moved) {
		stream->counters.gaps++;
	}
	begin_silence(stream);
}

void audio_backend_ready(struct audio *audio)
{
	struct audio_stream *stream;

	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		audio_stream_connect(stream);
	}
}
