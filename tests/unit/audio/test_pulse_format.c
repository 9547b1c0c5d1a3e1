/* SPDX-License-Identifier: MIT */
/* LINK: audio/pulse_format.c audio/format.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "audio/pulse_format.h"

TestSuite(pulse_format, .timeout = 10);

/* 48 frames are a millisecond, four bytes a frame. */
static struct audio_stream_config make_config(uint32_t buffer_frames)
{
	return (struct audio_stream_config){
		.format = { AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT } },
		.buffer_frames = buffer_frames,
		.period_frames = 1,
	};
}

Test(pulse_format, surround_keeps_its_places)
{
	struct audio_format format = { .sample = AUDIO_S24_32, .rate_hz = 96000, .channels = 6 };
	pa_channel_map map;
	pa_sample_spec spec;

	audio_format_set_places(&format);
	pulse_format_translate(&format, &spec, &map);
	cr_assert(eq(int, spec.format, PA_SAMPLE_S24_32LE));
	cr_assert(eq(u32, spec.rate, 96000));
	cr_assert(eq(u8, spec.channels, 6));
	cr_assert(eq(u8, map.channels, 6));
	cr_assert(eq(int, map.map[2], PA_CHANNEL_POSITION_REAR_LEFT));
	cr_assert(eq(int, map.map[4], PA_CHANNEL_POSITION_FRONT_CENTER));
	cr_assert(eq(int, map.map[5], PA_CHANNEL_POSITION_LFE));
}

Test(pulse_format, latency_is_asked_in_bytes)
{
	struct audio_stream_config config = make_config(48000);
	pa_buffer_attr attr;

	pulse_format_buffer(&config, 30, &attr);
	cr_assert(eq(u32, attr.tlength, 30 * 48 * 4));
	cr_assert(eq(u32, attr.minreq, 5 * 48 * 4));
	cr_assert(eq(u32, attr.fragsize, 10 * 48 * 4));
}

/* With none, the server would not stop when it runs dry; with more than the guest has, not start.
 */
Test(pulse_format, one_frame_starts_playback)
{
	struct audio_stream_config config = make_config(48000);
	pa_buffer_attr attr;

	pulse_format_buffer(&config, 30, &attr);
	cr_assert(eq(u32, attr.prebuf, 4));
}

/* Of the server's queue, which is two thirds, the guest can fill all. */
Test(pulse_format, guest_with_a_small_buffer_can_fill_the_queue)
{
	struct audio_stream_config config = make_config(480);
	pa_buffer_attr attr;

	pulse_format_buffer(&config, 30, &attr);
	cr_assert(eq(u32, attr.tlength, 720 * 4));
}

Test(pulse_format, smallest_buffer_still_has_steps)
{
	struct audio_stream_config config = make_config(1);
	pa_buffer_attr attr;

	pulse_format_buffer(&config, 5, &attr);
	cr_assert(eq(u32, attr.tlength, 6 * 4));
	cr_assert(eq(u32, attr.minreq, 4));
}

/* The most that a valid stream can ask for stays far from the type's end. */
Test(pulse_format, largest_latency_does_not_wrap)
{
	struct audio_stream_config config = make_config(UINT32_MAX);
	pa_buffer_attr attr;

	config.format =
		(struct audio_format){ .sample = AUDIO_S32, .rate_hz = 192000, .channels = 8 };
	pulse_format_buffer(&config, 2000, &attr);
	cr_assert(eq(u32, attr.tlength, 2u * 192000 * 32));
}
