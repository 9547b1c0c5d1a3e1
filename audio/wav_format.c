/* SPDX-License-Identifier: MIT */
#include "audio/wav_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define TAG_PCM	       1u
#define TAG_FLOAT      3u
#define TAG_EXTENSIBLE 0xfffeu

#define MASK_MONO   0x4u /* front centre */
#define MASK_STEREO 0x3u

/* The rest of the GUID whose first two bytes are one of the tags above. */
static const uint8_t guid_rest[14] = { 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
				       0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71 };

static const uint32_t place_bits[AUDIO_PLACES] = {
	[AUDIO_MONO] = MASK_MONO,   [AUDIO_FRONT_LEFT] = 0x1,  [AUDIO_FRONT_RIGHT] = 0x2,
	[AUDIO_FRONT_CENTER] = 0x4, [AUDIO_LFE] = 0x8,	       [AUDIO_REAR_LEFT] = 0x10,
	[AUDIO_REAR_RIGHT] = 0x20,  [AUDIO_SIDE_LEFT] = 0x200, [AUDIO_SIDE_RIGHT] = 0x400,
};

/* The loudspeakers of a file that does not name them. */
static const uint32_t usual_masks[AUDIO_CHANNELS_MAX + 1] = {
	0, MASK_MONO, MASK_STEREO, 0x7, 0x33, 0x37, 0x3f, 0x637, 0x63f,
};

/* --- layout --- */

static enum audio_sample file_sample(enum audio_sample sample)
{
	return sample == AUDIO_S24_32 ? AUDIO_S24 : sample;
}

/* Channels come in the order of their bits. */
static void sort_channels(struct wav_layout *layout, const struct audio_format *format)
{
	unsigned count = 0;

	for (uint32_t bit = 1; bit <= place_bits[AUDIO_SIDE_RIGHT]; bit <<= 1) {
		for (unsigned i = 0; i < format->channels; i++) {
			if (place_bits[format->places[i]] == bit) {
				layout->order[count++] = (uint8_t)i;
			}
		}
	}
}

void wav_layout_init(struct wav_layout *layout, const struct audio_format *format)
{
	uint32_t mask = 0;

	*layout = (struct wav_layout){
		.format = { file_sample(format->sample), format->rate_hz, format->channels, 0 },
		.stream_sample_bytes = (uint32_t)audio_sample_bytes(format->sample),
		.file_sample_bytes = (uint32_t)audio_sample_bytes(file_sample(format->sample)),
	};
	for (unsigned i = 0; i < format->channels; i++) {
		mask |= place_bits[format->places[i]];
		layout->order[i] = (uint8_t)i;
	}
	if (format->channels == 1) {
		layout->format.mask = MASK_MONO;
	} else if ((unsigned)__builtin_popcount(mask) == format->channels) {
		layout->format.mask = mask;
		sort_channels(layout, format);
	}
}

size_t wav_stream_frame_bytes(const struct wav_layout *layout)
{
	return (size_t)layout->format.channels * layout->stream_sample_bytes;
}

size_t wav_file_frame_bytes(const struct wav_layout *layout)
{
	return (size_t)layout->format.channels * layout->file_sample_bytes;
}

void wav_to_file(const struct wav_layout *layout, const void *frames, size_t count, void *out)
{
	const uint8_t *from = frames;
	uint8_t *to = out;

	for (size_t i = 0; i < count; i++) {
		for (unsigned c = 0; c < layout->format.channels; c++) {
			memcpy(to, from + layout->order[c] * layout->stream_sample_bytes,
			       layout->file_sample_bytes);
			to += layout->file_sample_bytes;
		}
		from += wav_stream_frame_bytes(layout);
	}
}

/* Three bytes into four: the fourth continues the sign. */
static void put_sample(const struct wav_layout *layout, const uint8_t *from, uint8_t *to)
{
	memcpy(to, from, layout->file_sample_bytes);
	if (layout->stream_sample_bytes > layout->file_sample_bytes) {
		to[3] = (to[2] & 0x80) ? 0xff : 0;
	}
}

void wav_from_file(const struct wav_layout *layout, const void *in, size_t count, void *frames)
{
	const uint8_t *from = in;
	uint8_t *to = frames;

	for (size_t i = 0; i < count; i++) {
		for (unsigned c = 0; c < layout->format.channels; c++) {
			put_sample(layout, from,
				   to + layout->order[c] * layout->stream_sample_bytes);
			from += layout->file_sample_bytes;
		}
		to += wav_stream_frame_bytes(layout);
	}
}

bool wav_format_is_equal(const struct wav_format *a, const struct wav_format *b)
{
	return a->sample == b->sample && a->rate_hz == b->rate_hz && a->channels == b->channels &&
	       a->mask == b->mask;
}

void wav_format_describe(const struct wav_format *format, char text[WAV_FORMAT_TEXT_MAX])
{
	(void)snprintf(text, WAV_FORMAT_TEXT_MAX, "%s, %u channel%s, %u Hz",
		       audio_sample_name(format->sample), format->channels,
		       format->channels == 1 ? "" : "s", format->rate_hz);
}

/* --- making a header --- */

static bool is_plain(const struct wav_format *format)
{
	return (format->sample == AUDIO_U8 || format->sample == AUDIO_S16) &&
	       (format->mask == MASK_MONO || format->mask == MASK_STEREO);
}

static uint8_t *put_name(uint8_t *p, const char *name)
{
	memcpy(p, name, 4);
	return p + 4;
}

