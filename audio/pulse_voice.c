/* SPDX-License-Identifier: MIT */
#include "audio/pulse_voice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/pulse_backend.h"
#include "audio/pulse_format.h"
#include "audio/pulse_library.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define LOG_TAG "audio:pulse"
#define MS	UINT64_C(1000000)
/* How much longer than its length the rest of a stream may take, before it is held or given up:
 * what a slow server still has is lost then. And how long a device may stand. */
#define REST_EXTRA_NS	 (5 * NS_PER_SECOND)
#define SUSPENDED_FOR_NS (500 * MS)
/* A server that does not tell for so long hangs, unless it was us who stood still: then it is asked
 * again, and has some more time. */
#define SILENT_FOR_NS	  (3 * NS_PER_SECOND)
#define ANSWER_NS	  (1000 * MS)
#define STREAM_NAME_BYTES 160

static struct pulse_voice *of_base(struct audio_voice *voice)
{
	return container_of(voice, struct pulse_voice, base);
}

static void unref(pa_operation *operation)
{
	if (operation) {
		libpulse.operation_unref(operation);
	}
}

/* --- the end of a voice --- */

/* Its answer may be on the way. */
static void cancel(pa_operation *operation)
{
	if (operation) {
		libpulse.operation_cancel(operation);
		libpulse.operation_unref(operation);
	}
}

static void free_voice(struct pulse_voice *v)
{
	loop_timer_disarm(&v->limit);
	list_remove(&v->node);
	cancel(v->asking);
	cancel(v->setting);
	cancel(v->draining);
	if (v->stream) {
		libpulse.stream_set_state_callback(v->stream, NULL, NULL);
		libpulse.stream_set_latency_update_callback(v->stream, NULL, NULL);
		libpulse.stream_set_write_callback(v->stream, NULL, NULL);
		libpulse.stream_set_read_callback(v->stream, NULL, NULL);
		libpulse.stream_set_underflow_callback(v->stream, NULL, NULL);
		libpulse.stream_set_overflow_callback(v->stream, NULL, NULL);
		libpulse.stream_set_suspended_callback(v->stream, NULL, NULL);
		libpulse.stream_set_moved_callback(v->stream, NULL, NULL);
		(void)libpulse.stream_disconnect(v->stream);
		libpulse.stream_unref(v->stream);
	}
	free(v);
}

static void lose(struct pulse_voice *v)
{
	if (v->base.stream) {
		audio_voice_lost(&v->base);
	}
	free_voice(v);
}

void pulse_voices_lose(struct pulse_backend *b)
{
	struct pulse_voice *v;

	list_for_each (v, &b->leaving, struct pulse_voice, node) {
		lose(v);
	}
	list_for_each (v, &b->voices, struct pulse_voice, node) {
		lose(v);
	}
}

/* The server is there, but will not have this stream. */
static void on_refused(struct pulse_voice *v, const char *why)
{
	if (v->base.stream) {
		const struct audio_stream_config *config = audio_stream_config(v->base.stream);

		log_warn(LOG_TAG, "%s stream %u: %s: silence for now", config->name, config->index,
			 why);
		pulse_server_refused(v->backend);
	}
	lose(v);
}

/* --- what the server does --- */

static void cork(struct pulse_voice *v, bool is_corked)
{
	if (v->is_corked != is_corked) {
		v->is_corked = is_corked;
		unref(libpulse.stream_cork(v->stream, is_corked, NULL, NULL));
	}
}

/* The guest's sound moves, as far as it can: looks again and again whether the server's does. A
 * suspended device takes nothing, and a guest would stand still by it; but one that was idle is
 * suspended until playback has started. */
static void watch(struct pulse_voice *v)
{
	bool is_suspended = v->is_ready && libpulse.stream_is_suspended(v->stream) > 0;

	loop_timer_arm(v->backend->env.loop, &v->limit,
		       is_suspended ? clock_now_ns() + SUSPENDED_FOR_NS
				    : v->told_ns + SILENT_FOR_NS);
}

/* It has not told for too long. When this process was stopped meanwhile, that was no fault of the
 * server's, and to leave it would lose what it was just given. */
static void doubt(struct pulse_voice *v, uint64_t now_ns)
{
	if (v->is_doubted) {
		pulse_server_stalled(v->backend);
		return;
	}
	v->is_doubted = true;
	pulse_flow_ask(v);
	loop_timer_arm(v->backend->env.loop, &v->limit, now_ns + ANSWER_NS);
}

