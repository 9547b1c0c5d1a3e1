/* SPDX-License-Identifier: MIT */
/* LINK: audio/wav_format.c audio/format.c */
#include "audio/wav_format.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

TestSuite(wav_format, .timeout = 20);

static struct wav_layout layout_of(enum audio_sample sample, uint32_t channels)
{
	struct audio_format format = { .sample = sample, .rate_hz = 48000, .channels = channels };
	struct wav_layout layout;

	audio_format_set_places(&format);
	wav_layout_init(&layout, &format);
	return layout;
}

Test(wav_format, plain_header_is_the_usual_one)
{
	/* 44.1 kHz would do as well; 48000 * 4 = 192000 = 0x2ee00 bytes a second. */
	static const uint8_t want[44] = {
		'R', 'I', 'F', 'F', 44, 0, 0,	0,   'W', 'A',	'V',  'E', 'f', 'm', 't',
		' ', 16,  0,   0,   0,	1, 0,	2,   0,	  0x80, 0xbb, 0,   0,	0,   0xee,
		2,   0,	  4,   0,   16, 0, 'd', 'a', 't', 'a',	8,    0,   0,	0,
	};
	struct wav_layout layout = layout_of(AUDIO_S16, 2);
	uint8_t header[WAV_HEADER_MAX_BYTES];

	cr_assert(eq(sz, wav_header_make(&layout.format, 8, header), 44));
	cr_assert(eq(int, memcmp(header, want, sizeof(want)), 0));
}

Test(wav_format, odd_length_is_padded_in_the_outer_chunk_only)
{
	struct wav_layout layout = layout_of(AUDIO_U8, 1);
	uint8_t header[WAV_HEADER_MAX_BYTES];

	(void)wav_header_make(&layout.format, 7, header);

	cr_assert(eq(u32, load_le32(header + 4), 36 + 8));
	cr_assert(eq(u32, load_le32(header + 40), 7));
}

Test(wav_format, surround_is_extensible_with_its_loudspeakers)
{
	struct wav_layout layout = layout_of(AUDIO_S24, 6);
	uint8_t header[WAV_HEADER_MAX_BYTES];

	cr_assert(eq(sz, wav_header_make(&layout.format, 18 * 5, header), 80));
	cr_assert(eq(u32, load_le16(header + 20), 0xfffe));
	cr_assert(eq(u32, load_le16(header + 34), 24));
	cr_assert(eq(u32, load_le32(header + 40), 0x3f));
	cr_assert(eq(u32, load_le32(header + 68), 5)); /* frames */
}

/* --- every format, there and back --- */

struct kind {
	enum audio_sample sample;
	uint32_t channels;
};

ParameterizedTestParameters(wav_format, header_is_read_back)
{
	static struct kind kinds[AUDIO_SAMPLES * AUDIO_CHANNELS_MAX];
	size_t count = 0;

	for (unsigned sample = 0; sample < AUDIO_SAMPLES; sample++) {
		for (uint32_t channels = 1; channels <= AUDIO_CHANNELS_MAX; channels++) {
			kinds[count++] = (struct kind){ (enum audio_sample)sample, channels };
		}
	}
	return cr_make_param_array(struct kind, kinds, count);
}

ParameterizedTest(struct kind *kind, wav_format, header_is_read_back)
{
	struct wav_layout layout = layout_of(kind->sample, kind->channels);
	uint8_t header[WAV_HEADER_MAX_BYTES];
	struct wav_format format;

	(void)wav_header_make(&layout.format, 0, header);

	cr_assert(eq(int, wav_format_parse(header + 20, load_le32(header + 16), &format, NULL), 0));
	cr_assert(wav_format_is_equal(&format, &layout.format));
}

ParameterizedTestParameters(wav_format, frames_come_back_as_they_were)
{
	static struct kind kinds[] = { { AUDIO_U8, 1 },	    { AUDIO_S16, 6 }, { AUDIO_S24, 8 },
				       { AUDIO_S24_32, 6 }, { AUDIO_S32, 7 }, { AUDIO_F32, 5 } };

	return cr_make_param_array(struct kind, kinds, ARRAY_SIZE(kinds));
}

