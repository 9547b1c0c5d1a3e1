/* SPDX-License-Identifier: MIT */
#include "audio/format.h"

#include <string.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

static const struct sample_kind {
	const char *name;
	size_t bytes;
} kinds[AUDIO_SAMPLES] = {
	[AUDIO_U8] = { "u8", 1 },	  [AUDIO_S16] = { "s16", 2 }, [AUDIO_S24] = { "s24", 3 },
	[AUDIO_S24_32] = { "s24-32", 4 }, [AUDIO_S32] = { "s32", 4 }, [AUDIO_F32] = { "f32", 4 },
};

static bool is_sample(enum audio_sample sample)
{
	return (unsigned)sample < AUDIO_SAMPLES;
}

bool audio_format_is_valid(const struct audio_format *format)
{
	unsigned seen = 0;

	if (!is_sample(format->sample) || format->rate_hz < AUDIO_RATE_MIN_HZ ||
	    format->rate_hz > AUDIO_RATE_MAX_HZ || format->channels < 1 ||
	    format->channels > AUDIO_CHANNELS_MAX) {
		return false;
	}
	for (unsigned i = 0; i < format->channels; i++) {
		unsigned place = format->places[i];

		if (place >= AUDIO_PLACES || (seen & (1u << place))) {
			return false;
		}
		seen |= 1u << place;
	}
	return true;
}

bool audio_format_is_equal(const struct audio_format *a, const struct audio_format *b)
{
	if (a->sample != b->sample || a->rate_hz != b->rate_hz || a->channels != b->channels) {
		return false;
	}
	for (unsigned i = 0; i < a->channels; i++) {
		if (a->places[i] != b->places[i]) {
			return false;
		}
	}
	return true;
}

void audio_format_set_places(struct audio_format *format)
{
	static const enum audio_place usual[AUDIO_CHANNELS_MAX] = {
		AUDIO_FRONT_LEFT,   AUDIO_FRONT_RIGHT, AUDIO_REAR_LEFT, AUDIO_REAR_RIGHT,
		AUDIO_FRONT_CENTER, AUDIO_LFE,	       AUDIO_SIDE_LEFT, AUDIO_SIDE_RIGHT,
	};

	memcpy(format->places, usual, sizeof(usual));
	switch (format->channels) {
	case 1:
		format->places[0] = AUDIO_MONO;
		break;
	case 3:
		format->places[2] = AUDIO_FRONT_CENTER;
		break;
	case 7:
		format->places[5] = AUDIO_SIDE_LEFT;
		format->places[6] = AUDIO_SIDE_RIGHT;
		break;
	default:
		break;
	}
}

size_t audio_sample_bytes(enum audio_sample sample)
{
	return is_sample(sample) ? kinds[sample].bytes : 0;
}

size_t audio_frame_bytes(const struct audio_format *format)
{
	return audio_sample_bytes(format->sample) * format->channels;
}

const char *audio_sample_name(enum audio_sample sample)
{
	return is_sample(sample) ? kinds[sample].name : "?";
}

void audio_silence(const struct audio_format *format, void *frames, size_t count)
{
	/* The middle of unsigned bytes; a zero of all the others is a row of zero bytes. */
	memset(frames, format->sample == AUDIO_U8 ? 0x80 : 0, count * audio_frame_bytes(format));
}

/* --- samples as numbers --- */

/* The bytes at the top of the result: full scale of each width is full scale of 32 bits. */
static int32_t top_bytes(const uint8_t *p, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		value |= (uint32_t)p[i] << (8 * (4 - count + i));
	}
	return (int32_t)value;
}

static float read_float(const uint8_t *p)
{
	float value;

	memcpy(&value, p, sizeof(value));
	/* A guest may write anything: no infinities and no NaN from here on. */
	return value >= -1 && value <= 1 ? value : value > 1 ? 1 : value < -1 ? -1 : 0;
}

static float read_sample(enum audio_sample sample, const uint8_t *p)
{
	const float full_scale = 2147483648.0f;

	switch (sample) {
	case AUDIO_U8:
		return (float)(p[0] - 128) / 128;
	case AUDIO_S16:
		return (float)top_bytes(p, 2) / full_scale;
	case AUDIO_S24:
	case AUDIO_S24_32:
		return (float)top_bytes(p, 3) / full_scale;
	case AUDIO_S32:
		return (float)top_bytes(p, 4) / full_scale;
	case AUDIO_F32:
		return read_float(p);
	default:
		return 0;
	}
}

void audio_read_channel(const struct audio_format *format, const void *frames, size_t count,
			unsigned channel, float *out)
{
	size_t step = audio_frame_bytes(format);
	const uint8_t *p =
		(const uint8_t *)frames + (size_t)channel * audio_sample_bytes(format->sample);

	for (size_t i = 0; i < count; i++) {
		out[i] = read_sample(format->sample, p + i * step);
	}
}

/* --- lengths --- */

/* Whole seconds apart, so that no product overflows. */
uint64_t audio_frames_to_ns(uint64_t frames, uint32_t rate_hz)
{
	return frames / rate_hz * NS_PER_SECOND + frames % rate_hz * NS_PER_SECOND / rate_hz;
}

uint64_t audio_ns_to_frames(uint64_t ns, uint32_t rate_hz)
{
	return ns / NS_PER_SECOND * rate_hz + ns % NS_PER_SECOND * rate_hz / NS_PER_SECOND;
}
