/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/snd_state.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* One function group has everything: Linux makes one PCM device of it. */
#define GROUP 0u

/* Pin configuration and capabilities (High Definition Audio 1.0a §7.3.3.31, §7.3.4.9): jacks of
 * 3.5 mm at the rear, green for line out, pink for the microphone, which tell what is plugged. */
#define LINE_OUT_CONFIG	  0x01014010u
#define LINE_OUT_CAPS	  0x00000014u
#define MICROPHONE_CONFIG 0x01a19020u
#define MICROPHONE_CAPS	  0x00000024u

_Static_assert(sizeof(struct virtio_snd_jack_info) == 24, "virtio 1.2 §5.14.6.4.1");
_Static_assert(sizeof(struct virtio_snd_pcm_info) == 32, "virtio 1.2 §5.14.6.6.2");
_Static_assert(sizeof(struct virtio_snd_chmap_info) == 24, "virtio 1.2 §5.14.6.9.1");

/* --- formats and rates ----------------------------------------------------------------------- */

static const struct {
	uint8_t format;
	enum audio_sample sample;
} formats[] = {
	{ VIRTIO_SND_PCM_FMT_U8, AUDIO_U8 },	 { VIRTIO_SND_PCM_FMT_S16, AUDIO_S16 },
	{ VIRTIO_SND_PCM_FMT_S24_3, AUDIO_S24 }, { VIRTIO_SND_PCM_FMT_S24, AUDIO_S24_32 },
	{ VIRTIO_SND_PCM_FMT_S32, AUDIO_S32 },	 { VIRTIO_SND_PCM_FMT_FLOAT, AUDIO_F32 },
};

static const uint32_t rates_hz[] = {
	[VIRTIO_SND_PCM_RATE_8000] = 8000,     [VIRTIO_SND_PCM_RATE_11025] = 11025,
	[VIRTIO_SND_PCM_RATE_16000] = 16000,   [VIRTIO_SND_PCM_RATE_22050] = 22050,
	[VIRTIO_SND_PCM_RATE_32000] = 32000,   [VIRTIO_SND_PCM_RATE_44100] = 44100,
	[VIRTIO_SND_PCM_RATE_48000] = 48000,   [VIRTIO_SND_PCM_RATE_64000] = 64000,
	[VIRTIO_SND_PCM_RATE_88200] = 88200,   [VIRTIO_SND_PCM_RATE_96000] = 96000,
	[VIRTIO_SND_PCM_RATE_176400] = 176400, [VIRTIO_SND_PCM_RATE_192000] = 192000,
};

bool snd_info_sample(uint8_t format, enum audio_sample *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].format == format) {
			*out = formats[i].sample;
			return true;
		}
	}
	return false;
}

bool snd_info_rate(uint8_t rate, uint32_t *out_hz)
{
	if (rate >= ARRAY_SIZE(rates_hz) || !rates_hz[rate]) {
		return false;
	}
	*out_hz = rates_hz[rate];
	return true;
}

static uint64_t format_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		bits |= UINT64_C(1) << formats[i].format;
	}
	return bits;
}

static uint64_t rate_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rates_hz); i++) {
		bits |= (rates_hz[i] ? UINT64_C(1) : 0) << i;
	}
	return bits;
}

/* --- channel maps ---------------------------------------------------------------------------- */

static const uint8_t chmap_channels[] = { 1, 2, 4, 6, 8 };

static const uint8_t positions[AUDIO_PLACES] = {
	[AUDIO_MONO] = VIRTIO_SND_CHMAP_MONO,	   [AUDIO_FRONT_LEFT] = VIRTIO_SND_CHMAP_FL,
	[AUDIO_FRONT_RIGHT] = VIRTIO_SND_CHMAP_FR, [AUDIO_FRONT_CENTER] = VIRTIO_SND_CHMAP_FC,
	[AUDIO_LFE] = VIRTIO_SND_CHMAP_LFE,	   [AUDIO_REAR_LEFT] = VIRTIO_SND_CHMAP_RL,
	[AUDIO_REAR_RIGHT] = VIRTIO_SND_CHMAP_RR,  [AUDIO_SIDE_LEFT] = VIRTIO_SND_CHMAP_SL,
	[AUDIO_SIDE_RIGHT] = VIRTIO_SND_CHMAP_SR,
};

_Static_assert(2 * ARRAY_SIZE(chmap_channels) <= SND_CHMAPS_MAX, "both directions");

