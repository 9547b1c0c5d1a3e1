/* SPDX-License-Identifier: MIT */
#include "audio/pulse_format.h"

#include "vmm/base/compiler.h"

/* The server hands out what it needs in steps of a sixth of the latency. Two of them and a third
 * wait in its queue, a third in the sound card's. */
#define STEPS	       6u
#define SERVER_DECIDES UINT32_MAX

static const pa_sample_format_t samples[AUDIO_SAMPLES] = {
	[AUDIO_U8] = PA_SAMPLE_U8,     [AUDIO_S16] = PA_SAMPLE_S16LE,
	[AUDIO_S24] = PA_SAMPLE_S24LE, [AUDIO_S24_32] = PA_SAMPLE_S24_32LE,
	[AUDIO_S32] = PA_SAMPLE_S32LE, [AUDIO_F32] = PA_SAMPLE_FLOAT32LE,
};

static const pa_channel_position_t places[AUDIO_PLACES] = {
	[AUDIO_MONO] = PA_CHANNEL_POSITION_MONO,
	[AUDIO_FRONT_LEFT] = PA_CHANNEL_POSITION_FRONT_LEFT,
	[AUDIO_FRONT_RIGHT] = PA_CHANNEL_POSITION_FRONT_RIGHT,
	[AUDIO_FRONT_CENTER] = PA_CHANNEL_POSITION_FRONT_CENTER,
	[AUDIO_LFE] = PA_CHANNEL_POSITION_LFE,
	[AUDIO_REAR_LEFT] = PA_CHANNEL_POSITION_REAR_LEFT,
	[AUDIO_REAR_RIGHT] = PA_CHANNEL_POSITION_REAR_RIGHT,
	[AUDIO_SIDE_LEFT] = PA_CHANNEL_POSITION_SIDE_LEFT,
	[AUDIO_SIDE_RIGHT] = PA_CHANNEL_POSITION_SIDE_RIGHT,
};

void pulse_format_translate(const struct audio_format *format, pa_sample_spec *spec,
			    pa_channel_map *map)
{
	*spec = (pa_sample_spec){ .format = samples[format->sample],
				  .rate = format->rate_hz,
				  .channels = (uint8_t)format->channels };
	*map = (pa_channel_map){ .channels = (uint8_t)format->channels };
	for (unsigned i = 0; i < format->channels; i++) {
		map->map[i] = places[format->places[i]];
	}
}

void pulse_format_buffer(const struct audio_stream_config *config, uint32_t latency_ms,
			 pa_buffer_attr *out)
{
	uint32_t frame_bytes = (uint32_t)audio_frame_bytes(&config->format);
	uint64_t frames = (uint64_t)config->format.rate_hz * latency_ms / 1000;
	uint32_t step;

	/* Of the whole, the server's queue is two thirds: it is to fit into the guest's buffer. */
	frames = MIN(frames, (uint64_t)config->buffer_frames * 3 / 2);
	step = (uint32_t)MAX(frames / STEPS, 1u);
	*out = (pa_buffer_attr){
		.maxlength = SERVER_DECIDES,
		.tlength = step * STEPS * frame_bytes,
		/* One frame starts playback. None at all would never stop it: the server would run
		 * on without frames and drop those that come late. */
		.prebuf = frame_bytes,
		.minreq = step * frame_bytes,
		.fragsize = step * 2 * frame_bytes,
	};
}
