/* SPDX-License-Identifier: MIT */
#include "devices/hda/hda_codec.h"

#include <string.h>

#include "audio/audio.h"
#include "vmm/base/compiler.h"

/* Verbs with 8 bits of payload; those that set are 0x800 below those that get. */
#define GET_PARAMETER	    0xf00u
#define GET_CONNECTION	    0xf01u
#define GET_CONNECTION_LIST 0xf02u
#define GET_POWER	    0xf05u
#define GET_STREAM	    0xf06u
#define GET_PIN		    0xf07u
#define GET_UNSOLICITED	    0xf08u
#define GET_SENSE	    0xf09u
#define GET_CONFIG_DEFAULT  0xf1cu
#define GET_SUBSYSTEM	    0xf20u
#define SET_POWER	    0x705u
#define SET_STREAM	    0x706u
#define SET_PIN		    0x707u
#define SET_UNSOLICITED	    0x708u
#define SET_CONFIG_DEFAULT  0x71cu /* to 71fh, a byte each */
#define FUNCTION_RESET	    0x7ffu
/* Verbs with 16. */
#define SET_FORMAT 0x2u
#define SET_AMP	   0x3u
#define GET_FORMAT 0xau
#define GET_AMP	   0xbu

/* Parameters. */
#define VENDOR		 0x00u
#define SUBSYSTEM	 0x01u
#define REVISION	 0x02u
#define NODE_COUNT	 0x04u
#define GROUP_TYPE	 0x05u
#define GROUP_CAPS	 0x08u
#define WIDGET_CAPS	 0x09u
#define PCM		 0x0au
#define STREAM_FORMATS	 0x0bu
#define PIN_CAPS	 0x0cu
#define INPUT_AMP_CAPS	 0x0du
#define CONNECTION_COUNT 0x0eu
#define POWER_STATES	 0x0fu
#define OUTPUT_AMP_CAPS	 0x12u

#define AUDIO_GROUP 1u

/* Widget capabilities. */
#define TYPE(n)	       ((uint32_t)(n) << 20)
#define TYPE_OUTPUT    TYPE(0)
#define TYPE_INPUT     TYPE(1)
#define TYPE_PIN       TYPE(4)
#define HAS_CONNECTION (1u << 8)
#define HAS_RESPONSES  (1u << 7)
#define HAS_FORMATS    (1u << 4)
#define HAS_AMP_CAPS   (1u << 3)
#define HAS_OUTPUT_AMP (1u << 2)
#define HAS_INPUT_AMP  (1u << 1)
#define IS_STEREO      (1u << 0)

/* 8, 11.025, 16, 22.05, 32, 44.1, 48, 88.2, 96, 176.4 and 192 kHz; 8, 16, 20, 24 and 32 bits. */
#define PCM_RATES   0x7ffu
#define PCM_BITS    (0x1fu << 16)
#define PCM_FORMATS 1u

#define PIN_CAN_INPUT	  (1u << 5)
#define PIN_CAN_OUTPUT	  (1u << 4)
#define PIN_CAN_SENSE	  (1u << 2)
#define PIN_INPUT_ENABLE  0x20u
#define PIN_OUTPUT_ENABLE 0x40u
#define PIN_IS_PLUGGED	  (1u << 31)

#define UNSOLICITED_ENABLE    0x80u
#define UNSOLICITED_TAG	      0x3fu
#define UNSOLICITED_TAG_SHIFT 26u

#define AMP_CAN_MUTE  (1u << 31)
#define AMP_STEP_SIZE 2u /* quarters of a dB, less one */
#define AMP_CAPS      (AMP_CAN_MUTE | AMP_STEP_SIZE << 16 | HDA_AMP_STEPS << 8 | HDA_AMP_STEPS)
/* In amplifier verbs. */
#define AMP_SET_OUTPUT (1u << 15)
#define AMP_SET_INPUT  (1u << 14)
#define AMP_SET_LEFT   (1u << 13)
#define AMP_SET_RIGHT  (1u << 12)
#define AMP_GET_OUTPUT (1u << 15)
#define AMP_GET_LEFT   (1u << 13)
#define AMP_GAIN       0x7fu
/* 10 to the power of -0.75/20, as a fraction of 2 to the power of 32. */
#define AMP_STEP_FACTOR UINT64_C(3939670144)

