/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/ctl_actions.h"
#include "mgmt/ctl_answer.h"
#include "mgmt/ctl_print.h"
#include "mgmt/ctl_screen.h"
#include "vmm/base/compiler.h"

#define DEFAULT_SECONDS	     60.0
#define DEFAULT_FOR_SECONDS  0.5
#define MS_PER_SECOND	     1000.0
#define ANSWER_EXTRA_SECONDS 30
#define HZ_MAX		     96000 /* the machine is stricter */
#define CHANNEL_MAX	     7

/* `ctl NAME audio …` */

struct audio_options {
	bool reset, silence;
	uint64_t tone_hz, tolerance_hz;
	char *channel, *for_seconds, *timeout;
};

/* --- stats ----------------------------------------------------------------------------------- */

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
		     is_true(stream, "running") ? "runs" : "stopped");
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

/* --- expect ---------------------------------------------------------------------------------- */

static void print_heard(const json_t *value)
{
	const json_t *hz = json_object_get(value, "hz");

	if (hz) {
		(void)printf("%.1f Hz", json_number_value(hz));
	} else {
		(void)printf("silence");
	}
	(void)printf(" after %.1f s\n",
		     json_number_value(json_object_get(value, "waited-ms")) / MS_PER_SECOND);
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* What is not given is left to the machine. */
static int add_sound(json_t *arguments, const struct audio_options *options, struct error *err)
{
	uint64_t channel;

	if (options->silence) {
		(void)json_object_set_new(arguments, "silence", json_true());
	}
	if (options->tone_hz) {
		set_number(arguments, "tone", options->tone_hz);
	}
	if (options->tolerance_hz) {
		set_number(arguments, "tolerance-hz", options->tolerance_hz);
	}
	if (!options->channel) {
		return 0;
	}
	if (parse_number(options->channel, &channel) < 0 || channel > CHANNEL_MAX) {
		return error_set(err, -EINVAL, "--channel: '%s' is not a number from 0 to %d",
				 options->channel, CHANNEL_MAX);
	}
	set_number(arguments, "channel", channel);
	return 0;
}

static int expect(struct ctl *ctl, struct error *err)
{
	const struct audio_options *options = ctl->options;
	double for_seconds = DEFAULT_FOR_SECONDS;
	double timeout = DEFAULT_SECONDS;
	json_t *arguments;
	json_t *value;
	int code = ctl_parse_seconds("for", options->for_seconds, &for_seconds, err);

	code = code ?: ctl_parse_seconds("timeout", options->timeout, &timeout, err);
	if (code < 0) {
		return code;
	}
	if (!options->tone_hz == !options->silence) {
		return error_set(err, -EINVAL, "expect what? --tone=HZ, or --silence");
	}
	arguments = json_object();
	set_number(arguments, "for-ms", (uint64_t)(for_seconds * MS_PER_SECOND));
	set_number(arguments, "timeout-ms", (uint64_t)(timeout * MS_PER_SECOND));
	code = add_sound(arguments, options, err);
	if (code < 0) {
		json_decref(arguments);
		return code;
	}
	ctl_client_set_patience(&ctl->client, (unsigned)timeout + ANSWER_EXTRA_SECONDS);
	code = ctl_client_execute(&ctl->client, "x-thunderlake-audio-expect", arguments, &value,
				  err);
	if (code == 0) {
		(ctl->json ? ctl_print_json : print_heard)(value);
	}
	json_decref(value);
	return code;
}

static int plug(struct ctl *ctl, const char *way, const char *jack, struct error *err)
{
	const bool is_in = way && strcmp(way, "in") == 0;
	json_t *value;
	int code;

	if (!is_in && !(way && strcmp(way, "out") == 0)) {
		return error_set(err, -EINVAL, "the plug goes where? audio jack in, or out");
	}
	code = ctl_client_execute(
		&ctl->client, "x-thunderlake-audio-jack",
		json_pack("{s:s, s:b}", "jack", jack ? jack : "line-out", "connected", is_in),
		&value, err);
	json_decref(value);
	return code;
}

static int run_audio(struct ctl *ctl, char **argv, struct error *err)
{
	if (!argv[0] || strcmp(argv[0], "stats") == 0) {
		return show_stats(ctl, err);
	}
	if (strcmp(argv[0], "expect") == 0) {
		return expect(ctl, err);
	}
	if (strcmp(argv[0], "jack") == 0) {
		return plug(ctl, argv[1], argv[1] ? argv[2] : NULL, err);
	}
	return error_set(err, -EINVAL, "expected: audio stats, expect, or jack");
}

/* --- table ----------------------------------------------------------------------------------- */

static const struct option audio_options[] = {
	{ .name = "reset",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct audio_options, reset),
	  .help = "stats: and begin anew" },
	{ .name = "tone",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct audio_options, tone_hz),
	  .value_name = "HZ",
	  .min = 1,
	  .max = HZ_MAX,
	  .help = "expect: until this tone is heard" },
	{ .name = "tolerance",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct audio_options, tolerance_hz),
	  .value_name = "HZ",
	  .min = 1,
	  .max = HZ_MAX,
	  .help = "how far the tone may be off (5)" },
	{ .name = "silence",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct audio_options, silence),
	  .help = "expect: until nothing is heard" },
	{ .name = "channel",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct audio_options, channel),
	  .value_name = "N",
	  .help = "listen only to this one, from 0 on; else to any" },
	{ .name = "for",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct audio_options, for_seconds),
	  .value_name = "SECONDS",
	  .help = "for so long without a break (0.5)" },
	{ .name = "timeout",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct audio_options, timeout),
	  .value_name = "SECONDS",
	  .help = "give up then, with exit code 4 (60)" },
};

const struct ctl_action ctl_audio_actions[] = {
	{ "audio", "[stats|expect|jack]",
	  "how evenly its sound plays; wait for a tone or silence; plugs in and out", 0, 3, NULL,
	  run_audio, .options = { audio_options, ARRAY_SIZE(audio_options), NULL },
	  .options_size = sizeof(struct audio_options) },
	{ .name = NULL },
};
