/* SPDX-License-Identifier: MIT */
#include "tests/audio/tune.h"

#include <string.h>

static uint32_t tune_length(const struct audio_format *format)
{
	return format->sample == AUDIO_U8 ? TUNE_FRAMES_U8 : TUNE_FRAMES;
}

/* 1 and above; the lengths are prime, so that each place has another. */
static uint32_t note(const struct audio_format *format, uint64_t place, unsigned channel)
{
	uint32_t length = tune_length(format);

	return 1 + (uint32_t)((place * 7 + channel * UINT64_C(31)) % length);
}

static void write_sample(enum audio_sample sample, uint32_t value, uint8_t *p)
{
	const float number = (float)value / 32768;
	uint32_t wide = value << 16 | value;

	switch (sample) {
	case AUDIO_U8:
		p[0] = (uint8_t)(128 + value);
		break;
	case AUDIO_S16:
		memcpy(p, &value, 2);
		break;
	case AUDIO_S24:
	case AUDIO_S24_32:
		wide >>= 8;
		memcpy(p, &wide, sample == AUDIO_S24 ? 3 : 4);
		break;
	case AUDIO_S32:
		memcpy(p, &wide, 4);
		break;
	default:
		memcpy(p, &number, 4);
		break;
	}
}

void tune_write(const struct audio_format *format, uint32_t voices, uint64_t first, void *frames,
		size_t count)
{
	size_t bytes = audio_sample_bytes(format->sample);
	uint8_t *p = frames;

	audio_silence(format, frames, count);
	for (size_t i = 0; i < count; i++) {
		for (unsigned c = 0; c < format->channels; c++, p += bytes) {
			if (voices >> c & 1) {
				write_sample(format->sample, note(format, first + i, c), p);
			}
		}
	}
}

/* Compares the voices only. */
static bool is_like(const struct audio_format *format, uint32_t voices, const uint8_t *frame,
		    const uint8_t *want)
{
	size_t bytes = audio_sample_bytes(format->sample);

	for (unsigned c = 0; c < format->channels; c++) {
		if ((voices >> c & 1) && memcmp(frame + c * bytes, want + c * bytes, bytes) != 0) {
			return false;
		}
	}
	return true;
}

static uint64_t place_of(const struct audio_format *format, uint32_t voices, const uint8_t *frame)
{
	uint8_t want[AUDIO_FRAME_BYTES_MAX];

	for (uint64_t place = 0; place < tune_length(format); place++) {
		tune_write(format, voices, place, want, 1);
		if (is_like(format, voices, frame, want)) {
			return place;
		}
	}
	return UINT64_MAX;
}

static void count_gap(struct tune_report *report, uint64_t frames)
{
	if (frames > 0 && report->frames > 0) {
		report->gaps++;
		report->gap_frames += frames;
		report->longest_gap = frames > report->longest_gap ? frames : report->longest_gap;
	}
}

void tune_check(const struct audio_format *format, uint32_t voices, const void *record,
		size_t count, struct tune_report *out)
{
	size_t step = audio_frame_bytes(format);
	uint8_t silence[AUDIO_FRAME_BYTES_MAX], want[AUDIO_FRAME_BYTES_MAX];
	uint64_t silent = 0;

	*out = (struct tune_report){ .is_whole = true };
	audio_silence(format, silence, 1);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *frame = (const uint8_t *)record + i * step;

		if (is_like(format, voices, frame, silence)) {
			silent++;
			continue;
		}
		if (out->frames == 0) {
			out->first = place_of(format, voices, frame);
		}
		tune_write(format, voices, out->first + out->frames, want, 1);
		if (!is_like(format, voices, frame, want)) {
			out->is_whole = false;
			return;
		}
		count_gap(out, silent);
		silent = 0;
		out->frames++;
	}
}