#define POWER_D0 0u
#define POWER_D3 3u
#define CAN_D0	 (1u << POWER_D0)
#define CAN_D3	 (1u << POWER_D3)

/* 3.5 mm jacks at the rear. */
#define GREEN_LINE_OUT 0x01014010u
#define BLUE_LINE_IN   0x01813020u

#define FORMAT_48K_16BIT_STEREO 0x0011u

struct node_facts {
	uint32_t caps, pin_caps, amp_caps;
	uint32_t config_default;
	uint8_t connection; /* 0: none */
};

static const struct node_facts facts[HDA_NODES] = {
	[HDA_DAC] = { .caps = TYPE_OUTPUT | HAS_FORMATS | HAS_AMP_CAPS | HAS_OUTPUT_AMP | IS_STEREO,
		      .amp_caps = AMP_CAPS },
	[HDA_ADC] = { .caps = TYPE_INPUT | HAS_CONNECTION | HAS_FORMATS | HAS_AMP_CAPS |
			      HAS_INPUT_AMP | IS_STEREO,
		      .amp_caps = AMP_CAPS,
		      .connection = HDA_LINE_IN },
	[HDA_LINE_OUT] = { .caps = TYPE_PIN | HAS_CONNECTION | HAS_RESPONSES | IS_STEREO,
			   .pin_caps = PIN_CAN_OUTPUT | PIN_CAN_SENSE,
			   .config_default = GREEN_LINE_OUT,
			   .connection = HDA_DAC },
	[HDA_LINE_IN] = { .caps = TYPE_PIN | HAS_RESPONSES | IS_STEREO,
			  .pin_caps = PIN_CAN_INPUT | PIN_CAN_SENSE,
			  .config_default = BLUE_LINE_IN },
};

static bool can_sense(enum hda_node node)
{
	return facts[node].pin_caps & PIN_CAN_SENSE;
}

static bool is_converter(enum hda_node node)
{
	return facts[node].caps & HAS_FORMATS;
}

/* --- parameters ------------------------------------------------------------------------------ */

static uint32_t root_parameter(unsigned parameter)
{
	switch (parameter) {
	case VENDOR:
		return HDA_CODEC_VENDOR << 16 | HDA_CODEC_DEVICE;
	case REVISION:
		return 0x00100000;
	case NODE_COUNT:
		return HDA_FUNCTION_GROUP << 16 | 1;
	default:
		return 0;
	}
}

static uint32_t group_parameter(unsigned parameter)
{
	switch (parameter) {
	case SUBSYSTEM:
		return HDA_CODEC_VENDOR << 16 | HDA_CODEC_DEVICE;
	case NODE_COUNT:
		return HDA_DAC << 16 | (HDA_NODES - HDA_DAC);
	case GROUP_TYPE:
		return AUDIO_GROUP;
	case PCM:
		return PCM_BITS | PCM_RATES;
	case STREAM_FORMATS:
		return PCM_FORMATS;
	case POWER_STATES:
		return CAN_D0 | CAN_D3;
	default:
		return 0;
	}
}

static uint32_t widget_parameter(enum hda_node node, unsigned parameter)
{
	const struct node_facts *fact = &facts[node];

	switch (parameter) {
	case WIDGET_CAPS:
		return fact->caps;
	case PCM:
		return is_converter(node) ? PCM_BITS | PCM_RATES : 0;
	case STREAM_FORMATS:
		return is_converter(node) ? PCM_FORMATS : 0;
	case PIN_CAPS:
		return fact->pin_caps;
	case INPUT_AMP_CAPS:
		return fact->caps & HAS_INPUT_AMP ? fact->amp_caps : 0;
	case OUTPUT_AMP_CAPS:
		return fact->caps & HAS_OUTPUT_AMP ? fact->amp_caps : 0;
	case CONNECTION_COUNT:
		return fact->connection != 0;
	default:
		return 0;
	}
}

