/* SPDX-License-Identifier: MIT */
#include "devices/virtio/edid.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "devices/virtio/edid_parts.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

#define REFRESH_MHZ_MIN	  10000u
#define REFRESH_MHZ_MAX	  500000u
#define MILLIMETRES_MAX	  2550u /* centimetres in a byte */
#define DESCRIPTOR_BYTES  18u
#define DESCRIPTOR_TEXT	  13u
#define DETAILED_SIDE_MAX 4095u	 /* 12 bits */
#define DETAILED_CLOCK	  65535u /* 16 bits */

/* --- timings: reduced blanking as in VESA CVT 1.1 §3.4 --------------------------------------- */

#define V_BACK_MIN	6u
#define V_BLANK_MIN_NS	460000u
#define CLOCK_HZ	10000u /* the unit of pixel clocks */
#define PICOSECONDS_MHZ 1000000000000u

/* The shapes that CVT knows; its height of the vertical sync tells them apart. */
struct shape {
	uint8_t across, down, v_sync, displayid;
};

static const struct shape SHAPES[] = {
	{ 4, 3, 4, 2 }, { 16, 9, 5, 4 }, { 16, 10, 6, 5 }, { 5, 4, 7, 1 }, { 15, 9, 7, 3 },
};
static const struct shape OTHER_SHAPE = { .v_sync = 10, .displayid = 8 };

static const struct shape *find_shape(uint32_t width, uint32_t height)
{
	for (size_t i = 0; i < ARRAY_SIZE(SHAPES); i++) {
		if ((uint64_t)width * SHAPES[i].down == (uint64_t)height * SHAPES[i].across) {
			return &SHAPES[i];
		}
	}
	return &OTHER_SHAPE;
}

static uint32_t line_pixels(const struct edid_timing *timing)
{
	return timing->width + EDID_H_BLANK;
}

static struct edid_timing make_timing(uint32_t width, uint32_t height, uint32_t refresh_mhz)
{
	const struct shape *shape = find_shape(width, height);
	const uint64_t lines_ns = PICOSECONDS_MHZ / refresh_mhz - V_BLANK_MIN_NS;
	struct edid_timing timing = {
		.width = width, .height = height, .v_sync = shape->v_sync, .shape = shape->displayid
	};
	uint64_t blank = (uint64_t)V_BLANK_MIN_NS * height / lines_ns + 1;
	uint64_t pixels;

	timing.v_blank = (uint32_t)MAX(blank, EDID_V_FRONT + timing.v_sync + V_BACK_MIN);
	pixels = (uint64_t)line_pixels(&timing) * (height + timing.v_blank);
	timing.clock = (pixels * refresh_mhz / 1000 + CLOCK_HZ / 2) / CLOCK_HZ;
	return timing;
}

/* --- the base block -------------------------------------------------------------------------- */

enum {
	BASE_MANUFACTURER = 8,
	BASE_PRODUCT = 10,
	BASE_SERIAL = 12,
	BASE_WEEK = 16,
	BASE_YEAR = 17,
	BASE_VERSION = 18,
	BASE_INPUT = 20,
	BASE_WIDTH_CM = 21,
	BASE_HEIGHT_CM = 22,
	BASE_GAMMA = 23,
	BASE_FEATURES = 24,
	BASE_COLOURS = 25,
	BASE_ESTABLISHED = 35,
	BASE_STANDARD = 38,
	BASE_DESCRIPTORS = 54,
	BASE_EXTENSIONS = 126,
};

#define INPUT_DIGITAL	   0xa5 /* 8 bits a colour, DisplayPort */
#define FEATURE_CONTINUOUS 0x01
#define FEATURE_NATIVE	   0x02 /* the first detailed timing is what the panel has */
#define FEATURE_SRGB	   0x04

#define DESCRIPTOR_SERIAL 0xff
#define DESCRIPTOR_RANGE  0xfd
#define DESCRIPTOR_NAME	  0xfc

