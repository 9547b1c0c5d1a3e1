/* SPDX-License-Identifier: MIT */
/*
 * What a stream at a sound server costs who plays it, without a guest: a client of the library
 * that does no more than it must, or the product's audio with a card that always has the next
 * period.
 *
 *	stream bare|product PERIOD PERIODS LATENCY SECONDS
 *
 * Either asks the same buffers of the server (PULSE_SERVER), and plays stereo at 48 kHz. Prints
 * "result", the nanoseconds of processor time, and those that passed, both hexadecimal, as the
 * guests of other rows do; then how often it slept, for who looks closer.
 */
#include <pulse/mainloop.h>
#include <pulse/pulseaudio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/backend.h"
#include "audio/pulse_format.h"
#include "tests/bench/frames.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"

#define RATE   FRAME_RATE
#define WARM_S 2u

struct plan {
	uint32_t period_frames, periods, latency_ms, seconds;
};

struct reading {
	uint64_t cpu_ns, now_ns, sleeps;
};

static struct reading read_now(void)
{
	struct timespec spent;
	struct rusage usage;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	(void)getrusage(RUSAGE_SELF, &usage);
	return (struct reading){ (uint64_t)spent.tv_sec * NS_PER_SECOND + (uint64_t)spent.tv_nsec,
				 clock_now_ns(), (uint64_t)usage.ru_nvcsw };
}

/* While another thread plays. */
static void measure(const struct plan *plan)
{
	struct reading before, after;

	(void)sleep(WARM_S);
	before = read_now();
	(void)sleep(plan->seconds);
	after = read_now();
	printf("result %llx %llx\n", (unsigned long long)(after.cpu_ns - before.cpu_ns),
	       (unsigned long long)(after.now_ns - before.now_ns));
	printf("sleeps %.0f a second\n", (double)(after.sleeps - before.sleeps) * 1e9 /
						 (double)(after.now_ns - before.now_ns));
}

static struct audio_stream_config make_config(const struct plan *plan)
{
	struct audio_stream_config config = {
		.direction = AUDIO_PLAYBACK,
		.format = { .sample = AUDIO_S16, .rate_hz = RATE, .channels = 2 },
		.buffer_frames = plan->period_frames * plan->periods,
		.period_frames = plan->period_frames,
		.name = "snd0",
	};

	audio_format_set_places(&config.format);
	return config;
}

_Noreturn static void fail(const char *what)
{
	(void)fprintf(stderr, "stream: %s\n", what);
	exit(EXIT_FAILURE);
}

/* One frame again and again. It is no silence, which a server might not play. */
static void fill(struct frame *frames, size_t count)
{
	const struct frame sound = frame_of_number(0);

	for (size_t i = 0; i < count; i++) {
		frames[i] = sound;
	}
}

/* --- the bare client --- */

static void on_room(pa_stream *stream, size_t bytes, void *arg UNUSED)
{
	void *frames;

	if (pa_stream_begin_write(stream, &frames, &bytes) == 0) {
		fill(frames, bytes / sizeof(struct frame));
		(void)pa_stream_write(stream, frames, bytes, NULL, 0, PA_SEEK_RELATIVE);
	}
}

static void wait_until_ready(pa_threaded_mainloop *mainloop, pa_context *context)
{
	while (pa_context_get_state(context) != PA_CONTEXT_READY) {
		if (!PA_CONTEXT_IS_GOOD(pa_context_get_state(context))) {
			fail("no sound server");
		}
		pa_threaded_mainloop_unlock(mainloop);
		(void)usleep(1000);
		pa_threaded_mainloop_lock(mainloop);
	}
}

static void play_bare(const struct plan *plan)
{
	const struct audio_stream_config config = make_config(plan);
	pa_threaded_mainloop *mainloop = pa_threaded_mainloop_new();
	pa_context *context = pa_context_new(pa_threaded_mainloop_get_api(mainloop), "bare");
	pa_stream *stream;
	pa_sample_spec spec;
	pa_channel_map map;
	pa_buffer_attr attr;

	pulse_format_translate(&config.format, &spec, &map);
	pulse_format_buffer(&config, plan->latency_ms, &attr);
	pa_threaded_mainloop_lock(mainloop);
	if (pa_threaded_mainloop_start(mainloop) < 0 ||
	    pa_context_connect(context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0) {
		fail("no sound server");
	}
	wait_until_ready(mainloop, context);
	stream = pa_stream_new(context, "bare", &spec, &map);
	pa_stream_set_write_callback(stream, on_room, NULL);
	if (pa_stream_connect_playback(stream, NULL, &attr, PA_STREAM_ADJUST_LATENCY, NULL, NULL) <
	    0) {
		fail("no stream");
	}
	pa_threaded_mainloop_unlock(mainloop);
	measure(plan);
}

/* --- the product --- */

struct card {
	const struct plan *plan;
	struct audio *audio;
	struct audio_stream *stream;
	uint64_t given, pulled, next_period;
};

static size_t pull(void *arg, void *frames, size_t count)
{
	struct card *card = arg;
	const size_t got = MIN(count, card->given - card->pulled);

	fill(frames, got);
	card->pulled += got;
	return got;
}

/* A period was played: the guest has the next one. */
static void on_reached(void *arg)
{
	struct card *card = arg;

	card->given = card->next_period + (uint64_t)card->plan->period_frames * card->plan->periods;
	card->next_period += card->plan->period_frames;
	audio_stream_kick(card->stream, card->given, clock_now_ns());
	audio_stream_wake_at(card->stream, card->next_period);
}

static const struct audio_stream_ops card_ops = { .pull = pull, .on_reached = on_reached };

static void begin(void *arg)
{
	struct card *card = arg;
	struct audio_stream_config config = make_config(card->plan);

	config.ops = &card_ops;
	config.arg = card;
	if (audio_stream_open(card->audio, &config, &card->stream) < 0) {
		fail("no stream");
	}
	on_reached(card);
	audio_stream_start(card->stream);
}

static void finish(void *arg)
{
	struct card *card = arg;

	audio_stream_close(card->stream);
	audio_backend_destroy(card->audio);
	audio_destroy(card->audio);
}

static void play_product(const struct plan *plan)
{
	struct card card = { .plan = plan };
	struct loop *loop;
	struct error err;
	char text[64];

	(void)snprintf(text, sizeof(text), "pulse,latency=%u", plan->latency_ms);
	if (loop_create("audio", &loop) < 0 || audio_create(loop, &card.audio) < 0) {
		fail("out of memory");
	}
	if (audio_backend_create(text, card.audio, "product", &err) < 0) {
		fail(err.text);
	}
	if (loop_start(loop) < 0) {
		fail("no thread");
	}
	loop_call(loop, begin, &card);
	measure(plan);
	loop_call(loop, finish, &card);
	loop_destroy(loop);
}

int main(int argc, char **argv)
{
	const bool is_bare = argc == 6 && strcmp(argv[1], "bare") == 0;
	struct plan plan;

	if (!is_bare && (argc != 6 || strcmp(argv[1], "product") != 0)) {
		fail("usage: stream bare|product PERIOD PERIODS LATENCY SECONDS");
	}
	plan = (struct plan){ (uint32_t)strtoul(argv[2], NULL, 10),
			      (uint32_t)strtoul(argv[3], NULL, 10),
			      (uint32_t)strtoul(argv[4], NULL, 10),
			      (uint32_t)strtoul(argv[5], NULL, 10) };
	if (is_bare) {
		play_bare(&plan);
	} else {
		play_product(&plan);
	}
	return EXIT_SUCCESS;
}
