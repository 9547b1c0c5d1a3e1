/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_WAV_H
#define THUNDERLAKE_AUDIO_WAV_H

#include "audio/backend.h"

/*
 * Writes what each stream plays to a file of its own, sample by sample: the first to FILE, the
 * following ones to FILE-2, FILE-3 and so on; a stream that plays nothing makes none. With a file
 * to capture, each capture stream hears it from its beginning, and capture is allowed: it listens
 * to nobody.
 */
extern const struct audio_backend_type audio_wav_type;

#endif