static uint32_t get_parameter(enum hda_node node, unsigned parameter)
{
	switch (node) {
	case HDA_ROOT:
		return root_parameter(parameter);
	case HDA_FUNCTION_GROUP:
		return group_parameter(parameter);
	default:
		return widget_parameter(node, parameter);
	}
}

/* --- verbs ----------------------------------------------------------------------------------- */

static uint32_t get_amp(const struct hda_codec *codec, enum hda_node node, unsigned payload)
{
	const uint32_t wanted = payload & AMP_GET_OUTPUT ? HAS_OUTPUT_AMP : HAS_INPUT_AMP;

	if (!(facts[node].caps & wanted)) {
		return 0;
	}
	return codec->widgets[node].amps[payload & AMP_GET_LEFT ? 0 : 1];
}

static bool set_amp(struct hda_codec *codec, enum hda_node node, unsigned payload)
{
	const uint32_t wanted = (payload & AMP_SET_OUTPUT ? HAS_OUTPUT_AMP : 0) |
				(payload & AMP_SET_INPUT ? HAS_INPUT_AMP : 0);
	const unsigned gain = MIN(payload & AMP_GAIN, HDA_AMP_STEPS);
	uint8_t *amps = codec->widgets[node].amps;

	if (!(facts[node].caps & wanted)) {
		return false;
	}
	for (unsigned i = 0; i < HDA_CODEC_CHANNELS; i++) {
		if (payload & (i == 0 ? AMP_SET_LEFT : AMP_SET_RIGHT)) {
			amps[i] = (uint8_t)((payload & HDA_AMP_MUTE) | gain);
		}
	}
	return true;
}

static void set_config_default(struct hda_widget *widget, unsigned byte, unsigned value)
{
	widget->config_default &= ~(UINT32_C(0xff) << byte * 8);
	widget->config_default |= value << byte * 8;
}

static uint32_t get(const struct hda_codec *codec, enum hda_node node, unsigned verb,
		    unsigned payload)
{
	const struct hda_widget *widget = &codec->widgets[node];

	switch (verb) {
	case GET_PARAMETER:
		return get_parameter(node, payload);
	case GET_CONNECTION_LIST:
		return payload == 0 ? facts[node].connection : 0;
	case GET_POWER:
		return (uint32_t)widget->power << 4 | widget->power;
	case GET_STREAM:
		return widget->stream;
	case GET_PIN:
		return widget->pin;
	case GET_CONFIG_DEFAULT:
		return widget->config_default;
	case GET_SUBSYSTEM:
		return node == HDA_FUNCTION_GROUP ? group_parameter(SUBSYSTEM) : 0;
	case GET_UNSOLICITED:
		return widget->unsolicited;
	case GET_SENSE:
		return can_sense(node) && !codec->is_unplugged[node] ? PIN_IS_PLUGGED : 0;
	case GET_CONNECTION: /* the first of one */
	default:
		return 0;
	}
}

/* Whether it makes a difference to what is heard. */
static bool set(struct hda_codec *codec, enum hda_node node, unsigned verb, unsigned payload)
{
	struct hda_widget *widget = &codec->widgets[node];

	switch (verb) {
	case SET_POWER:
		/* D1 and D2 are not there. */
		widget->power = (payload & 3) == POWER_D0 ? POWER_D0 : POWER_D3;
		return true;
	case SET_STREAM:
		widget->stream = is_converter(node) ? (uint8_t)payload : 0;
		return true;
	case SET_PIN:
		widget->pin = 0;
		if (facts[node].pin_caps & PIN_CAN_OUTPUT) {
			widget->pin |= payload & PIN_OUTPUT_ENABLE;
		}
		if (facts[node].pin_caps & PIN_CAN_INPUT) {
			widget->pin |= payload & PIN_INPUT_ENABLE;
		}
		return true;
	case SET_UNSOLICITED:
		widget->unsolicited = can_sense(node) ? (uint8_t)payload : 0;
		return false;
	case SET_CONFIG_DEFAULT:
	case SET_CONFIG_DEFAULT + 1:
	case SET_CONFIG_DEFAULT + 2:
	case SET_CONFIG_DEFAULT + 3:
		set_config_default(widget, verb - SET_CONFIG_DEFAULT, payload);
		return false;
	case FUNCTION_RESET:
		if (node == HDA_FUNCTION_GROUP) {
			hda_codec_reset(codec);
		}
		return true;
	default:
		return false;
	}
}

