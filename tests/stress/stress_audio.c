/* SPDX-License-Identifier: MIT */
/* LINK: audio/audio.c audio/audio_stream.c audio/audio_voice.c audio/audio_stats.c */
/* LINK: audio/audio_clock.c audio/drift.c audio/pacer.c audio/format.c */
/* LINK: audio/backend.c audio/none.c */
/*
 * Streams that come and go on the audio loop, while other threads read and reset the figures and
 * allow and forbid capture. No frame is pulled twice or out of order.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/audio.h"
#include "audio/backend.h"
#include "audio/none.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

#define CARDS	   4
#define RUN_NS	   UINT64_C(1000000000)
#define ROUNDS_MIN 50ul
#define BUFFER	   960u

const struct audio_backend_type *const audio_backend_types[] = { &audio_none_type, NULL };

struct card {
	struct audio_stream *stream;
	enum audio_direction direction;
	uint64_t written, pulled, position;
};

static struct loop *loop;
static struct audio *audio;
static struct card cards[CARDS];
static atomic_bool ending;
static atomic_ulong readings, frames_pulled;
static unsigned turn;

static void fail(const char *text)
{
	(void)fprintf(stderr, "stress_audio: %s\n", text);
	abort();
}

static size_t pull(void *arg, void *frames UNUSED, size_t count)
{
	struct card *card = arg;
	size_t got = MIN(count, card->written - card->pulled);

	card->pulled += got;
	(void)atomic_fetch_add(&frames_pulled, got);
	return got;
}

static size_t push(void *arg UNUSED, const void *frames UNUSED, size_t count)
{
	return count;
}

/* The guest writes as much as was consumed. */
static void on_reached(void *arg)
{
	struct card *card = arg;
	uint64_t position = audio_stream_position(card->stream);

	if (position < card->position || position > card->pulled) {
		fail("a position went back, or beyond what was pulled");
	}
	card->position = position;
	card->written = position + BUFFER;
	audio_stream_kick(card->stream, card->written, clock_now_ns());
	audio_stream_wake_at(card->stream, position + 1);
}

static const struct audio_stream_ops ops = { .pull = pull, .push = push, .on_reached = on_reached };

static void open_card(struct card *card)
{
	struct audio_stream_config config = {
		.direction = card->direction,
		.format = { .sample = AUDIO_S16, .rate_hz = 48000, .channels = 2 },
		.buffer_frames = BUFFER,
		.period_frames = BUFFER / 2,
		.name = "snd0",
		.ops = &ops,
		.arg = card,
	};

	audio_format_set_places(&config.format);
	if (audio_stream_open(audio, &config, &card->stream) < 0) {
		fail("no stream");
	}
	card->written = card->pulled = card->position = 0;
	audio_stream_start(card->stream);
	if (card->direction == AUDIO_PLAYBACK) {
		audio_stream_wake_at(card->stream, 0);
	}
}

/* On the loop: one card changes its mind. */
static void change(void *arg UNUSED)
{
	struct card *card = &cards[turn++ % CARDS];

	if (card->stream) {
		audio_stream_close(card->stream);
		card->stream = NULL;
	} else {
		open_card(card);
	}
	if (turn % 7 == 0) {
		audio_pause(audio);
	} else if (turn % 7 == 3) {
		audio_resume(audio);
	}
}

static void end(void *arg UNUSED)
{
	for (unsigned i = 0; i < CARDS; i++) {
		audio_stream_close(cards[i].stream);
	}
	audio_destroy(audio);
}

static void *read_figures(void *arg UNUSED)
{
	struct audio_stats stats[AUDIO_STREAMS_MAX];

	while (!atomic_load(&ending)) {
		size_t count = audio_stats(audio, stats);

		for (size_t i = 0; i < count; i++) {
			if (stats[i].direction == AUDIO_PLAYBACK &&
			    stats[i].played > stats[i].written) {
				fail("more was played than written");
			}
		}
		(void)atomic_fetch_add(&readings, 1);
	}
	return NULL;
}

static void *reset_figures(void *arg UNUSED)
{
	while (!atomic_load(&ending)) {
		audio_reset_stats(audio);
	}
	return NULL;
}

static void *allow(void *arg UNUSED)
{
	for (unsigned i = 0; !atomic_load(&ending); i++) {
		audio_allow_capture(audio, i % 2 == 0);
		(void)audio_is_listening(audio);
	}
	return NULL;
}

int main(void)
{
	static void *(*const parties[])(void *) = { read_figures, reset_figures, allow };
	pthread_t threads[ARRAY_SIZE(parties)];
	uint64_t end_ns = clock_now_ns() + RUN_NS;

	if (loop_create("audio", &loop) < 0 || audio_create(loop, &audio) < 0 ||
	    audio_backend_create("none", audio, "stress", NULL) < 0 || loop_start(loop) < 0) {
		fail("can't begin");
	}
	for (unsigned i = 0; i < CARDS; i++) {
		cards[i].direction = i % 2 == 0 ? AUDIO_PLAYBACK : AUDIO_CAPTURE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parties); i++) {
		if (thread_start(&threads[i], "party", parties[i], NULL) < 0) {
			fail("no thread");
		}
	}
	for (unsigned long i = 0;
	     i < ROUNDS_MIN || clock_now_ns() < end_ns || atomic_load(&readings) < ROUNDS_MIN;
	     i++) {
		loop_call(loop, change, NULL);
		(void)usleep(1000);
	}
	atomic_store(&ending, true);
	for (size_t i = 0; i < ARRAY_SIZE(parties); i++) {
		(void)pthread_join(threads[i], NULL);
	}
	loop_call(loop, end, NULL);
	loop_destroy(loop);
	(void)printf("%lu readings, %lu frames\n", atomic_load(&readings),
		     atomic_load(&frames_pulled));
	return 0;
}
