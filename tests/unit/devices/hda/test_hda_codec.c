/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/hda_codec.c */
#include "devices/hda/hda_codec.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "audio/audio.h"

#define GET_PARAMETER 0xf00u
#define NODE_COUNT    0x04u
#define WIDGET_CAPS   0x09u
#define WIDGETS_MAX   16u

#define OUTPUT 0u
#define INPUT  1u
#define PIN    4u

static struct hda_codec codec;
static bool sounds_different;

static void set_up(void)
{
	hda_codec_reset(&codec);
}

TestSuite(hda_codec, .init = set_up, .timeout = 10);

static uint32_t verb12(unsigned node, unsigned verb, unsigned payload)
{
	return hda_codec_command(&codec, node << 20 | verb << 8 | payload, &sounds_different);
}

static uint32_t verb4(unsigned node, unsigned verb, unsigned payload)
{
	return hda_codec_command(&codec, node << 20 | verb << 16 | payload, &sounds_different);
}

static uint32_t parameter(unsigned node, unsigned id)
{
	return verb12(node, GET_PARAMETER, id);
}

static unsigned type_of(unsigned node)
{
	return parameter(node, WIDGET_CAPS) >> 20 & 0xf;
}

static uint32_t volume(unsigned channel, bool is_capture)
{
	uint32_t volumes[HDA_CODEC_CHANNELS];

	hda_codec_volumes(&codec, 1, is_capture, volumes);
	return volumes[channel];
}

static void connect(void)
{
	(void)verb12(HDA_DAC, 0x706, 0x10);
	(void)verb12(HDA_LINE_OUT, 0x707, 0x40);
	(void)verb12(HDA_ADC, 0x706, 0x10);
	(void)verb12(HDA_LINE_IN, 0x707, 0x20);
}

/* What a driver does first: root, function group, its widgets. */
Test(hda_codec, tree_can_be_walked)
{
	const uint32_t groups = parameter(0, NODE_COUNT);
	const unsigned group = groups >> 16;
	const uint32_t widgets = parameter(group, NODE_COUNT);
	const unsigned first = widgets >> 16, count = widgets & 0xff;
	unsigned types[WIDGETS_MAX] = { 0 };

	cr_assert(eq(u32, groups & 0xff, 1));
	cr_assert(eq(u32, parameter(group, 0x05) & 0xff, 1), "an audio function group");
	cr_assert(gt(uint, first, group));
	for (unsigned i = first; i < first + count; i++) {
		types[type_of(i)]++;
		cr_assert(parameter(i, WIDGET_CAPS) & 1, "stereo");
	}
	cr_assert(eq(uint, types[OUTPUT], 1));
	cr_assert(eq(uint, types[INPUT], 1));
	cr_assert(eq(uint, types[PIN], 2));
	cr_assert(eq(uint, types[OUTPUT] + types[INPUT] + types[PIN], count));
}

/* From the line-out jack back to the DAC, and from the ADC to the line-in jack. */
Test(hda_codec, paths_can_be_followed)
{
	cr_assert(eq(u32, parameter(HDA_LINE_OUT, 0x0e), 1));
	cr_assert(eq(u32, verb12(HDA_LINE_OUT, 0xf02, 0), HDA_DAC));
	cr_assert(eq(u32, verb12(HDA_LINE_OUT, 0xf02, 1), 0));
	cr_assert(eq(u32, verb12(HDA_ADC, 0xf02, 0), HDA_LINE_IN));
	cr_assert(eq(u32, parameter(HDA_LINE_OUT, 0x0c), 0x14), "can output, and sense");
	cr_assert(eq(u32, parameter(HDA_LINE_IN, 0x0c), 0x24), "can input");
	cr_assert(eq(u32, verb12(HDA_LINE_OUT, 0xf1c, 0) >> 20 & 0xf, 0), "line out");
	cr_assert(eq(u32, verb12(HDA_LINE_IN, 0xf1c, 0) >> 20 & 0xf, 8), "line in");
	cr_assert(eq(u32, verb12(HDA_LINE_OUT, 0xf1c, 0) >> 30, 0), "a jack");
}

Test(hda_codec, converters_tell_their_formats)
{
	cr_assert(eq(u32, parameter(HDA_DAC, 0x0a), 0x1f07ff), "8 to 192 kHz, 8 to 32 bits");
	cr_assert(eq(u32, parameter(HDA_ADC, 0x0a), 0x1f07ff));
	cr_assert(eq(u32, parameter(HDA_DAC, 0x0b), 1), "PCM");
	cr_assert(eq(u32, parameter(HDA_LINE_OUT, 0x0a), 0));
	cr_assert(eq(u32, verb4(HDA_DAC, 0xa, 0), 0x0011), "48 kHz, 16 bits, stereo");
	(void)verb4(HDA_DAC, 0x2, 0x4011);
	cr_assert(eq(u32, verb4(HDA_DAC, 0xa, 0), 0x4011));
	(void)verb4(HDA_LINE_OUT, 0x2, 0x4011);
	cr_assert(eq(u32, verb4(HDA_LINE_OUT, 0xa, 0), 0), "no converter");
}

