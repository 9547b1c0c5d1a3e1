/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_FORMAT_H
#define THUNDERLAKE_AUDIO_PULSE_FORMAT_H

#include <pulse/channelmap.h>
#include <pulse/def.h>
#include <pulse/sample.h>

#include "audio/audio.h"

/* A stream in the words of PulseAudio. Calls nothing of the library. */

/* Every valid format has its like, so that the server is given what the guest wrote. */
void pulse_format_translate(const struct audio_format *format, pa_sample_spec *spec,
			    pa_channel_map *map);

/* How much the server is to keep so that a frame is heard `latency_ms` after it was pulled, or
 * earlier where the guest's buffer holds less than that. */
void pulse_format_buffer(const struct audio_stream_config *config, uint32_t latency_ms,
			 pa_buffer_attr *out);

#endif
