/* SPDX-License-Identifier: MIT */
#include "mgmt/machine_config_sound.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "audio/backend.h"
#include "devices/device.h"
#include "mgmt/device_types.h"

/* What --sound and --audio mean together. */

/* In the order of enum machine_card. */
static const char *const cards[] = { "auto", "virtio", "hda", "off", NULL };

static const struct option sound_options[] = {
	{ .name = "card",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct machine_sound, card),
	  .choices = cards,
	  .value_name = "auto|virtio|hda|off",
	  .default_text = "auto",
	  .help = "hda: for guests without a driver for virtio; auto: virtio, but none with "
		  "--display off or none, unless --audio or capture is given" },
	{ .name = "capture",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct machine_sound, capture),
	  .default_text = "off",
	  .help = "let the guest hear the host's microphone; off: it hears silence" },
};

const struct option_table machine_sound_table = { sound_options, ARRAY_SIZE(sound_options),
						  "card" };

int machine_config_resolve_sound(struct machine_config *config, struct error *err)
{
	struct machine_sound *sound = &config->sound;
	const char *audio = config->settings.audio;
	int code;

	*sound = (struct machine_sound){ 0 };
	code = options_parse(&machine_sound_table, config->settings.sound, sound, err);
	if (code < 0) {
		error_prefix(err, "sound");
		return code;
	}
	if (sound->card == MACHINE_CARD_OFF && sound->capture) {
		return error_set(err, -EINVAL,
				 "sound: a machine without a sound card hears no microphone");
	}
	return strcmp(audio, "off") == 0 ? 0 : audio_backend_check(audio, err);
}

/* Nobody expects to hear a machine that nobody sees, unless something says so. */
static bool wants_sound(const struct machine_config *config)
{
	const struct machine_settings *s = &config->settings;
	const bool is_seen = machine_config_has_display(config) &&
			     strncmp(s->display, "none", strcspn(s->display, ",")) != 0;

	if (strcmp(s->audio, "auto") == 0) {
		return is_seen || config->sound.capture;
	}
	return strcmp(s->audio, "off") != 0;
}

static bool is_card(const char *text)
{
	const size_t length = strcspn(text, ",");

	for (size_t i = 0; device_types[i]; i++) {
		if (device_types[i]->is_on_audio_loop && strlen(device_types[i]->name) == length &&
		    strncmp(device_types[i]->name, text, length) == 0) {
			return true;
		}
	}
	return false;
}

/* By --device, which then takes the place of the automatic one. */
static bool has_card(const struct machine_config *config)
{
	const struct option_list *list = &config->settings.devices;

	for (size_t i = 0; i < list->count; i++) {
		if (is_card(list->items[i])) {
			return true;
		}
	}
	return false;
}

const char *machine_config_sound_card(const struct machine_config *config)
{
	switch ((enum machine_card)config->sound.card) {
	case MACHINE_CARD_AUTO:
		return wants_sound(config) && !has_card(config) ? "virtio-snd" : NULL;
	case MACHINE_CARD_VIRTIO:
		return "virtio-snd";
	case MACHINE_CARD_HDA:
		return "intel-hda";
	case MACHINE_CARD_OFF:
		break;
	}
	return NULL;
}

bool machine_config_has_sound(const struct machine_config *config)
{
	for (size_t i = 0; i < config->device_count; i++) {
		if (config->devices[i].type->is_on_audio_loop) {
			return true;
		}
	}
	return false;
}
