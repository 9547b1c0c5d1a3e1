/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_H
#define THUNDERLAKE_AUDIO_PULSE_H

#include "audio/backend.h"

/* PulseAudio, or PipeWire in its clothes: the sound of a desktop. Only in builds with HAVE_PULSE.
 */
extern const struct audio_backend_type audio_pulse_type;

#endif
