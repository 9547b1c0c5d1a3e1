/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_SND_H
#define THUNDERLAKE_DEVICES_VIRTIO_SND_H

#include <stdbool.h>

#include "audio/audio.h"
#include "devices/device.h"

/*
 * Sound card (virtio 1.2 §5.14) on env->audio: several streams for playback and capture, mono to
 * 7.1, a jack for loudspeakers and one for a microphone. The guest's clock is the host's: a buffer
 * comes back when its last frame has been consumed, or recorded, and not before. Samples go
 * straight from guest memory into the host's buffer.
 */
extern const struct device_type virtio_snd_type;

/* Puts a plug in or out; both are in after init. Main thread. -ENOENT: no such jack: without
 * capture streams there is none for a microphone. */
int virtio_snd_set_jack(void *state, enum audio_jack jack, bool connected);

#endif
