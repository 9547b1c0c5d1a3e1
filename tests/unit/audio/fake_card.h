/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_UNIT_AUDIO_FAKE_CARD_H
#define THUNDERLAKE_TESTS_UNIT_AUDIO_FAKE_CARD_H

#include <stdbool.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "audio/audio.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* A sound card with one stream: 48 kHz stereo S16, whose frame number n is n as a little-endian
 * number of four bytes. Opened at most once. */
struct fake_card {
	struct audio_stream *stream;
	uint64_t written, pulled;
	uint64_t pushed, room; /* capture: frames taken, and how many more would be */
	bool heard_sound;      /* captured frames were not all silent */
	uint32_t last_pushed;
	unsigned reached, xruns;
};

static inline size_t fake_card_pull(void *arg, void *frames, size_t count)
{
	struct fake_card *card = arg;
	uint32_t *out = frames;
	size_t got = MIN(count, card->written - card->pulled);

	for (size_t i = 0; i < got; i++) {
		out[i] = (uint32_t)(card->pulled + i);
	}
	card->pulled += got;
	return got;
}

static inline size_t fake_card_push(void *arg, const void *frames, size_t count)
{
	struct fake_card *card = arg;
	const uint32_t *in = frames;
	size_t taken = MIN(count, card->room);

	for (size_t i = 0; i < taken; i++) {
		card->heard_sound |= in[i] != 0;
		card->last_pushed = in[i];
	}
	card->room -= taken;
	card->pushed += taken;
	return taken;
}

static inline void fake_card_on_reached(void *arg)
{
	((struct fake_card *)arg)->reached++;
}

static inline void fake_card_on_xrun(void *arg)
{
	((struct fake_card *)arg)->xruns++;
}

static inline struct audio_stream_config
fake_card_config(enum audio_direction direction, uint32_t buffer_frames, uint32_t period_frames)
{
	static const struct audio_stream_ops ops = {
		.pull = fake_card_pull,
		.push = fake_card_push,
		.on_reached = fake_card_on_reached,
		.on_xrun = fake_card_on_xrun,
	};
	struct audio_stream_config config = {
		.direction = direction,
		.format = { .sample = AUDIO_S16, .rate_hz = 48000, .channels = 2 },
		.buffer_frames = buffer_frames,
		.period_frames = period_frames,
		.name = "snd0",
		.ops = &ops,
	};

	audio_format_set_places(&config.format);
	return config;
}

static inline void fake_card_open(struct fake_card *card, struct audio *audio,
				  const struct audio_stream_config *config)
{
	struct audio_stream_config mine = *config;

	mine.arg = card;
	cr_assert(eq(int, audio_stream_open(audio, &mine, &card->stream), 0));
}

/* The guest has written so many in all. */
static inline void fake_card_write(struct fake_card *card, uint64_t written)
{
	card->written = written;
	audio_stream_kick(card->stream, written, clock_now_ns());
}

static inline void fake_card_close(struct fake_card *card)
{
	audio_stream_close(card->stream);
	card->stream = NULL;
}

#endif
