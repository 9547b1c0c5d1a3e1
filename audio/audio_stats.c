/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "audio/audio_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* --- from the guest's write to the loudspeaker --- */

void audio_count_written(struct audio_stream *stream, uint64_t position, uint64_t written_ns)
{
	struct audio_counters *c = &stream->counters;

	/* When the ring is full this write goes unmeasured; others were. */
	if (c->mark_count < AUDIO_MARKS) {
		unsigned place = (c->first_mark + c->mark_count++) % AUDIO_MARKS;

		c->marks[place] = (struct audio_mark){ position, written_ns };
	}
}

void audio_count_heard(struct audio_stream *stream, uint64_t position, uint64_t heard_ns)
{
	struct audio_counters *c = &stream->counters;

	while (c->mark_count > 0 && c->marks[c->first_mark].position < position) {
		const struct audio_mark *mark = &c->marks[c->first_mark];
		uint64_t before_ns = audio_frames_to_ns(position - mark->position,
							stream->config.format.rate_hz);
		uint64_t mark_heard_ns = heard_ns - MIN(before_ns, heard_ns);

		histogram_add(&c->latency, mark_heard_ns > mark->written_ns
						   ? mark_heard_ns - mark->written_ns
						   : 0);
		c->first_mark = (c->first_mark + 1) % AUDIO_MARKS;
		c->mark_count--;
	}
}

void audio_forget_marks(struct audio_stream *stream)
{
	stream->counters.mark_count = 0;
}

/* --- reading --- */

static void fill(struct audio_stream *stream, struct audio_stats *out)
{
	const struct audio_counters *c = &stream->counters;
	bool is_playback = stream->config.direction == AUDIO_PLAYBACK;

	*out = (struct audio_stats){
		.index = stream->config.index,
		.direction = stream->config.direction,
		.format = stream->config.format,
		.backend = stream->voice ? stream->audio->backend->type->name : "none",
		.is_running = audio_stream_is_running(stream),
		.since_ns = c->since_ns,
		.written = (is_playback ? stream->written : stream->moved) - c->start,
		.played = audio_stream_position(stream) - c->start,
		.underruns = c->underruns,
		.underrun_frames = c->underrun_frames,
		.overruns = c->overruns,
		.overrun_frames = c->overrun_frames,
		.gaps = c->gaps,
		.latency_p50 = histogram_percentile(&c->latency, 500),
		.latency_p95 = histogram_percentile(&c->latency, 950),
		.latency_max = c->latency.max,
	};
	(void)snprintf(out->name, sizeof(out->name), "%s", stream->config.name);
	out->has_drift = audio_clock_drift(&stream->clock, AUDIO_DRIFT_MIN_NS, &out->drift_ppm_q8);
}

struct reading {
	struct audio *audio;
	struct audio_stats *out;
	size_t count;
};

static void read_stats(void *arg)
{
	struct reading *reading = arg;
	struct audio_stream *stream;

	list_for_each (stream, &reading->audio->streams, struct audio_stream, node) {
		fill(stream, &reading->out[reading->count++]);
	}
}

size_t audio_stats(struct audio *audio, struct audio_stats *out)
{
	struct reading reading = { .audio = audio, .out = out };

	loop_call(audio->loop, read_stats, &reading);
	return reading.count;
}

/* --- starting anew --- */

void audio_counters_reset(struct audio_stream *stream)
{
	struct audio_counters *c = &stream->counters;

	memset(c, 0, sizeof(*c));
	c->since_ns = clock_now_ns();
	c->start = audio_stream_position(stream);
	stream->clock.drift = (struct drift){ 0 };
}

static void reset_all(void *arg)
{
	struct audio *audio = arg;
	struct audio_stream *stream;

	list_for_each (stream, &audio->streams, struct audio_stream, node) {
		audio_counters_reset(stream);
	}
}

void audio_reset_stats(struct audio *audio)
{
	loop_call(audio->loop, reset_all, audio);
}
