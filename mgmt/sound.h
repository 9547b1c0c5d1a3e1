/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_SOUND_H
#define THUNDERLAKE_MGMT_SOUND_H

#include <stdbool.h>

#include "vmm/base/error.h"

struct audio;
struct loop;
struct machine_config;

/*
 * What --sound and --audio chose for a machine: the audio, what plays it, and the thread "audio"
 * that they and the sound card run on. Whether the guest hears the microphone is told. Main thread.
 */
struct sound;

struct sound_listener {
	/* The guest began or ceased to hear the microphone; on the main loop. */
	void (*on_listening)(void *arg, bool is_listening);
	void *arg;
};

/* `*out` is NULL, and nothing wrong, for a machine without a sound card: no thread is started. All
 * is borrowed but the listener, which is copied. Errors as audio_backend_create. */
int sound_create(const struct machine_config *config, const char *machine_name,
		 struct loop *main_loop, const struct sound_listener *listener, struct sound **out,
		 struct error *err);
/* After the sound card. NULL is fine. */
void sound_destroy(struct sound *sound);

/* NULL for NULL. */
struct audio *sound_audio(const struct sound *sound);

/* Before the devices are quiesced; after they were resumed. Harmless when done, and for NULL. */
void sound_pause(struct sound *sound);
void sound_resume(struct sound *sound);

#endif
