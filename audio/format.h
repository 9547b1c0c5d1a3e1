/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_FORMAT_H
#define THUNDERLAKE_AUDIO_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How samples lie in memory. A frame is one sample of each channel, side by side, all
 * little-endian. Lengths and positions in audio/ are frames unless the name says otherwise. */
enum audio_sample {
	AUDIO_U8,
	AUDIO_S16,
	AUDIO_S24,    /* in three bytes */
	AUDIO_S24_32, /* in the low three of four bytes; the fourth is of no meaning */
	AUDIO_S32,
	AUDIO_F32, /* -1 to 1 */
	AUDIO_SAMPLES,
};

/* Where a channel's loudspeaker stands. */
enum audio_place {
	AUDIO_MONO,
	AUDIO_FRONT_LEFT,
	AUDIO_FRONT_RIGHT,
	AUDIO_FRONT_CENTER,
	AUDIO_LFE,
	AUDIO_REAR_LEFT,
	AUDIO_REAR_RIGHT,
	AUDIO_SIDE_LEFT,
	AUDIO_SIDE_RIGHT,
	AUDIO_PLACES,
};

#define AUDIO_CHANNELS_MAX    8u
#define AUDIO_RATE_MIN_HZ     8000u
#define AUDIO_RATE_MAX_HZ     192000u
#define AUDIO_FRAME_BYTES_MAX (AUDIO_CHANNELS_MAX * 4u)

struct audio_format {
	enum audio_sample sample;
	uint32_t rate_hz;
	uint32_t channels;
	enum audio_place places[AUDIO_CHANNELS_MAX];
};

/* Within the limits above, each place given once. */
bool audio_format_is_valid(const struct audio_format *format);
/* The same sound in the same bytes. */
bool audio_format_is_equal(const struct audio_format *a, const struct audio_format *b);

/* The usual places of this many channels, as ALSA orders them: FL FR RL RR FC LFE SL SR. */
void audio_format_set_places(struct audio_format *format);

size_t audio_sample_bytes(enum audio_sample sample);
size_t audio_frame_bytes(const struct audio_format *format);

/* "s16", as options and statistics name it; "?" for none of them. */
const char *audio_sample_name(enum audio_sample sample);

/* Writes frames of silence. */
void audio_silence(const struct audio_format *format, void *frames, size_t count);

/* The samples of one channel as -1 to 1. */
void audio_read_channel(const struct audio_format *format, const void *frames, size_t count,
			unsigned channel, float *out);

/* Rounded down; exact for all lengths that fit into the result. */
uint64_t audio_frames_to_ns(uint64_t frames, uint32_t rate_hz);
uint64_t audio_ns_to_frames(uint64_t ns, uint32_t rate_hz);

#endif
