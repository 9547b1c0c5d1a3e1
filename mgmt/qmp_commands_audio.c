/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "audio/audio.h"
#include "mgmt/qmp_dispatch.h"
#include "vmm/base/compiler.h"

/* The sound, and how evenly it plays. */

#define NS_PER_MS    1e6
#define PPM_FRACTION 256.0

static json_t *run_query_audio(const struct qmp_context *c, const json_t *arguments,
			       struct qmp_failure *failure)
{
	const struct audio *audio = c->ops->audio(c->machine);
	const char *microphone = "off";

	(void)arguments;
	(void)failure;
	if (audio && c->ops->may_capture(c->machine)) {
		microphone = audio_is_listening(audio) ? "on" : "allowed";
	}
	return json_pack("{s:b, s:s}", "card", audio != NULL, "microphone", microphone);
}

/* --- statistics ------------------------------------------------------------------------------ */

static json_t *describe_latency(const struct audio_stats *s)
{
	return json_pack("{s:f, s:f, s:f}", "p50", (double)s->latency_p50 / NS_PER_MS, "p95",
			 (double)s->latency_p95 / NS_PER_MS, "max",
			 (double)s->latency_max / NS_PER_MS);
}

static json_t *describe_stream(const struct audio_stats *s, uint64_t now_ns)
{
	const bool is_playback = s->direction == AUDIO_PLAYBACK;

	return json_pack(
		"{s:s, s:I, s:s, s:s, s:b, s:s, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o*, s:o*}",
		"card", s->name, "stream", (json_int_t)s->index, "direction",
		is_playback ? "playback" : "capture", "backend", s->backend, "running",
		s->is_running, "sample", audio_sample_name(s->format.sample), "rate-hz",
		(json_int_t)s->format.rate_hz, "channels", (json_int_t)s->format.channels,
		"measured-ms", (double)(now_ns - s->since_ns) / NS_PER_MS, "written",
		(json_int_t)s->written, "played", (json_int_t)s->played, "underruns",
		(json_int_t)s->underruns, "underrun-frames", (json_int_t)s->underrun_frames,
		"overruns", (json_int_t)s->overruns, "overrun-frames",
		(json_int_t)s->overrun_frames, "gaps", (json_int_t)s->gaps, "drift-ppm",
		s->has_drift ? json_real((double)s->drift_ppm_q8 / PPM_FRACTION) : NULL,
		"latency-ms", is_playback ? describe_latency(s) : NULL);
}

static json_t *run_stats(const struct qmp_context *c, const json_t *arguments,
			 struct qmp_failure *failure)
{
	struct audio *audio = c->ops->audio(c->machine);
	AUTO_FREE struct audio_stats *stats = NULL;
	json_t *list;
	size_t count;

	if (!audio) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "the machine has no sound card");
	}
	stats = calloc(AUDIO_STREAMS_MAX, sizeof(*stats));
	if (!stats) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	list = json_array();
	count = audio_stats(audio, stats);
	for (size_t i = 0; i < count && i < AUDIO_STREAMS_MAX; i++) {
		(void)json_array_append_new(list, describe_stream(&stats[i], clock_now_ns()));
	}
	if (json_is_true(json_object_get(arguments, "reset"))) {
		audio_reset_stats(audio);
	}
	return list;
}

static const struct qmp_argument stats_arguments[] = {
	{ "reset", QMP_BOOL, true },
	{ .name = NULL },
};
const struct qmp_command qmp_audio_commands[] = {
	{ "x-thunderlake-query-audio", NULL, run_query_audio },
	{ "x-thunderlake-audio-stats", stats_arguments, run_stats },
	{ .name = NULL },
};
