/* SPDX-License-Identifier: MIT */
/* LINK: audio/format.c */
#include "audio/format.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

TestSuite(format, .timeout = 20);

static struct audio_format stereo(enum audio_sample sample)
{
	return (struct audio_format){ sample, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT } };
}

/* --- what is valid --- */

Test(format, usual_places_are_valid_for_each_number_of_channels)
{
	for (uint32_t channels = 1; channels <= AUDIO_CHANNELS_MAX; channels++) {
		struct audio_format format = { AUDIO_S16, 48000, channels, { 0 } };

		audio_format_set_places(&format);
		cr_assert(audio_format_is_valid(&format));
	}
}

Test(format, limits_are_kept)
{
	struct audio_format format = stereo(AUDIO_S16);

	cr_assert(audio_format_is_valid(&format));
	format.rate_hz = 7999;
	cr_assert(not(audio_format_is_valid(&format)));
	format.rate_hz = 192001;
	cr_assert(not(audio_format_is_valid(&format)));
	format = stereo(AUDIO_SAMPLES);
	cr_assert(not(audio_format_is_valid(&format)));
	format = stereo(AUDIO_S16);
	format.channels = 0;
	cr_assert(not(audio_format_is_valid(&format)));
	format.channels = 9;
	cr_assert(not(audio_format_is_valid(&format)));
}

Test(format, no_place_is_given_twice)
{
	struct audio_format format = stereo(AUDIO_S16);

	format.places[1] = AUDIO_FRONT_LEFT;
	cr_assert(not(audio_format_is_valid(&format)));
	format.places[1] = AUDIO_PLACES;
	cr_assert(not(audio_format_is_valid(&format)));
}

Test(format, equal_means_the_same_bytes_and_places)
{
	struct audio_format a = stereo(AUDIO_S16);
	struct audio_format b = a;

	b.places[5] = AUDIO_LFE; /* beyond its channels */
	cr_assert(audio_format_is_equal(&a, &b));
	b.places[1] = AUDIO_LFE;
	cr_assert(not(audio_format_is_equal(&a, &b)));
	b = stereo(AUDIO_S32);
	cr_assert(not(audio_format_is_equal(&a, &b)));
}

/* --- samples --- */

struct value {
	enum audio_sample sample;
	uint8_t bytes[4];
	float value;
};

ParameterizedTestParameters(format, samples_are_read_as_numbers)
{
	static struct value values[] = {
		{ AUDIO_U8, { 0x80 }, 0 },
		{ AUDIO_U8, { 0x00 }, -1 },
		{ AUDIO_U8, { 0xc0 }, 0.5f },
		{ AUDIO_S16, { 0x00, 0x80 }, -1 },
		{ AUDIO_S16, { 0x00, 0x40 }, 0.5f },
		{ AUDIO_S24, { 0x00, 0x00, 0xc0 }, -0.5f },
		{ AUDIO_S24_32, { 0x00, 0x00, 0x40, 0xee }, 0.5f },
		{ AUDIO_S32, { 0x00, 0x00, 0x00, 0x80 }, -1 },
		{ AUDIO_S32, { 0x00, 0x00, 0x00, 0x20 }, 0.25f },
		{ AUDIO_F32, { 0x00, 0x00, 0x00, 0xbf }, -0.5f },
		{ AUDIO_F32, { 0x00, 0x00, 0x00, 0x40 }, 1 },  /* 2 */
		{ AUDIO_F32, { 0x00, 0x00, 0x80, 0xff }, -1 }, /* minus infinity */
		{ AUDIO_F32, { 0x00, 0x00, 0xc0, 0x7f }, 0 },  /* not a number */
	};

	return cr_make_param_array(struct value, values, ARRAY_SIZE(values));
}

ParameterizedTest(struct value *value, format, samples_are_read_as_numbers)
{
	struct audio_format format = stereo(value->sample);
	size_t bytes = audio_sample_bytes(value->sample);
	uint8_t frames[16] = { 0 };
	float out[2] = { 7, 7 };

	/* On the right, in the second frame. */
	memcpy(frames + 3 * bytes, value->bytes, bytes);
	audio_read_channel(&format, frames, 2, 1, out);

	cr_assert(ieee_ulp_eq(flt, out[1], value->value, 1));
}

Test(format, silence_is_silent_in_each_format)
{
	for (unsigned sample = 0; sample < AUDIO_SAMPLES; sample++) {
		struct audio_format format = stereo((enum audio_sample)sample);
		uint8_t frames[4 * AUDIO_FRAME_BYTES_MAX];
		float out[4];

		memset(frames, 0x55, sizeof(frames));
		audio_silence(&format, frames, 4);
		audio_read_channel(&format, frames, 4, 1, out);
		for (unsigned i = 0; i < 4; i++) {
			cr_assert(eq(int, out[i] == 0, 1));
		}
		cr_assert(eq(u8, frames[4 * audio_frame_bytes(&format)], 0x55));
	}
}

/* --- lengths --- */

Test(format, lengths_are_exact_for_years)
{
	/* Ten years at the highest rate: 6e13 frames. */
	const uint64_t years_s = UINT64_C(315360000);

	cr_assert(eq(u64, audio_frames_to_ns(years_s * 192000, 192000), years_s * NS_PER_SECOND));
	cr_assert(eq(u64, audio_ns_to_frames(years_s * NS_PER_SECOND, 192000), years_s * 192000));
	cr_assert(eq(u64, audio_frames_to_ns(1, 44100), 22675)); /* 22675.7 */
	cr_assert(eq(u64, audio_ns_to_frames(22675, 44100), 0));
	cr_assert(eq(u64, audio_ns_to_frames(22676, 44100), 1));
}

Test(format, names_are_for_people)
{
	cr_assert(eq(int, strcmp(audio_sample_name(AUDIO_S24_32), "s24-32"), 0));
	cr_assert(eq(int, strcmp(audio_sample_name(AUDIO_SAMPLES), "?"), 0));
	cr_assert(eq(sz, audio_sample_bytes(AUDIO_SAMPLES), 0));
}
