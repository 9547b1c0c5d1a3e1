/* SPDX-License-Identifier: MIT */
#include "audio/backend.h"
#include "audio/none.h"
#include "audio/pulse.h"
#include "audio/wav.h"
#include "config.h"

const struct audio_backend_type *const audio_backend_types[] = {
#if HAVE_PULSE
	&audio_pulse_type,
#endif
	&audio_none_type,
	&audio_wav_type,
	NULL,
};