static void add_chmaps(struct virtio_snd *snd, enum audio_direction direction)
{
	for (size_t i = 0; i < ARRAY_SIZE(chmap_channels); i++) {
		if (chmap_channels[i] <= snd->channels[direction]) {
			snd->chmaps[snd->chmap_count++] =
				(struct snd_chmap){ direction, chmap_channels[i] };
		}
	}
}

/* --- items ----------------------------------------------------------------------------------- */

static uint8_t wire_direction(enum audio_direction direction)
{
	return direction == AUDIO_PLAYBACK ? VIRTIO_SND_D_OUTPUT : VIRTIO_SND_D_INPUT;
}

static void describe_jack(const struct virtio_snd *snd, unsigned index, uint8_t *item)
{
	struct virtio_snd_jack_info info = { .connected = snd->jacks[index].is_connected };

	store_le32(&info.hdr.hda_fn_nid, GROUP);
	store_le32(&info.features, 1u << VIRTIO_SND_JACK_F_REMAP);
	store_le32(&info.hda_reg_defconf, snd->jacks[index].config);
	store_le32(&info.hda_reg_caps,
		   index == AUDIO_JACK_LINE_OUT ? LINE_OUT_CAPS : MICROPHONE_CAPS);
	memcpy(item, &info, sizeof(info));
}

static void describe_stream(const struct virtio_snd *snd, unsigned index, uint8_t *item)
{
	const enum audio_direction direction = snd->streams[index].direction;
	struct virtio_snd_pcm_info info = { .direction = wire_direction(direction),
					    .channels_min = 1,
					    .channels_max = (uint8_t)snd->channels[direction] };

	store_le32(&info.hdr.hda_fn_nid, GROUP);
	store_le32(&info.features, SND_STREAM_FEATURES);
	store_le64(&info.formats, format_bits());
	store_le64(&info.rates, rate_bits());
	memcpy(item, &info, sizeof(info));
}

static void describe_chmap(const struct virtio_snd *snd, unsigned index, uint8_t *item)
{
	const struct snd_chmap *chmap = &snd->chmaps[index];
	struct virtio_snd_chmap_info info = { .direction = wire_direction(chmap->direction),
					      .channels = chmap->channels };
	struct audio_format format = { .channels = chmap->channels };

	audio_format_set_places(&format);
	for (unsigned i = 0; i < chmap->channels; i++) {
		info.positions[i] = positions[format.places[i]];
	}
	store_le32(&info.hdr.hda_fn_nid, GROUP);
	memcpy(item, &info, sizeof(info));
}

unsigned snd_info_count(const struct virtio_snd *snd, uint32_t code)
{
	switch (code) {
	case VIRTIO_SND_R_JACK_INFO:
		return snd->jack_count;
	case VIRTIO_SND_R_PCM_INFO:
		return snd->stream_count;
	default:
		return snd->chmap_count;
	}
}

void snd_info_describe(const struct virtio_snd *snd, uint32_t code, unsigned index, uint8_t *item)
{
	memset(item, 0, SND_INFO_BYTES_MAX);
	switch (code) {
	case VIRTIO_SND_R_JACK_INFO:
		describe_jack(snd, index, item);
		break;
	case VIRTIO_SND_R_PCM_INFO:
		describe_stream(snd, index, item);
		break;
	default:
		describe_chmap(snd, index, item);
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------ */

void snd_info_reset(struct virtio_snd *snd)
{
	snd->jacks[AUDIO_JACK_LINE_OUT].config = LINE_OUT_CONFIG;
	snd->jacks[AUDIO_JACK_MICROPHONE].config = MICROPHONE_CONFIG;
	for (unsigned i = 0; i < SND_JACKS; i++) {
		snd->jacks[i].is_due = false; /* a driver asks first how they are */
	}
}

void snd_info_init(struct virtio_snd *snd)
{
	struct virtio_snd_config config;
	const bool has_capture = snd->channels[AUDIO_CAPTURE] > 0;

	snd->jack_count = has_capture ? SND_JACKS : SND_JACKS - 1;
	for (unsigned i = 0; i < SND_JACKS; i++) {
		snd->jacks[i].is_connected = true;
	}
	snd_info_reset(snd);
	add_chmaps(snd, AUDIO_PLAYBACK);
	add_chmaps(snd, AUDIO_CAPTURE);
	store_le32(&config.jacks, snd->jack_count);
	store_le32(&config.streams, snd->stream_count);
	store_le32(&config.chmaps, snd->chmap_count);
	snd->v.config_size = sizeof(config);
	memcpy(snd->v.config, &config, sizeof(config));
}
