/* SPDX-License-Identifier: MIT */
#include "mgmt/film_sound.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "vmm/base/compiler.h"
#include "vmm/base/loop.h"
#include "vmm/base/thread.h"

/* What is heard so far ahead can be kept, and a record may lag so far behind, together. */
#define RING_FRAMES (8u * RECORD_SOUND_HZ)
#define LEFT	    0u
#define RIGHT	    1u
#define VOICES	    8u
#define CHUNK	    256u
/* Estimates of when a frame is heard differ by less; what differs more is a break. */
#define BREAK_FRAMES (RECORD_SOUND_HZ / 10.0)
/* Of a speaker in the middle, or behind, on each side. */
#define SHARED_GAIN 0.7071f
#define FULL_SCALE  32768.0f

struct side_pair {
	float sides[RECORD_SOUND_CHANNELS];
};

/* A stream that is being heard. */
struct voice {
	unsigned stream;
	bool is_used;
	double at;	       /* of the next frame, on the film */
	struct side_pair last; /* the frame before it */
};

struct film_sound {
	struct record_sound source;
	struct audio *audio;
	struct audio_tap tap;

	struct mutex
		lock; /* guards what follows: the audio loop writes, the record's thread reads */
	bool has_begun;
	uint64_t start_ns;
	uint64_t first; /* frame of the film that the ring begins with */
	struct voice voices[VOICES];
	unsigned next_voice;
	struct side_pair ring[RING_FRAMES]; /* frame n is at n % RING_FRAMES */
};

/* --- mixing, on the audio loop --------------------------------------------------------------- */

static float gain_of(enum audio_place place, unsigned side)
{
	switch (place) {
	case AUDIO_FRONT_LEFT:
		return side == LEFT ? 1 : 0;
	case AUDIO_FRONT_RIGHT:
		return side == RIGHT ? 1 : 0;
	case AUDIO_REAR_LEFT:
	case AUDIO_SIDE_LEFT:
		return side == LEFT ? SHARED_GAIN : 0;
	case AUDIO_REAR_RIGHT:
	case AUDIO_SIDE_RIGHT:
		return side == RIGHT ? SHARED_GAIN : 0;
	case AUDIO_MONO:
		return 1;
	case AUDIO_FRONT_CENTER:
	case AUDIO_LFE:
	case AUDIO_PLACES:
		break;
	}
	return SHARED_GAIN;
}

/* At most CHUNK frames. */
static void fold(const struct audio_format *format, const void *frames, size_t count,
		 struct side_pair *out)
{
	float samples[CHUNK];

	memset(out, 0, count * sizeof(*out));
	for (unsigned channel = 0; channel < format->channels; channel++) {
		audio_read_channel(format, frames, count, channel, samples);
		for (unsigned side = 0; side < RECORD_SOUND_CHANNELS; side++) {
			const float gain = gain_of(format->places[channel], side);

			for (size_t i = 0; i < count && gain > 0; i++) {
				out[i].sides[side] += gain * samples[i];
			}
		}
	}
}

static struct voice *find_voice(struct film_sound *sound, unsigned stream)
{
	struct voice *voice;

	for (unsigned i = 0; i < VOICES; i++) {
		if (sound->voices[i].is_used && sound->voices[i].stream == stream) {
			return &sound->voices[i];
		}
	}
	voice = &sound->voices[sound->next_voice++ % VOICES]; /* the oldest gives way */
	*voice = (struct voice){ .stream = stream, .is_used = true, .at = -INFINITY };
	return voice;
}

static void add(struct film_sound *sound, int64_t frame, const struct side_pair *pair)
{
	struct side_pair *to;

	if (frame < (int64_t)sound->first || frame >= (int64_t)(sound->first + RING_FRAMES)) {
		return;
	}
	to = &sound->ring[(uint64_t)frame % RING_FRAMES];
	to->sides[LEFT] += pair->sides[LEFT];
	to->sides[RIGHT] += pair->sides[RIGHT];
}

