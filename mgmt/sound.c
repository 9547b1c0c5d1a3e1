/* SPDX-License-Identifier: MIT */
#include "mgmt/sound.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/backend.h"
#include "audio/priority.h"
#include "mgmt/machine_config.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

#define TAG "audio"

struct sound {
	struct loop *main_loop; /* borrowed */
	struct loop *loop;
	struct audio *audio;
	struct sound_listener listener;
	struct loop_task told; /* posted by the audio loop */
	bool was_listening;
};

/* --- the microphone --- */

/* On the main loop: what has come and gone again since is not told. */
static void tell_listening(void *arg)
{
	struct sound *sound = arg;
	const bool is_listening = audio_is_listening(sound->audio);

	if (is_listening != sound->was_listening) {
		sound->was_listening = is_listening;
		sound->listener.on_listening(sound->listener.arg, is_listening);
	}
}

static void on_listening(void *arg)
{
	struct sound *sound = arg;

	loop_post(sound->main_loop, &sound->told);
}

static void allow_capture(struct sound *sound)
{
	log_info(TAG, "the guest may hear the microphone (capture=on)");
	audio_allow_capture(sound->audio, true);
}

/* --- life --- */

static void hurry(void *arg)
{
	(void)arg;
	(void)audio_priority_raise();
}

static int make_backend(struct sound *sound, const char *wanted, const char *machine_name,
			struct error *err)
{
	return audio_backend_create(strcmp(wanted, "off") == 0 ? "none" : wanted, sound->audio,
				    machine_name, err);
}

int sound_create(const struct machine_config *config, const char *machine_name,
		 struct loop *main_loop, const struct sound_listener *listener, struct sound **out,
		 struct error *err)
{
	struct sound *sound;
	int code;

	*out = NULL;
	if (!machine_config_has_sound(config)) {
		return 0;
	}
	sound = calloc(1, sizeof(*sound));
	if (!sound) {
		return error_set_errno(err, -ENOMEM, "sound");
	}
	sound->main_loop = main_loop;
	sound->listener = *listener;
	loop_task_init(&sound->told, tell_listening, sound);
	code = loop_create("audio", &sound->loop);
	code = code ?: audio_create(sound->loop, &sound->audio);
	if (code < 0) {
		(void)error_set_errno(err, code, "sound");
		goto fail;
	}
	audio_on_listening(sound->audio, on_listening, sound);
	if (config->sound.capture) {
		allow_capture(sound);
	}
	code = make_backend(sound, config->settings.audio, machine_name, err);
	if (code < 0) {
		goto fail;
	}
	code = loop_start(sound->loop);
	if (code < 0) {
		(void)error_set_errno(err, code, "thread for the sound");
		goto fail;
	}
	loop_call(sound->loop, hurry, NULL);
	*out = sound;
	return 0;
fail:
	sound_destroy(sound);
	return code;
}

/* On the audio loop, where nothing else happens meanwhile. */
static void finish(void *arg)
{
	struct sound *sound = arg;

	audio_backend_destroy(sound->audio);
	audio_destroy(sound->audio);
}

void sound_destroy(struct sound *sound)
{
	if (!sound) {
		return;
	}
	if (sound->audio) {
		loop_call(sound->loop, finish, sound);
	}
	loop_destroy(sound->loop);
	loop_task_cancel(sound->main_loop, &sound->told);
	free(sound);
}

struct audio *sound_audio(const struct sound *sound)
{
	return sound ? sound->audio : NULL;
}

static void do_pause(void *arg)
{
	audio_pause(arg);
}

static void do_resume(void *arg)
{
	audio_resume(arg);
}

void sound_pause(struct sound *sound)
{
	if (sound) {
		loop_call(sound->loop, do_pause, sound->audio);
	}
}

void sound_resume(struct sound *sound)
{
	if (sound) {
		loop_call(sound->loop, do_resume, sound->audio);
	}
}
