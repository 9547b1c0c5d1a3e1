/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_print.h"
#include "vmm/base/compiler.h"

#define MS_PER_SECOND 1000.0

/* `ctl NAME audio …` */

struct audio_options {
	bool reset;
};

/* --- stats ----------------------------------------------------------------------------------- */

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static void print_clock(const json_t *stream)
{
	const json_t *drift = json_object_get(stream, "drift-ppm");
	const json_t *latency = json_object_get(stream, "latency-ms");

	if (latency) {
		(void)printf("  write to play      p50 %.1f p95 %.1f max %.1f ms\n",
			     json_number_value(json_object_get(latency, "p50")),
			     json_number_value(json_object_get(latency, "p95")),
			     json_number_value(json_object_get(latency, "max")));
	}
	if (json_is_number(drift)) {
		(void)printf("  drift              %+.2f ppm\n", json_number_value(drift));
	}
}

static void print_stream(const json_t *stream)
{
	const double hz = (double)number_of(stream, "rate-hz");
	const bool is_playback = strcmp(text_of(stream, "direction"), "playback") == 0;

	(void)printf("%s %" PRId64 ": %s by %s, %s %.0f Hz %" PRId64 " channel%s, %s\n",
		     text_of(stream, "card"), number_of(stream, "stream"),
		     text_of(stream, "direction"), text_of(stream, "backend"),
		     text_of(stream, "sample"), hz, number_of(stream, "channels"),
		     number_of(stream, "channels") == 1 ? "" : "s",
		     json_is_true(json_object_get(stream, "running")) ? "runs" : "stopped");
	(void)printf("  %-18s in %.1f s %" PRId64 " of %" PRId64 "\n",
		     is_playback ? "frames played" : "frames brought",
		     json_number_value(json_object_get(stream, "measured-ms")) / MS_PER_SECOND,
		     number_of(stream, "played"), number_of(stream, "written"));
	(void)printf("  %-18s %" PRId64 " (%" PRId64 " frames), gaps %" PRId64 "\n",
		     is_playback ? "underruns" : "overruns",
		     number_of(stream, is_playback ? "underruns" : "overruns"),
		     number_of(stream, is_playback ? "underrun-frames" : "overrun-frames"),
		     number_of(stream, "gaps"));
	print_clock(stream);
}

static void print_streams(const json_t *streams)
{
	size_t i;
	json_t *stream;

	if (json_array_size(streams) == 0) {
		(void)puts("the guest has no sound stream open");
	}
	json_array_foreach(streams, i, stream)
	{
		print_stream(stream);
	}
}

static int show_stats(struct ctl *ctl, struct error *err)
{
	const struct audio_options *options = ctl->options;
	json_t *value;
	int code = ctl_client_execute(&ctl->client, "x-thunderlake-audio-stats",
				      json_pack("{s:b}", "reset", options->reset), &value, err);

	if (code == 0) {
		(ctl->json ? ctl_print_json : print_streams)(value);
	}
	json_decref(value);
	return code;
}

static int run_audio(struct ctl *ctl, char **argv, struct error *err)
{
	if (!argv[0] || strcmp(argv[0], "stats") == 0) {
		return show_stats(ctl, err);
	}
	return error_set(err, -EINVAL, "expected: audio stats");
}

/* --- table ----------------------------------------------------------------------------------- */

static const struct option audio_options[] = {
	{ .name = "reset",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct audio_options, reset),
	  .help = "and begin anew" },
};

const struct ctl_action ctl_audio_actions[] = {
	{ "audio", "[stats]", "how evenly its sound plays", 0, 1, NULL, run_audio,
	  .options = { audio_options, ARRAY_SIZE(audio_options), NULL },
	  .options_size = sizeof(struct audio_options) },
	{ .name = NULL },
};
