/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_HDA_HDA_CODEC_H
#define THUNDERLAKE_DEVICES_HDA_HDA_CODEC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The codec behind the controller (Intel HDA 1.0a §7): a converter with its volume to a line-out
 * jack, and one from a line-in jack. Plain state, no lock, no memory: the controller brings its
 * commands and asks what a stream sounds like.
 */
enum hda_node {
	HDA_ROOT,
	HDA_FUNCTION_GROUP,
	HDA_DAC,
	HDA_ADC,
	HDA_LINE_OUT,
	HDA_LINE_IN,
	HDA_NODES,
};

#define HDA_CODEC_VENDOR   0x544cu
#define HDA_CODEC_DEVICE   0x0001u
#define HDA_CODEC_CHANNELS 2u

/* The volumes: 0.75 dB a step, and the uppermost leaves the samples as they are. */
#define HDA_AMP_STEPS 85u
#define HDA_AMP_MUTE  0x80u

struct hda_widget {
	uint16_t format;
	uint8_t stream; /* tag and first channel, as verb 706h has them */
	uint8_t power;
	uint8_t pin;	     /* control */
	uint8_t unsolicited; /* the tag of responses that nobody asked for, if enabled */
	uint8_t amps[HDA_CODEC_CHANNELS]; /* step and HDA_AMP_MUTE */
	uint32_t config_default;
};

struct hda_codec {
	struct hda_widget widgets[HDA_NODES];
	bool is_unplugged[HDA_NODES]; /* of the jacks; stays when it is reset */
};

/* As after power-on: volumes all the way up, jacks off. */
void hda_codec_reset(struct hda_codec *codec);

/* Runs a command, without the codec's address: node in bits 27:20, verb and payload in 19:0.
 * Unknown ones answer 0. Returns the response; `*sounds_different` becomes true when
 * hda_codec_volumes may have changed, else stays. */
uint32_t hda_codec_command(struct hda_codec *codec, uint32_t command, bool *sounds_different);

/* Puts a plug into the jack at `pin`, or out. True: the driver wants to hear of it, by `*response`.
 */
bool hda_codec_plug(struct hda_codec *codec, enum hda_node pin, bool connected, uint32_t *response);

/* How loud each of the HDA_CODEC_CHANNELS of the stream with this tag is, of AUDIO_VOLUME_MAX. All
 * 0 when nothing listens to it, or speaks on it. */
void hda_codec_volumes(const struct hda_codec *codec, unsigned tag, bool is_capture,
		       uint32_t *volumes);

#endif