Test(hda_codec, amplifiers_keep_each_side)
{
	const uint32_t caps = parameter(HDA_DAC, 0x12);

	cr_assert(eq(u32, caps >> 8 & 0x7f, HDA_AMP_STEPS));
	cr_assert(eq(u32, caps & 0x7f, HDA_AMP_STEPS), "0 dB is the uppermost");
	cr_assert(eq(u32, caps >> 31, 1), "can mute");
	cr_assert(eq(u32, parameter(HDA_DAC, 0x0d), 0), "none at its input");
	cr_assert(eq(u32, parameter(HDA_ADC, 0x0d), caps));
	(void)verb4(HDA_DAC, 0x3, 0xa000 | 10);
	(void)verb4(HDA_DAC, 0x3, 0x9000 | 0x80 | 20);
	cr_assert(eq(u32, verb4(HDA_DAC, 0xb, 0xa000), 10), "left");
	cr_assert(eq(u32, verb4(HDA_DAC, 0xb, 0x8000), 0x80 | 20), "right");
	cr_assert(eq(u32, verb4(HDA_DAC, 0xb, 0x2000), 0), "input");
	(void)verb4(HDA_DAC, 0x3, 0xb000 | 0x7f);
	cr_assert(eq(u32, verb4(HDA_DAC, 0xb, 0x8000), HDA_AMP_STEPS), "no more than there is");
}

Test(hda_codec, volume_is_heard_in_steps_of_three_quarters_of_a_decibel)
{
	connect();
	cr_assert(eq(u32, volume(0, false), AUDIO_VOLUME_MAX));
	cr_assert(eq(u32, volume(1, true), AUDIO_VOLUME_MAX));
	sounds_different = false;
	(void)verb4(HDA_DAC, 0x3, 0xa000 | (HDA_AMP_STEPS - 8));
	cr_assert(sounds_different);
	/* -6 dB: 65536 times 0.50119. */
	cr_assert(ge(u32, volume(0, false), 32840));
	cr_assert(le(u32, volume(0, false), 32848));
	cr_assert(eq(u32, volume(1, false), AUDIO_VOLUME_MAX));
	/* -63.75 dB: 65536 times 0.000649. */
	(void)verb4(HDA_DAC, 0x3, 0xa000);
	cr_assert(ge(u32, volume(0, false), 41));
	cr_assert(le(u32, volume(0, false), 43));
	(void)verb4(HDA_DAC, 0x3, 0xa000 | HDA_AMP_MUTE | HDA_AMP_STEPS);
	cr_assert(eq(u32, volume(0, false), 0));
}

Test(hda_codec, nothing_is_heard_off_the_path)
{
	connect();
	(void)verb12(HDA_LINE_OUT, 0x707, 0);
	cr_assert(eq(u32, volume(0, false), 0), "the jack is off");
	connect();
	(void)verb12(HDA_DAC, 0x706, 0x20);
	cr_assert(eq(u32, volume(0, false), 0), "another stream");
	connect();
	(void)verb12(HDA_FUNCTION_GROUP, 0x705, 3);
	cr_assert(eq(u32, verb12(HDA_FUNCTION_GROUP, 0xf05, 0), 0x33));
	cr_assert(eq(u32, volume(0, false), 0), "without power");
	(void)verb12(HDA_FUNCTION_GROUP, 0x705, 0);
	cr_assert(eq(u32, volume(0, false), AUDIO_VOLUME_MAX));
	(void)verb12(HDA_LINE_IN, 0x707, 0x40);
	cr_assert(eq(u32, verb12(HDA_LINE_IN, 0xf07, 0), 0), "it can't output");
	cr_assert(eq(u32, volume(0, true), 0));
}

Test(hda_codec, firmware_can_describe_the_jacks)
{
	for (unsigned i = 0; i < 4; i++) {
		(void)verb12(HDA_LINE_IN, 0x71c + i, 0x10 + i);
	}
	cr_assert(eq(u32, verb12(HDA_LINE_IN, 0xf1c, 0), 0x13121110));
}

Test(hda_codec, function_reset_forgets_all)
{
	connect();
	(void)verb4(HDA_DAC, 0x3, 0xb000);
	(void)verb12(HDA_DAC, 0x7ff, 0);
	cr_assert(eq(u32, verb12(HDA_DAC, 0xf06, 0), 0x10), "only the group resets");
	(void)verb12(HDA_FUNCTION_GROUP, 0x7ff, 0);
	cr_assert(eq(u32, verb12(HDA_DAC, 0xf06, 0), 0));
	cr_assert(eq(u32, verb4(HDA_DAC, 0xb, 0x8000), HDA_AMP_STEPS));
}

/* Every node there could be, with every verb. */
Test(hda_codec, unknown_commands_answer_zero)
{
	cr_assert(eq(u32, verb12(HDA_NODES, 0xf00, 0), 0));
	cr_assert(eq(u32, verb12(0xff, 0xf00, 9), 0));
	cr_assert(eq(u32, verb12(HDA_DAC, 0xf00, 0xff), 0));
	cr_assert(eq(u32, verb12(HDA_DAC, 0xfff, 0), 0));
	cr_assert(eq(u32, verb4(HDA_DAC, 0xc, 0), 0));
	cr_assert(eq(u32, verb12(HDA_DAC, 0xf09, 0), 0), "no jack");
	cr_assert(eq(u32, verb12(HDA_DAC, 0xf08, 0), 0), "no unsolicited responses");
	for (uint32_t command = 0; command < 1u << 28; command += 251) {
		(void)hda_codec_command(&codec, command, &sounds_different);
	}
}