static void on_limit(void *arg)
{
	struct pulse_voice *v = arg;
	uint64_t now_ns = clock_now_ns();

	if (!v->base.stream) {
		free_voice(v);
	} else if (!v->is_started) {
		cork(v, true);
	} else if (v->is_ready && libpulse.stream_is_suspended(v->stream) > 0) {
		on_refused(v, "the sound server has suspended its device");
	} else if (now_ns - v->told_ns >= SILENT_FOR_NS) {
		doubt(v, now_ns);
	} else {
		v->is_doubted = false;
		watch(v);
	}
}

static void on_volume_set(pa_context *context, int success, void *arg);

/* One at a time, however often a guest changes it. While a guest leaves it as it is, it is the
 * user's: the server remembers what was chosen for this machine. */
static void send_volume(struct pulse_voice *v)
{
	if (!v->is_ready || v->setting || libpulse.cvolume_equal(&v->told_volume, &v->volume)) {
		return;
	}
	v->told_volume = v->volume;
	v->setting = libpulse.context_set_sink_input_volume(v->backend->context,
							    libpulse.stream_get_index(v->stream),
							    &v->volume, on_volume_set, v);
}

static void on_volume_set(pa_context *context UNUSED, int success UNUSED, void *arg)
{
	struct pulse_voice *v = arg;

	unref(v->setting);
	v->setting = NULL;
	send_volume(v);
}

static void run(struct pulse_voice *v)
{
	if (v->direction == AUDIO_PLAYBACK) {
		pulse_flow_fill(v);
	}
	cork(v, false);
	pulse_flow_settle(v);
}

static void on_state(pa_stream *stream, void *arg)
{
	struct pulse_voice *v = arg;
	pa_stream_state_t state = libpulse.stream_get_state(stream);

	if (state == PA_STREAM_READY) {
		v->is_ready = true;
		send_volume(v);
		if (v->is_started) {
			run(v);
		}
	} else if (!PA_STREAM_IS_GOOD(state)) {
		on_refused(v, libpulse.strerror(libpulse.context_errno(v->backend->context)));
	}
}

static void on_device(pa_stream *stream UNUSED, void *arg)
{
	struct pulse_voice *v = arg;

	if (v->is_started) {
		watch(v);
	}
}

/* --- opening --- */

static pa_stream *make_stream(struct pulse_backend *b, const struct audio_stream_config *config)
{
	pa_proplist *list = libpulse.proplist_new();
	char name[STREAM_NAME_BYTES], id[STREAM_NAME_BYTES];
	pa_sample_spec spec;
	pa_channel_map map;
	pa_stream *stream;

	(void)snprintf(name, sizeof(name), "%s: %s", b->env.machine_name, config->name);
	/* Volumes are remembered by role, unless there is a better name. */
	(void)snprintf(id, sizeof(id), "%s-by-application-name:Thunderlake %s",
		       config->direction == AUDIO_PLAYBACK ? "sink-input" : "source-output",
		       b->env.machine_name);
	(void)libpulse.proplist_sets(list, PA_PROP_MEDIA_NAME, name);
	(void)libpulse.proplist_sets(list, PA_PROP_MEDIA_ROLE, "video");
	(void)libpulse.proplist_sets(list, "module-stream-restore.id", id);
	pulse_format_translate(&config->format, &spec, &map);
	stream = libpulse.stream_new_with_proplist(b->context, name, &spec, &map, list);
	libpulse.proplist_free(list);
	return stream;
}

/* Corked until it is started. The server may mix channels for a device that has others, and move
 * the stream to another device: it knows its user's wishes. */
static int connect_stream(struct pulse_voice *v, const struct audio_stream_config *config)
{
	const pa_stream_flags_t flags =
		(pa_stream_flags_t)(PA_STREAM_START_CORKED | PA_STREAM_ADJUST_LATENCY |
				    PA_STREAM_AUTO_TIMING_UPDATE);
	struct pulse_backend *b = v->backend;
	pa_buffer_attr attr;

	pulse_format_buffer(config, b->latency_ms, &attr);
	v->step = attr.minreq / v->frame_bytes;
	if (config->direction == AUDIO_PLAYBACK) {
		return libpulse.stream_connect_playback(v->stream, b->sink, &attr, flags, NULL,
							NULL);
	}
	return libpulse.stream_connect_record(v->stream, b->source, &attr, flags);
}

int pulse_voice_open(struct audio_backend *backend, struct audio_stream *stream,
		     struct audio_voice **out, struct error *err)
{
	struct pulse_backend *b = container_of(backend, struct pulse_backend, base);
	const struct audio_stream_config *config = audio_stream_config(stream);
	struct pulse_voice *v;

