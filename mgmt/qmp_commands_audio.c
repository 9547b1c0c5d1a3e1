/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "mgmt/audio_wait.h"
#include "mgmt/qmp_arguments.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_screen.h"
#include "vmm/base/compiler.h"

/* The sound, and how evenly it plays. */

#define NS_PER_MS    1e6
#define PPM_FRACTION 256.0

/* What is not given. */
#define TOLERANCE_HZ 5u
#define FOR_MS	     500u
#define TIMEOUT_MS   60000u

#define TIMEOUT_MAX_MS (24u * 3600u * 1000u)

static json_t *run_query_audio(const struct qmp_context *c, const json_t *arguments,
			       struct qmp_failure *failure)
{
	const struct audio *audio = c->ops->audio(c->machine);
	const char *microphone = "off";

	(void)arguments;
	(void)failure;
	if (audio && audio_is_capture_allowed(audio)) {
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

/* --- jacks ----------------------------------------------------------------------------------- */

static json_t *run_jack(const struct qmp_context *c, const json_t *arguments,
			struct qmp_failure *failure)
{
	static const char *const names[AUDIO_JACKS] = {
		[AUDIO_JACK_LINE_OUT] = "line-out", [AUDIO_JACK_MICROPHONE] = "microphone"
	};
	const char *name = json_string_value(json_object_get(arguments, "jack"));
	const bool connected = json_is_true(json_object_get(arguments, "connected"));

	for (unsigned i = 0; i < AUDIO_JACKS; i++) {
		if (strcmp(names[i], name) != 0) {
			continue;
		}
		if (c->ops->set_jack(c->machine, i, connected) < 0) {
			return qmp_fail(failure, QMP_GENERIC_ERROR,
					"the machine has no sound card with a jack '%s'", name);
		}
		return json_object();
	}
	return qmp_fail(failure, QMP_GENERIC_ERROR,
			"no jack '%s': there are 'line-out' and 'microphone'", name);
}

/* --- expect ---------------------------------------------------------------------------------- */

/* One x-thunderlake-audio-expect until its reply. */
struct expecting {
	struct qmp_pending pending;
	struct audio_wait *wait;
	uint64_t timeout_ms;
};

static void destroy_expecting(struct expecting *expecting)
{
	audio_wait_destroy(expecting->wait);
	free(expecting);
}

static void on_cancel(struct qmp_pending *pending)
{
	destroy_expecting(container_of(pending, struct expecting, pending));
}

static double decibel(float sample)
{
	return 20 * log10((double)sample);
}

static json_t *describe_heard(const struct audio_wait_result *result)
{
	const struct tone_findings *found = &result->findings;

	return json_pack("{s:f, s:f, s:o*, s:o*}", "waited-ms",
			 (double)result->waited_ns / NS_PER_MS, "lasted-ms",
			 (double)found->longest_ns / NS_PER_MS, "hz",
			 found->hz > 0 ? json_real(found->hz) : NULL, "loudest-db",
			 found->loudest > 0 ? json_real(decibel(found->loudest)) : NULL);
}

/* What was heard instead. */
static void describe_timeout(const struct expecting *expecting,
			     const struct audio_wait_result *result, struct qmp_failure *failure)
{
	const struct tone_findings *found = &result->findings;
	const uint64_t longest_ms = found->longest_ns / (uint64_t)NS_PER_MS;
	char text[128];

	if (!found->has_frames) {
		(void)snprintf(text, sizeof(text), "nothing was played");
	} else if (found->loudest <= TONE_SILENCE_MAX) {
		(void)snprintf(text, sizeof(text), "only silence was played");
	} else if (found->hz > 0) {
		(void)snprintf(text, sizeof(text), "heard %.1f Hz, the loudest at %.1f dB",
			       found->hz, decibel(found->loudest));
	} else {
		(void)snprintf(text, sizeof(text), "heard other sound, the loudest at %.1f dB",
			       decibel(found->loudest));
	}
	(void)qmp_fail(failure, QMP_TIMED_OUT,
		       "timed out after %" PRIu64 " ms: %s; what was awaited lasted %" PRIu64
		       " ms at most",
		       expecting->timeout_ms, text, longest_ms);
}

static void on_done(void *arg, const struct audio_wait_result *result)
{
	struct expecting *expecting = arg;
	struct qmp_failure failure;
	json_t *reply = NULL;

	if (result->is_done) {
		reply = describe_heard(result);
		(void)qmp_fail(&failure, QMP_GENERIC_ERROR, "out of memory");
	} else {
		describe_timeout(expecting, result, &failure);
	}
	qmp_finish(&expecting->pending, reply, &failure);
	destroy_expecting(expecting);
}

static bool take_wanted(const json_t *arguments, struct tone_wanted *wanted,
			struct qmp_failure *failure)
{
	const bool is_silence = json_is_true(json_object_get(arguments, "silence"));
	const bool has_tone = json_object_get(arguments, "tone");
	uint64_t tone;
	uint64_t tolerance;
	uint64_t channel;
	uint64_t for_ms;
	struct error err;

	if (!qmp_take_number(arguments, "tone", UINT32_MAX, 0, &tone, failure) ||
	    !qmp_take_number(arguments, "tolerance-hz", UINT32_MAX, TOLERANCE_HZ, &tolerance,
			     failure) ||
	    !qmp_take_number(arguments, "channel", AUDIO_CHANNELS_MAX - 1, TONE_ANY_CHANNEL,
			     &channel, failure) ||
	    !qmp_take_number(arguments, "for-ms", TIMEOUT_MAX_MS, FOR_MS, &for_ms, failure)) {
		return false;
	}
	if (has_tone == is_silence) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR,
			       "nothing to wait for: give either 'tone' or 'silence'");
		return false;
	}
	*wanted = (struct tone_wanted){ .is_silence = is_silence,
					.hz = (uint32_t)tone,
					.tolerance_hz = (uint32_t)tolerance,
					.channel = (uint32_t)channel,
					.for_ns = for_ms * (uint64_t)NS_PER_MS };
	if (tone_wanted_check(wanted, &err) < 0) {
		(void)qmp_fail(failure, QMP_GENERIC_ERROR, "%s", err.text);
		return false;
	}
	return true;
}

