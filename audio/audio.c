/* SPDX-License-Identifier: MIT */
#include "audio/audio.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "audio/audio_state.h"
#include "vmm/base/compiler.h"

static void tell_listening(const struct audio *audio)
{
	if (audio->on_listening) {
		audio->on_listening(audio->on_listening_arg);
	}
}

static void on_capture_changed(void *arg)
{
	struct audio *audio = arg;
	bool is_allowed = atomic_load(&audio->is_capture_allowed);
	struct audio_stream *stream;

	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		if (stream->config.direction == AUDIO_PLAYBACK) {
			continue;
		}
		if (is_allowed) {
			audio_stream_connect(stream);
		} else {
			audio_stream_disconnect(stream);
		}
	}
	tell_listening(audio);
}

void audio_count_captures(struct audio *audio, int change)
{
	(void)atomic_fetch_add(&audio->captures, (unsigned)change);
	tell_listening(audio);
}

int audio_create(struct loop *loop, struct audio **out)
{
	struct audio *audio = calloc(1, sizeof(*audio));

	*out = audio;
	if (!audio) {
		return -ENOMEM;
	}
	audio->loop = loop;
	list_init(&audio->streams);
	list_init(&audio->taps);
	loop_task_init(&audio->capture_changed, on_capture_changed, audio);
	return 0;
}

void audio_destroy(struct audio *audio)
{
	if (!audio) {
		return;
	}
	assert(list_is_empty(&audio->streams) && list_is_empty(&audio->taps));
	audio_backend_destroy(audio);
	loop_task_cancel(audio->loop, &audio->capture_changed);
	free(audio);
}

struct loop *audio_loop(const struct audio *audio)
{
	return audio->loop;
}

/* --- pause --- */

void audio_pause(struct audio *audio)
{
	struct audio_stream *stream;

	if (audio->is_paused) {
		return;
	}
	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		if (stream->is_started) {
			audio_stream_halt(stream, false);
		}
	}
	audio->is_paused = true;
	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		audio_stream_plan_wake(stream);
	}
}

void audio_resume(struct audio *audio)
{
	struct audio_stream *stream;

	if (!audio->is_paused) {
		return;
	}
	audio->is_paused = false;
	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		if (stream->is_started) {
			audio_stream_run(stream);
		}
		audio_stream_plan_wake(stream);
	}
}

/* --- privacy --- */

void audio_allow_capture(struct audio *audio, bool allowed)
{
	atomic_store(&audio->is_capture_allowed, allowed);
	loop_post(audio->loop, &audio->capture_changed);
}

bool audio_is_capture_allowed(const struct audio *audio)
{
	return atomic_load(&audio->is_capture_allowed);
}

bool audio_is_listening(const struct audio *audio)
{
	return atomic_load(&audio->is_capture_allowed) && atomic_load(&audio->captures) > 0;
}

void audio_on_listening(struct audio *audio, void (*fn)(void *arg), void *arg)
{
	audio->on_listening = fn;
	audio->on_listening_arg = arg;
}

/* --- who listens in --- */

void audio_add_tap(struct audio *audio, struct audio_tap *tap)
{
	list_append(&audio->taps, &tap->node);
}

void audio_remove_tap(struct audio *audio UNUSED, struct audio_tap *tap)
{
	list_remove(&tap->node);
}