uint32_t hda_codec_command(struct hda_codec *codec, uint32_t command, bool *sounds_different)
{
	const enum hda_node node = (enum hda_node)(command >> 20 & 0xff);
	const unsigned long_verb = command >> 16 & 0xf;
	const unsigned verb = command >> 8 & 0xfff;
	struct hda_widget *widget;

	if (node >= HDA_NODES) {
		return 0;
	}
	widget = &codec->widgets[node];
	switch (long_verb) {
	case GET_FORMAT:
		return widget->format;
	case GET_AMP:
		return get_amp(codec, node, command & 0xffff);
	case SET_FORMAT:
		widget->format = is_converter(node) ? (uint16_t)command : 0;
		return 0;
	case SET_AMP:
		*sounds_different |= set_amp(codec, node, command & 0xffff);
		return 0;
	case GET_PARAMETER >> 8:
		return get(codec, node, verb, command & 0xff);
	default:
		*sounds_different |= set(codec, node, verb, command & 0xff);
		return 0;
	}
}

/* --- sound ----------------------------------------------------------------------------------- */

static uint32_t loudness(uint8_t amp)
{
	uint64_t volume = (uint64_t)AUDIO_VOLUME_MAX << 16;

	if (amp & HDA_AMP_MUTE) {
		return 0;
	}
	for (unsigned step = amp & AMP_GAIN; step < HDA_AMP_STEPS; step++) {
		volume = volume * (AMP_STEP_FACTOR >> 8) >> 24;
	}
	return (uint32_t)(volume >> 16);
}

void hda_codec_volumes(const struct hda_codec *codec, unsigned tag, bool is_capture,
		       uint32_t *volumes)
{
	const struct hda_widget *converter = &codec->widgets[is_capture ? HDA_ADC : HDA_DAC];
	const struct hda_widget *pin = &codec->widgets[is_capture ? HDA_LINE_IN : HDA_LINE_OUT];
	const struct hda_widget *group = &codec->widgets[HDA_FUNCTION_GROUP];
	const bool is_on = tag != 0 && converter->stream >> 4 == tag && group->power == POWER_D0 &&
			   converter->power == POWER_D0 && pin->power == POWER_D0 && pin->pin != 0;

	for (unsigned i = 0; i < HDA_CODEC_CHANNELS; i++) {
		volumes[i] = is_on ? loudness(converter->amps[i]) : 0;
	}
}

bool hda_codec_plug(struct hda_codec *codec, enum hda_node pin, bool connected, uint32_t *response)
{
	const uint8_t wanted = codec->widgets[pin].unsolicited;
	const bool is_other = codec->is_unplugged[pin] == connected;

	codec->is_unplugged[pin] = !connected;
	*response = (uint32_t)(wanted & UNSOLICITED_TAG) << UNSOLICITED_TAG_SHIFT;
	return is_other && wanted & UNSOLICITED_ENABLE;
}

void hda_codec_reset(struct hda_codec *codec)
{
	memset(codec->widgets, 0, sizeof(codec->widgets));
	for (unsigned i = 0; i < HDA_NODES; i++) {
		struct hda_widget *widget = &codec->widgets[i];

		widget->config_default = facts[i].config_default;
		if (is_converter((enum hda_node)i)) {
			widget->format = FORMAT_48K_16BIT_STEREO;
			memset(widget->amps, HDA_AMP_STEPS, sizeof(widget->amps));
		}
	}
}