ParameterizedTest(struct kind *kind, wav_format, frames_come_back_as_they_were)
{
	struct wav_layout layout = layout_of(kind->sample, kind->channels);
	uint8_t frames[4 * AUDIO_FRAME_BYTES_MAX];
	uint8_t file[sizeof(frames)];
	uint8_t back[sizeof(frames)] = { 0 };
	size_t bytes = 4 * wav_stream_frame_bytes(&layout);

	for (size_t i = 0; i < sizeof(frames); i++) {
		frames[i] = (uint8_t)(i * 37);
	}
	if (kind->sample == AUDIO_S24_32) {
		for (size_t i = 3; i < sizeof(frames); i += 4) {
			frames[i] = (frames[i - 1] & 0x80) ? 0xff : 0;
		}
	}
	wav_to_file(&layout, frames, 4, file);
	wav_from_file(&layout, file, 4, back);

	cr_assert(eq(int, memcmp(back, frames, bytes), 0));
}

Test(wav_format, channels_are_in_the_order_of_the_file)
{
	/* FL FR RL RR FC LFE of a stream; FL FR FC LFE RL RR of a file. */
	static const uint8_t frame[6] = { 1, 2, 3, 4, 5, 6 };
	static const uint8_t want[6] = { 1, 2, 5, 6, 3, 4 };
	struct wav_layout layout = layout_of(AUDIO_U8, 6);
	uint8_t file[6];

	wav_to_file(&layout, frame, 1, file);

	cr_assert(eq(int, memcmp(file, want, 6), 0));
}

/* A mono place among others has the same loudspeaker as the centre. */
Test(wav_format, places_that_no_file_can_name_stay_in_order)
{
	const struct audio_format format = {
		AUDIO_U8, 8000, 2, { AUDIO_FRONT_CENTER, AUDIO_MONO }
	};
	static const uint8_t frame[2] = { 1, 2 };
	struct wav_layout layout;
	uint8_t file[2];

	wav_layout_init(&layout, &format);
	wav_to_file(&layout, frame, 1, file);

	cr_assert(eq(u32, layout.format.mask, 0));
	cr_assert(eq(int, memcmp(file, frame, 2), 0));
}

/* --- bad input --- */

struct bad {
	const char *what;
	size_t offset;
	uint8_t value;
};

ParameterizedTestParameters(wav_format, rejects_what_no_stream_has)
{
	static struct bad bads[] = {
		{ "compressed", 0, 2 },		{ "no channels", 2, 0 },
		{ "9 channels", 2, 9 },		{ "rate of 187 Hz", 5, 0 },
		{ "12 bits", 14, 12 },		{ "0 bits", 14, 0 },
		{ "frames of 5 bytes", 12, 5 }, { "rate of 12 MHz", 6, 0xbb },
	};

	return cr_make_param_array(struct bad, bads, ARRAY_SIZE(bads));
}

ParameterizedTest(struct bad *bad, wav_format, rejects_what_no_stream_has)
{
	struct wav_layout layout = layout_of(AUDIO_S16, 2);
	uint8_t header[WAV_HEADER_MAX_BYTES];
	struct wav_format format;
	struct error err = { "" };

	(void)wav_header_make(&layout.format, 0, header);
	header[20 + bad->offset] = bad->value;

	cr_assert(eq(int, wav_format_parse(header + 20, 16, &format, &err), -EINVAL), "%s",
		  bad->what);
	cr_assert(ne(str, err.text, ""));
}

Test(wav_format, rejects_a_format_that_is_cut_off)
{
	struct wav_layout layout = layout_of(AUDIO_F32, 2);
	uint8_t header[WAV_HEADER_MAX_BYTES];
	struct wav_format format;

	(void)wav_header_make(&layout.format, 0, header);

	for (size_t bytes = 0; bytes < WAV_FMT_MAX_BYTES; bytes++) {
		cr_assert(eq(int, wav_format_parse(header + 20, bytes, &format, NULL), -EINVAL));
	}
}
