/* SPDX-License-Identifier: MIT */
/* LINK: mgmt/qmp_dispatch.c mgmt/qmp_command.c mgmt/qmp_arguments.c mgmt/qmp_commands_control.c
 *       mgmt/qmp_commands_screen.c mgmt/qmp_commands_audio.c mgmt/audio_wait.c
 *       tests/unit/mgmt/fake_qmp_machine.c display/ audio/ */
/* The audio is the real one, on the loop of the commands, and has no back end: what the streams
 * play is consumed in real time by nobody. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/audio.h"
#include "mgmt/qmp_commands.h"
#include "mgmt/qmp_dispatch.h"
#include "tests/unit/mgmt/qmp_client.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define RATE_HZ	      8000u
#define BUFFER_FRAMES 800u
#define LOUD	      16000.0 /* of 32768: -6.2 dB */
#define FULL_TURN     6.283185307179586

const struct qmp_command *const qmp_command_tables[] = { qmp_control_commands, qmp_audio_commands,
							 NULL };

/* --- a card that plays one tone on each of two channels --- */

static struct audio_stream *stream;
static unsigned tones_hz[2];
static uint64_t played;

static size_t pull(void *arg UNUSED, void *frames, size_t count)
{
	int16_t *samples = frames;

	for (size_t i = 0; i < count; i++, played++) {
		for (unsigned c = 0; c < 2; c++) {
			const double turns = (double)played * tones_hz[c] / RATE_HZ;

			*samples++ = (int16_t)(tones_hz[c] ? LOUD * sin(turns * FULL_TURN) : 0);
		}
	}
	return count;
}

static size_t push(void *arg UNUSED, const void *frames UNUSED, size_t count)
{
	return count;
}

static void on_reached(void *arg UNUSED)
{
}

static const struct audio_stream_ops ops = { .pull = pull, .push = push, .on_reached = on_reached };

static void open_stream(enum audio_direction direction)
{
	struct audio_stream_config config = {
		.direction = direction,
		.format = { .sample = AUDIO_S16, .rate_hz = RATE_HZ, .channels = 2 },
		.buffer_frames = BUFFER_FRAMES,
		.period_frames = BUFFER_FRAMES / 4,
		.name = "snd0",
		.index = 1,
		.ops = &ops,
	};

	audio_format_set_places(&config.format);
	cr_assert(eq(int, audio_stream_open(machine.audio, &config, &stream), 0));
	audio_stream_start(stream);
}

static void play(unsigned left_hz, unsigned right_hz)
{
	tones_hz[0] = left_hz;
	tones_hz[1] = right_hz;
	open_stream(AUDIO_PLAYBACK);
}

/* --- the client --- */

static void expect(const char *arguments)
{
	char request[256];

	(void)snprintf(request, sizeof(request),
		       "{\"execute\": \"x-thunderlake-audio-expect\", \"arguments\": %s}",
		       arguments);
	ask_machine(request);
}

static void set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	begin_session();
	cr_assert(eq(int, audio_create(session.context.loop, &machine.audio), 0));
}

static void tear_down(void)
{
	audio_stream_close(stream);
	stream = NULL;
	audio_destroy(machine.audio);
	end_session();
}

TestSuite(qmp_audio, .init = set_up, .fini = tear_down, .timeout = 60);

/* --- how it is --- */

static char *microphone(void)
{
	ask_machine("{\"execute\": \"x-thunderlake-query-audio\"}");
	return (char *)(uintptr_t)json_string_value(json_object_get(returned(), "microphone"));
}

static void jack(const char *arguments)
{
	char request[128];

	(void)snprintf(request, sizeof(request),
		       "{\"execute\": \"x-thunderlake-audio-jack\", \"arguments\": %s}", arguments);
	ask_machine(request);
}

Test(qmp_audio, plugs_move)
{
	jack("{\"jack\": \"microphone\", \"connected\": false}");
	(void)returned();
	cr_assert(machine.is_unplugged[AUDIO_JACK_MICROPHONE]);
	cr_assert(not(machine.is_unplugged[AUDIO_JACK_LINE_OUT]));
	jack("{\"jack\": \"microphone\", \"connected\": true}");
	(void)returned();
	cr_assert(not(machine.is_unplugged[AUDIO_JACK_MICROPHONE]));
	jack("{\"jack\": \"phones\", \"connected\": true}");
	cr_assert(ne(ptr, strstr(refusal(), "'line-out' and 'microphone'"), NULL));
}

Test(qmp_audio, microphone_is_told)
{
	cr_assert(eq(str, microphone(), (char *)(uintptr_t) "off"));
	audio_allow_capture(machine.audio, true);
	cr_assert(eq(str, microphone(), (char *)(uintptr_t) "allowed"));
	open_stream(AUDIO_CAPTURE);
	cr_assert(eq(str, microphone(), (char *)(uintptr_t) "on"));
}

Test(qmp_audio, machine_without_card_says_so)
{
	struct audio *audio = machine.audio;

	machine.audio = NULL;
	cr_assert(eq(str, microphone(), (char *)(uintptr_t) "off"));
	ask_machine("{\"execute\": \"x-thunderlake-audio-stats\"}");
	cr_assert(ne(ptr, strstr(refusal(), "no sound card"), NULL));
	expect("{\"silence\": true}");
	cr_assert(ne(ptr, strstr(refusal(), "no sound card"), NULL));
	machine.audio = audio;
}