static uint8_t *put_32(uint8_t *p, uint32_t value)
{
	store_le32(p, value);
	return p + 4;
}

static uint8_t *put_16(uint8_t *p, uint32_t value)
{
	store_le16(p, (uint16_t)value);
	return p + 2;
}

/* What each kind of "fmt " chunk begins with. */
static uint8_t *put_format(uint8_t *p, const struct wav_format *format, uint32_t tag)
{
	uint32_t sample_bytes = (uint32_t)audio_sample_bytes(format->sample);

	p = put_16(p, tag);
	p = put_16(p, format->channels);
	p = put_32(p, format->rate_hz);
	p = put_32(p, format->rate_hz * format->channels * sample_bytes);
	p = put_16(p, format->channels * sample_bytes);
	return put_16(p, sample_bytes * 8);
}

static uint8_t *put_extension(uint8_t *p, const struct wav_format *format)
{
	p = put_16(p, 22); /* bytes that follow */
	p = put_16(p, (uint32_t)audio_sample_bytes(format->sample) * 8);
	p = put_32(p, format->mask);
	p = put_16(p, format->sample == AUDIO_F32 ? TAG_FLOAT : TAG_PCM);
	memcpy(p, guid_rest, sizeof(guid_rest));
	return p + sizeof(guid_rest);
}

size_t wav_header_make(const struct wav_format *format, uint32_t data_bytes,
		       uint8_t header[WAV_HEADER_MAX_BYTES])
{
	size_t frame_bytes = format->channels * audio_sample_bytes(format->sample);
	size_t header_bytes = is_plain(format) ? 44 : WAV_HEADER_MAX_BYTES;
	uint8_t *p = header;

	p = put_name(p, "RIFF");
	p = put_32(p, (uint32_t)header_bytes - 8 + data_bytes + (data_bytes & 1));
	p = put_name(p, "WAVE");
	p = put_name(p, "fmt ");
	if (is_plain(format)) {
		p = put_32(p, WAV_FMT_MIN_BYTES);
		p = put_format(p, format, TAG_PCM);
	} else {
		p = put_32(p, WAV_FMT_MAX_BYTES);
		p = put_format(p, format, TAG_EXTENSIBLE);
		p = put_extension(p, format);
		p = put_name(p, "fact");
		p = put_32(p, 4);
		p = put_32(p, (uint32_t)(data_bytes / frame_bytes));
	}
	p = put_name(p, "data");
	p = put_32(p, data_bytes);
	return (size_t)(p - header);
}

/* --- reading a format --- */

static int find_sample(uint32_t tag, uint32_t bits, enum audio_sample *out)
{
	static const struct {
		uint32_t tag, bits;
		enum audio_sample sample;
	} kinds[] = {
		{ TAG_PCM, 8, AUDIO_U8 },     { TAG_PCM, 16, AUDIO_S16 },
		{ TAG_PCM, 24, AUDIO_S24 },   { TAG_PCM, 32, AUDIO_S32 },
		{ TAG_FLOAT, 32, AUDIO_F32 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].tag == tag && kinds[i].bits == bits) {
			*out = kinds[i].sample;
			return 0;
		}
	}
	return -EINVAL;
}

/* The tag and the loudspeakers that an extended chunk has instead of the plain ones. */
static int parse_extension(const uint8_t *chunk, size_t bytes, uint32_t *tag, uint32_t *mask)
{
	if (bytes < WAV_FMT_MAX_BYTES || memcmp(chunk + 26, guid_rest, sizeof(guid_rest)) != 0) {
		return -EINVAL;
	}
	*mask = load_le32(chunk + 20);
	*tag = load_le16(chunk + 24);
	return 0;
}

int wav_format_parse(const uint8_t *chunk, size_t bytes, struct wav_format *out, struct error *err)
{
	uint32_t tag = bytes < WAV_FMT_MIN_BYTES ? 0 : load_le16(chunk);
	uint32_t bits;
	uint32_t mask = 0;

	if (bytes < WAV_FMT_MIN_BYTES) {
		return error_set(err, -EINVAL, "damaged WAV file: its format is cut off");
	}
	out->channels = load_le16(chunk + 2);
	out->rate_hz = load_le32(chunk + 4);
	bits = load_le16(chunk + 14);
	if (tag == TAG_EXTENSIBLE && parse_extension(chunk, bytes, &tag, &mask) < 0) {
		return error_set(err, -EINVAL, "compressed or unknown kind of WAV file");
	}
	if (find_sample(tag, bits, &out->sample) < 0) {
		return error_set(err, -EINVAL,
				 "WAV file of kind %u with %u bits: can be PCM of 8, "
				 "16, 24 or 32 bits, or float of 32",
				 tag, bits);
	}
	if (out->channels < 1 || out->channels > AUDIO_CHANNELS_MAX ||
	    out->rate_hz < AUDIO_RATE_MIN_HZ || out->rate_hz > AUDIO_RATE_MAX_HZ) {
		return error_set(err, -EINVAL,
				 "WAV file of %u channels at %u Hz: can be 1 to %u "
				 "at %u to %u",
				 out->channels, out->rate_hz, AUDIO_CHANNELS_MAX, AUDIO_RATE_MIN_HZ,
				 AUDIO_RATE_MAX_HZ);
	}
	if (load_le16(chunk + 12) != out->channels * bits / 8) {
		return error_set(err, -EINVAL, "damaged WAV file: frames of %u bytes",
				 load_le16(chunk + 12));
	}
	out->mask = mask && out->channels > 1 ? mask : usual_masks[out->channels];
	return 0;
}