/* The film's frames between the last one of the voice and this one, on the line between them. */
static void draw(struct film_sound *sound, struct voice *voice, const struct side_pair *pair,
		 double step)
{
	const int64_t end = (int64_t)floor(voice->at) + 1;

	for (int64_t i = (int64_t)floor(voice->at - step) + 1; i < end; i++) {
		const float part = (float)(1 - (voice->at - (double)i) / step);
		struct side_pair mixed;

		for (unsigned side = 0; side < RECORD_SOUND_CHANNELS; side++) {
			mixed.sides[side] =
				voice->last.sides[side] * (1 - part) + pair->sides[side] * part;
		}
		add(sound, i, &mixed);
	}
	voice->last = *pair;
	voice->at += step;
}

static void on_frames(void *arg, unsigned stream, const struct audio_format *format,
		      const void *frames, size_t count, uint64_t heard_ns)
{
	struct film_sound *sound = arg;
	const double step = (double)RECORD_SOUND_HZ / format->rate_hz;
	struct side_pair pairs[CHUNK];
	const uint8_t *from = frames;
	struct voice *voice;
	double heard_at;

	mutex_lock(&sound->lock);
	voice = find_voice(sound, stream);
	heard_at = ((double)heard_ns - (double)sound->start_ns) * RECORD_SOUND_HZ / NS_PER_SECOND;
	if (fabs(voice->at - heard_at) > BREAK_FRAMES) {
		voice->at = round(heard_at);
		voice->last = (struct side_pair){ { 0 } };
	}
	while (sound->has_begun && count > 0) {
		const size_t n = MIN(count, CHUNK);

		fold(format, from, n, pairs);
		for (size_t i = 0; i < n; i++) {
			draw(sound, voice, &pairs[i], step);
		}
		from += n * audio_frame_bytes(format);
		count -= n;
	}
	mutex_unlock(&sound->lock);
}

/* --- the film, on the record's thread -------------------------------------------------------- */

static void begin(void *arg, uint64_t start_ns)
{
	struct film_sound *sound = arg;

	mutex_lock(&sound->lock);
	sound->has_begun = true;
	sound->start_ns = start_ns;
	mutex_unlock(&sound->lock);
}

static int16_t to_sample(float value)
{
	return (int16_t)lrintf(fminf(fmaxf(value * FULL_SCALE, -FULL_SCALE), FULL_SCALE - 1));
}

/* Makes room at the end for what comes. */
static void forget_until(struct film_sound *sound, uint64_t first)
{
	const uint64_t count = MIN(first - sound->first, RING_FRAMES);

	for (uint64_t i = 0; i < count; i++) {
		sound->ring[(sound->first + i) % RING_FRAMES] = (struct side_pair){ { 0 } };
	}
	sound->first = first;
}

static void read_sound(void *arg, uint64_t first, int16_t *samples, size_t frames)
{
	struct film_sound *sound = arg;

	mutex_lock(&sound->lock);
	forget_until(sound, first);
	for (size_t i = 0; i < frames; i++) {
		const struct side_pair *pair = &sound->ring[(first + i) % RING_FRAMES];

		*samples++ = to_sample(pair->sides[LEFT]);
		*samples++ = to_sample(pair->sides[RIGHT]);
	}
	forget_until(sound, first + frames);
	mutex_unlock(&sound->lock);
}

/* --- life ------------------------------------------------------------------------------------ */

static void add_tap(void *arg)
{
	struct film_sound *sound = arg;

	audio_add_tap(sound->audio, &sound->tap);
}

static void remove_tap(void *arg)
{
	struct film_sound *sound = arg;

	audio_remove_tap(sound->audio, &sound->tap);
}

int film_sound_create(struct audio *audio, struct film_sound **out)
{
	struct film_sound *sound = calloc(1, sizeof(*sound));

	*out = sound;
	if (!sound) {
		return -ENOMEM;
	}
	sound->audio = audio;
	sound->source = (struct record_sound){ .begin = begin, .read = read_sound, .arg = sound };
	sound->tap = (struct audio_tap){ .on_frames = on_frames, .arg = sound };
	mutex_init(&sound->lock);
	loop_call(audio_loop(audio), add_tap, sound);
	return 0;
}

void film_sound_destroy(struct film_sound *sound)
{
	if (!sound) {
		return;
	}
	loop_call(audio_loop(sound->audio), remove_tap, sound);
	mutex_finish(&sound->lock);
	free(sound);
}

const struct record_sound *film_sound_source(const struct film_sound *sound)
{
	return &sound->source;
}