static void write_identity(uint8_t *block, const struct edid_monitor *monitor)
{
	static const uint8_t HEADER[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	/* The primaries of sRGB. */
	static const uint8_t COLOURS[] = { 0xee, 0x91, 0xa3, 0x54, 0x4c,
					   0x99, 0x26, 0x0f, 0x50, 0x54 };
	static const char LETTERS[] = EDID_MANUFACTURER;
	const unsigned packed =
		(LETTERS[0] - '@') << 10 | (LETTERS[1] - '@') << 5 | (LETTERS[2] - '@');

	memcpy(block, HEADER, sizeof(HEADER));
	block[BASE_MANUFACTURER] = (uint8_t)(packed >> 8);
	block[BASE_MANUFACTURER + 1] = (uint8_t)packed;
	store_le16(block + BASE_PRODUCT, EDID_PRODUCT);
	store_le32(block + BASE_SERIAL, monitor->number + 1);
	block[BASE_WEEK] = EDID_WEEK_IS_MODEL_YEAR;
	block[BASE_YEAR] = EDID_MODEL_YEAR - 1990;
	block[BASE_VERSION] = 1;
	block[BASE_VERSION + 1] = 4;
	block[BASE_INPUT] = INPUT_DIGITAL;
	block[BASE_WIDTH_CM] = (uint8_t)(monitor->width_mm / 10);
	block[BASE_HEIGHT_CM] = (uint8_t)(monitor->height_mm / 10);
	block[BASE_GAMMA] = 220 - 100;
	memcpy(block + BASE_COLOURS, COLOURS, sizeof(COLOURS));
}

/* What a guest's user can choose besides the preferred mode; all at 60 Hz. */
static void write_usual_modes(uint8_t *block)
{
	enum {
		R16_10,
		R4_3,
		R5_4,
		R16_9
	};
	static const struct {
		uint16_t width;
		uint8_t ratio;
	} STANDARD[] = {
		{ 1920, R16_10 }, { 1920, R16_9 }, { 1680, R16_10 }, { 1600, R16_9 },
		{ 1440, R16_10 }, { 1280, R5_4 },  { 1280, R16_10 }, { 1280, R16_9 },
	};

	block[BASE_ESTABLISHED] = 0x21;	    /* 640 × 480, 800 × 600 */
	block[BASE_ESTABLISHED + 1] = 0x08; /* 1024 × 768 */
	for (size_t i = 0; i < ARRAY_SIZE(STANDARD); i++) {
		block[BASE_STANDARD + i * 2] = (uint8_t)(STANDARD[i].width / 8 - 31);
		block[BASE_STANDARD + i * 2 + 1] = (uint8_t)(STANDARD[i].ratio << 6);
	}
}

static bool fits_base_block(const struct edid_timing *timing)
{
	return timing->width <= DETAILED_SIDE_MAX && timing->height <= DETAILED_SIDE_MAX &&
	       timing->v_blank <= DETAILED_SIDE_MAX && timing->clock <= DETAILED_CLOCK;
}

/* The high bits of two 12-bit numbers. */
static uint8_t high_nibbles(uint32_t first, uint32_t second)
{
	return (uint8_t)((first >> 8 & 0xf) << 4 | (second >> 8 & 0xf));
}

static void write_detailed(uint8_t *d, const struct edid_timing *timing,
			   const struct edid_monitor *monitor)
{
	store_le16(d, (uint16_t)timing->clock);
	d[2] = (uint8_t)timing->width;
	d[3] = EDID_H_BLANK;
	d[4] = high_nibbles(timing->width, EDID_H_BLANK);
	d[5] = (uint8_t)timing->height;
	d[6] = (uint8_t)timing->v_blank;
	d[7] = high_nibbles(timing->height, timing->v_blank);
	d[8] = EDID_H_FRONT;
	d[9] = EDID_H_SYNC;
	d[10] = (uint8_t)(EDID_V_FRONT << 4 | timing->v_sync);
	d[12] = (uint8_t)monitor->width_mm;
	d[13] = (uint8_t)monitor->height_mm;
	d[14] = high_nibbles(monitor->width_mm, monitor->height_mm);
	d[17] = 0x1a; /* digital separate syncs, the horizontal one positive */
}

/* Ends with a new line, then spaces, if there is room. */
static void write_text(uint8_t *d, uint8_t kind, const char *text)
{
	const size_t length = strnlen(text, DESCRIPTOR_TEXT);

	d[3] = kind;
	memset(d + 5, ' ', DESCRIPTOR_TEXT);
	for (size_t i = 0; i < length; i++) {
		d[5 + i] = (uint8_t)text[i];
	}
	if (length < DESCRIPTOR_TEXT) {
		d[5 + length] = '\n';
	}
}

/* A rate of one byte; up to 510 with its flag. */
static uint8_t ranged(uint64_t rate, uint8_t flag, uint8_t *flags)
{
	if (rate > 255) {
		*flags |= flag;
		rate = MIN(rate, 510) - 255;
	}
	return (uint8_t)rate;
}

/* Guests infer more modes from what a monitor can take: at least all of the usual ones. */
static void write_range(uint8_t *d, const struct edid_timing *timing, uint32_t refresh_mhz)
{
	const uint64_t line_khz = timing->clock * 10 / line_pixels(timing) + 1;
	const uint64_t clock_10mhz = timing->clock / 1000 + 1;

	d[3] = DESCRIPTOR_RANGE;
	d[5] = (uint8_t)MIN(refresh_mhz / 1000, 50);
	d[6] = ranged(MAX(refresh_mhz / 1000 + 1, 75), 0x02, &d[4]);
	d[7] = (uint8_t)MIN(line_khz - 1, 30);
	d[8] = ranged(MAX(line_khz, 90), 0x08, &d[4]);
	d[9] = (uint8_t)MIN(MAX(clock_10mhz, 20), 255);
	d[10] = 0x01; /* limits only */
	d[11] = '\n';
	memset(d + 12, ' ', 6);
}

static void write_base(uint8_t *block, const struct edid_monitor *monitor,
		       const struct edid_timing *timing)
{
	const bool native = fits_base_block(timing);
	/* The block cannot be without one. */
	const struct edid_timing fallback = make_timing(1024, 768, 60000);
	uint8_t *descriptor = block + BASE_DESCRIPTORS;
	char serial[DESCRIPTOR_TEXT + 1];

	(void)snprintf(serial, sizeof(serial), "screen %u", monitor->number % 10000);
	write_identity(block, monitor);
	block[BASE_FEATURES] = FEATURE_CONTINUOUS | FEATURE_SRGB | (native ? FEATURE_NATIVE : 0);
	write_usual_modes(block);
	write_detailed(descriptor, native ? timing : &fallback, monitor);
	write_range(descriptor + DESCRIPTOR_BYTES, timing, monitor->refresh_mhz);
	write_text(descriptor + 2 * DESCRIPTOR_BYTES, DESCRIPTOR_NAME, EDID_NAME);
	write_text(descriptor + 3 * DESCRIPTOR_BYTES, DESCRIPTOR_SERIAL, serial);
	block[BASE_EXTENSIONS] = !native;
	block[EDID_BLOCK_CHECKSUM] = edid_checksum(block, EDID_BLOCK_CHECKSUM);
}

/* --- all of it ------------------------------------------------------------------------------- */

/* Screens of 96 pixels to 25.4 mm. */
static uint32_t usual_mm(uint32_t pixels)
{
	return (uint32_t)((uint64_t)pixels * 254 / 960);
}

size_t edid_write(const struct edid_monitor *monitor, uint8_t out[EDID_BYTES_MAX])
{
	struct edid_monitor m = *monitor;
	struct edid_timing timing;

	m.refresh_mhz = MIN(MAX(m.refresh_mhz, REFRESH_MHZ_MIN), REFRESH_MHZ_MAX);
	if (!m.width_mm || !m.height_mm) {
		m.width_mm = usual_mm(m.width);
		m.height_mm = usual_mm(m.height);
	}
	if (m.width_mm > MILLIMETRES_MAX || m.height_mm > MILLIMETRES_MAX) {
		m.width_mm = 0; /* not known */
		m.height_mm = 0;
	}
	timing = make_timing(m.width, m.height, m.refresh_mhz);
	memset(out, 0, EDID_BYTES_MAX);
	write_base(out, &m, &timing);
	if (fits_base_block(&timing)) {
		return EDID_BLOCK_BYTES;
	}
	edid_write_displayid(out + EDID_BLOCK_BYTES, &m, &timing);
	return EDID_BYTES_MAX;
}