static json_t *run_expect(const struct qmp_context *c, const json_t *arguments,
			  struct qmp_failure *failure)
{
	struct audio_wait_config config = { .audio = c->ops->audio(c->machine),
					    .loop = c->loop,
					    .on_done = on_done };
	struct expecting *expecting;
	uint64_t timeout_ms;

	if (!config.audio) {
		return qmp_fail(failure, QMP_GENERIC_ERROR, "the machine has no sound card");
	}
	if (!take_wanted(arguments, &config.wanted, failure) ||
	    !qmp_take_number(arguments, "timeout-ms", TIMEOUT_MAX_MS, TIMEOUT_MS, &timeout_ms,
			     failure)) {
		return NULL;
	}
	expecting = calloc(1, sizeof(*expecting));
	config.timeout_ns = timeout_ms * (uint64_t)NS_PER_MS;
	config.arg = expecting;
	if (!expecting || audio_wait_create(&config, &expecting->wait) < 0) {
		free(expecting);
		return qmp_fail(failure, QMP_GENERIC_ERROR, "out of memory");
	}
	expecting->timeout_ms = timeout_ms;
	expecting->pending.on_cancel = on_cancel;
	return qmp_defer(failure, &expecting->pending);
}

static const struct qmp_argument stats_arguments[] = {
	{ "reset", QMP_BOOL, true },
	{ .name = NULL },
};
static const struct qmp_argument expect_arguments[] = {
	{ "tone", QMP_INTEGER, true },
	{ "tolerance-hz", QMP_INTEGER, true },
	{ "silence", QMP_BOOL, true },
	{ "channel", QMP_INTEGER, true },
	{ "for-ms", QMP_INTEGER, true },
	{ "timeout-ms", QMP_INTEGER, true },
	{ .name = NULL },
};

static const struct qmp_argument jack_arguments[] = {
	{ "jack", QMP_STRING, false },
	{ "connected", QMP_BOOL, false },
	{ .name = NULL },
};

const struct qmp_command qmp_audio_commands[] = {
	{ "x-thunderlake-query-audio", NULL, run_query_audio },
	{ "x-thunderlake-audio-stats", stats_arguments, run_stats },
	{ "x-thunderlake-audio-expect", expect_arguments, run_expect },
	{ "x-thunderlake-audio-jack", jack_arguments, run_jack },
	{ .name = NULL },
};
