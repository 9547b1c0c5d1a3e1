/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_HDA_HDA_H
#define THUNDERLAKE_DEVICES_HDA_HDA_H

#include <stdbool.h>

#include "audio/audio.h"

struct device_type;

/* Sound card as PCs have had since 2004: the Intel High Definition Audio controller of an ICH9 with
 * one codec, for guests without a virtio-snd driver. */
extern const struct device_type hda_type;

/* Puts a plug in or out; both are in after init. The line in takes the part of a microphone. Any
 * thread. */
void hda_set_jack(void *state, enum audio_jack jack, bool connected);

#endif
