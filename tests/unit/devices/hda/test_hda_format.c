/* SPDX-License-Identifier: MIT */
/* LINK: devices/hda/ devices/pci/ devices/legacy/reset_port.c audio/format.c vmm/bus/ vmm/mem/ */
/* LINK: vmm/kvm/ tests/unit/devices/hda/fake_audio.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "devices/hda/hda_state.h"
#include "vmm/base/clock.h"

#define SECONDS(n) ((n)*NS_PER_SECOND)

TestSuite(hda_format, .timeout = 10);

struct format_row {
	uint16_t value;
	uint32_t rate_hz;
	enum audio_sample sample;
	uint32_t channels;
};

static struct format_row format_rows[] = {
	{ 0x0011, 48000, AUDIO_S16, 2 },  { 0x4011, 44100, AUDIO_S16, 2 },
	{ 0x0500, 8000, AUDIO_U8, 1 },	  { 0x4310, 11025, AUDIO_S16, 1 },
	{ 0x0a11, 32000, AUDIO_S16, 2 },  { 0x0221, 16000, AUDIO_S32, 2 },
	{ 0x0831, 96000, AUDIO_S32, 2 },  { 0x1841, 192000, AUDIO_S32, 2 },
	{ 0x5841, 176400, AUDIO_S32, 2 },
};

ParameterizedTestParameters(hda_format, formats_are_understood)
{
	return cr_make_param_array(struct format_row, format_rows, ARRAY_SIZE(format_rows));
}

ParameterizedTest(struct format_row *row, hda_format, formats_are_understood)
{
	struct audio_format format;

	cr_assert(hda_parse_format(row->value, &format));
	cr_assert(eq(u32, format.rate_hz, row->rate_hz));
	cr_assert(eq(int, format.sample, row->sample));
	cr_assert(eq(u32, format.channels, row->channels));
	cr_assert(audio_format_is_valid(&format));
}

Test(hda_format, other_formats_are_refused)
{
	struct audio_format format;

	cr_assert(not(hda_parse_format(0x8011, &format)), "not PCM");
	cr_assert(not(hda_parse_format(0x0051, &format)), "no such size");
	cr_assert(not(hda_parse_format(0x0012, &format)), "three channels");
	cr_assert(not(hda_parse_format(0x0611, &format)), "48 kHz by 7");
	cr_assert(not(hda_parse_format(0x3811, &format)), "48 kHz by 8");
	cr_assert(not(hda_parse_format(0x0711, &format)), "6 kHz");
}

Test(hda_format, clock_goes_on_between_what_was_seen)
{
	const struct hda_clock clock = { .frames = 1000, .at_ns = SECONDS(5), .rate_hz = 44100 };
	const struct hda_clock stands = { .frames = 1000, .at_ns = SECONDS(5) };

	cr_assert(eq(u64, hda_clock_at(&clock, SECONDS(5), 9000), 1000));
	cr_assert(eq(u64, hda_clock_at(&clock, SECONDS(5) + 10000000, 9000), 1441));
	cr_assert(eq(u64, hda_clock_at(&clock, SECONDS(6), 9000), 9000), "no more than is there");
	cr_assert(eq(u64, hda_clock_at(&clock, SECONDS(4), 9000), 1000), "never back");
	cr_assert(eq(u64, hda_clock_at(&stands, SECONDS(6), 9000), 1000));
	cr_assert(eq(u64, hda_clock_at(&clock, SECONDS(5) + SECONDS(1000000), UINT64_MAX),
		     1000 + UINT64_C(44100) * 1000000));
}
