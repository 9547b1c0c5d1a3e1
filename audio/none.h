/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_NONE_H
#define THUNDERLAKE_AUDIO_NONE_H

#include "audio/backend.h"

/* Nobody plays: streams are consumed in silence, in real time. */
extern const struct audio_backend_type audio_none_type;

#endif