	if (!b->is_ready) {
		return error_set(err, -EAGAIN, "the sound server is away");
	}
	v = calloc(1, sizeof(*v));
	if (!v) {
		return error_set_errno(err, -ENOMEM, "a stream of the sound server");
	}
	v->base.stream = stream;
	v->backend = b;
	v->direction = config->direction;
	v->format = config->format;
	v->frame_bytes = (uint32_t)audio_frame_bytes(&config->format);
	v->is_corked = true;
	v->volume.channels = (uint8_t)v->format.channels;
	for (unsigned i = 0; i < v->format.channels; i++) {
		v->volume.values[i] = PA_VOLUME_NORM;
	}
	v->told_volume = v->volume;
	v->usual_latency = -1;
	loop_timer_init(&v->limit, on_limit, v);
	list_append(&b->voices, &v->node);
	v->stream = make_stream(b, config);
	if (!v->stream || connect_stream(v, config) < 0) {
		(void)error_set(err, -EIO, "the sound server refuses a stream: %s",
				libpulse.strerror(libpulse.context_errno(b->context)));
		free_voice(v);
		return -EIO;
	}
	libpulse.stream_set_state_callback(v->stream, on_state, v);
	libpulse.stream_set_suspended_callback(v->stream, on_device, v);
	libpulse.stream_set_moved_callback(v->stream, on_device, v);
	pulse_flow_attach(v);
	*out = &v->base;
	return 0;
}

/* --- what the guest does --- */

void pulse_voice_start(struct audio_voice *voice)
{
	struct pulse_voice *v = of_base(voice);

	v->is_started = true;
	v->told_ns = clock_now_ns();
	v->is_doubted = false;
	if (v->is_ready) {
		run(v);
	}
	watch(v);
}

/* What there is plays to its end, and after that the device may sleep. The stream is not drained: a
 * guest may start again at once, and PipeWire loses a millisecond then. */
static void play_rest(struct pulse_voice *v)
{
	if (v->moved > 0) {
		cork(v, false);
	}
	loop_timer_arm(v->backend->env.loop, &v->limit,
		       clock_now_ns() + v->backend->latency_ms * MS + REST_EXTRA_NS);
}

void pulse_voice_stop(struct audio_voice *voice, bool drain)
{
	struct pulse_voice *v = of_base(voice);

	v->is_started = false;
	loop_timer_disarm(&v->limit);
	if (v->direction == AUDIO_PLAYBACK && drain && v->is_ready) {
		play_rest(v);
	} else if (v->is_ready) {
		cork(v, true);
	}
}

/* A guest that opens and closes without end is not to fill the server. */
static void make_room(struct pulse_backend *b)
{
	struct pulse_voice *v, *first = NULL;
	unsigned count = 0;

	list_for_each (v, &b->leaving, struct pulse_voice, node) {
		first = first ? first : v;
		count++;
	}
	if (count >= AUDIO_STREAMS_MAX) {
		free_voice(first);
	}
}

static void on_drained(pa_stream *stream UNUSED, int success UNUSED, void *arg)
{
	free_voice(arg);
}

void pulse_voice_close(struct audio_voice *voice)
{
	struct pulse_voice *v = of_base(voice);

	v->is_started = false;
	v->base.stream = NULL;
	if (v->direction == AUDIO_PLAYBACK && v->moved > 0) {
		make_room(v->backend);
		list_remove(&v->node);
		list_append(&v->backend->leaving, &v->node);
		play_rest(v);
		v->draining = libpulse.stream_drain(v->stream, on_drained, v);
	}
	if (!v->draining) {
		free_voice(v);
	}
}

void pulse_voice_kick(struct audio_voice *voice)
{
	struct pulse_voice *v = of_base(voice);

	if (v->is_ready && v->direction == AUDIO_PLAYBACK) {
		pulse_flow_fill(v);
	}
}

void pulse_voice_set_volume(struct audio_voice *voice, const uint32_t *volumes, unsigned count)
{
	struct pulse_voice *v = of_base(voice);

	if (v->direction != AUDIO_PLAYBACK || count == 0) {
		return;
	}
	for (unsigned i = 0; i < v->format.channels; i++) {
		double part = (double)volumes[MIN(i, count - 1)] / AUDIO_VOLUME_MAX;

		v->volume.values[i] = libpulse.sw_volume_from_linear(part);
	}
	send_volume(v);
}