Test(qmp_audio, statistics_tell_of_each_stream)
{
	const char *card;
	const char *direction;
	const char *sample;
	int index;
	int rate_hz;
	int channels;

	ask_machine("{\"execute\": \"x-thunderlake-audio-stats\"}");
	cr_assert(eq(sz, json_array_size(returned()), 0));
	play(440, 880);
	ask_machine(
		"{\"execute\": \"x-thunderlake-audio-stats\", \"arguments\": {\"reset\": true}}");
	cr_assert(eq(sz, json_array_size(returned()), 1));
	cr_assert(eq(int,
		     json_unpack(json_array_get(returned(), 0),
				 "{s:s, s:i, s:s, s:s, s:i, s:i, s:{s:F}}", "card", &card, "stream",
				 &index, "direction", &direction, "sample", &sample, "rate-hz",
				 &rate_hz, "channels", &channels, "latency-ms", "p50",
				 &(double){ 0 }),
		     0));
	cr_assert(eq(str, (char *)(uintptr_t)card, (char *)(uintptr_t) "snd0"));
	cr_assert(eq(str, (char *)(uintptr_t)direction, (char *)(uintptr_t) "playback"));
	cr_assert(eq(str, (char *)(uintptr_t)sample, (char *)(uintptr_t) "s16"));
	cr_assert(eq(int, index, 1));
	cr_assert(eq(int, rate_hz, (int)RATE_HZ));
	cr_assert(eq(int, channels, 2));
}

/* --- expect --- */

static double number(const char *key)
{
	return json_number_value(json_object_get(returned(), key));
}

Test(qmp_audio, tone_is_heard_where_it_is)
{
	play(440, 1000);
	expect("{\"tone\": 1000, \"for-ms\": 200}");
	cr_assert(epsilon_eq(dbl, number("hz"), 1000, 2));
	cr_assert(epsilon_eq(dbl, number("loudest-db"), -6.2, 0.5));
	expect("{\"tone\": 440, \"for-ms\": 200, \"channel\": 0}");
	cr_assert(epsilon_eq(dbl, number("hz"), 440, 2));
	expect("{\"tone\": 440, \"for-ms\": 100, \"channel\": 1, \"timeout-ms\": 400}");
	cr_assert(ne(ptr, strstr(refusal(), "timed out"), NULL), "%s", refusal());
}

Test(qmp_audio, what_is_heard_instead_is_told_when_the_time_is_over)
{
	expect("{\"tone\": 440, \"timeout-ms\": 50}");
	cr_assert(ne(ptr, strstr(refusal(), "nothing was played"), NULL), "%s", refusal());
	play(440, 0);
	expect("{\"tone\": 443, \"tolerance-hz\": 1, \"for-ms\": 100, \"timeout-ms\": 600}");
	cr_assert(ne(ptr, strstr(refusal(), "-6."), NULL), "%s", refusal());
	expect("{\"tone\": 440, \"channel\": 1, \"for-ms\": 100, \"timeout-ms\": 400}");
	cr_assert(ne(ptr, strstr(refusal(), "only silence"), NULL), "%s", refusal());
}

Test(qmp_audio, silence_is_that_nothing_plays_or_nothing_loud)
{
	expect("{\"silence\": true, \"for-ms\": 50}");
	(void)returned();
	play(440, 0);
	expect("{\"silence\": true, \"for-ms\": 300, \"timeout-ms\": 1000}");
	cr_assert(ne(ptr, strstr(refusal(), "timed out"), NULL), "%s", refusal());
	expect("{\"silence\": true, \"for-ms\": 50, \"channel\": 1}");
	(void)returned();
}

static const char *const bad_expectations[] = {
	"{}",
	"{\"tone\": 440, \"silence\": true}",
	"{\"silence\": false}",
	"{\"tone\": -1}",
	"{\"tone\": 200000}",
	"{\"tone\": 440, \"tolerance-hz\": 4000}",
	"{\"tone\": 440, \"channel\": 8}",
	"{\"tone\": 440, \"for-ms\": 1000000000000}",
};

Test(qmp_audio, what_cannot_be_expected_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_expectations); i++) {
		expect(bad_expectations[i]);
		cr_assert(ne(ptr, json_object_get(reply, "error"), NULL), "%s",
			  bad_expectations[i]);
		cr_assert(eq(ptr, strstr(refusal(), "timed out"), NULL), "%s", bad_expectations[i]);
	}
}

Test(qmp_audio, client_that_leaves_is_forgotten)
{
	static const char request[] = "{\"execute\": \"x-thunderlake-audio-expect\", "
				      "\"arguments\": {\"tone\": 440}}";

	cr_assert(eq(ptr, qmp_dispatch(&session, request, strlen(request)), NULL));
	cr_assert(ne(ptr, session.pending, NULL));
	qmp_cancel(&session);
	cr_assert(eq(ptr, session.pending, NULL));
}
