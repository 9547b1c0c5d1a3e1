/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "devices/virtio/edid_parts.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* An EDID extension that is one section of VESA DisplayID 1.3: the blocks that the standard wants
 * of every display, and one timing of type I, whose fields have room for any mode. */

#define EXTENSION_DISPLAYID 0x70
#define DISPLAYID_VERSION   0x13
#define PRODUCT_IS_MONITOR  0x03
#define SECTION_HEADER	    4u
#define BLOCK_HEADER	    3u /* tag, revision, bytes that follow */

enum {
	BLOCK_PRODUCT = 0x00,
	BLOCK_PARAMETERS = 0x01,
	BLOCK_TIMING_I = 0x03,
	BLOCK_INTERFACE = 0x0f,
};

#define PRODUCT_BYTES	 (12u + sizeof(EDID_NAME) - 1)
#define PARAMETERS_BYTES 12u
#define TIMING_BYTES	 20u
#define INTERFACE_BYTES	 10u

#define GAMMA_2_2	 (220 - 100)
#define DEPTH_8		 0x77 /* bits of a colour less one, twice */
#define INTERFACE_DP_1	 0xa1 /* DisplayPort, one link */
#define INTERFACE_DP_1_1 0x11 /* its version */
#define RGB_8		 0x02
#define TIMING_PREFERRED 0x80
#define SYNC_IS_POSITIVE 0x8000u

/* Starts a block and returns where its contents go. */
static uint8_t *add_block(uint8_t *section, uint8_t tag, size_t bytes)
{
	uint8_t *block = section + SECTION_HEADER + section[1];

	section[1] += (uint8_t)(BLOCK_HEADER + bytes);
	block[0] = tag;
	block[2] = (uint8_t)bytes;
	return block + BLOCK_HEADER;
}

static void write_product(uint8_t *p, const struct edid_monitor *monitor)
{
	static const uint8_t MANUFACTURER[] = EDID_MANUFACTURER;
	static const uint8_t NAME[] = EDID_NAME;

	memcpy(p, MANUFACTURER, sizeof(MANUFACTURER) - 1);
	store_le16(p + 3, EDID_PRODUCT);
	store_le32(p + 5, monitor->number + 1);
	p[9] = EDID_WEEK_IS_MODEL_YEAR;
	p[10] = EDID_MODEL_YEAR - 2000;
	p[11] = sizeof(NAME) - 1;
	memcpy(p + 12, NAME, sizeof(NAME) - 1);
}

/* Sides as a ratio of hundredths less one, for a screen on its side too. */
static uint8_t aspect_ratio(const struct edid_timing *timing)
{
	const uint32_t longer = MAX(timing->width, timing->height);
	const uint32_t shorter = MIN(timing->width, timing->height);

	return (uint8_t)MIN((uint64_t)longer * 100 / shorter - 100, UINT8_MAX);
}

static void write_parameters(uint8_t *p, const struct edid_monitor *monitor,
			     const struct edid_timing *timing)
{
	/* Tenths of millimetres; sides that edid_write let pass. */
	store_le16(p, (uint16_t)(monitor->width_mm * 10));
	store_le16(p + 2, (uint16_t)(monitor->height_mm * 10));
	store_le16(p + 4, (uint16_t)MIN(timing->width, UINT16_MAX));
	store_le16(p + 6, (uint16_t)MIN(timing->height, UINT16_MAX));
	p[9] = GAMMA_2_2;
	p[10] = aspect_ratio(timing);
	p[11] = DEPTH_8;
}

static void write_interface(uint8_t *p)
{
	p[0] = INTERFACE_DP_1;
	p[1] = INTERFACE_DP_1_1;
	p[2] = RGB_8;
}

/* Every number less one. */
static void write_timing(uint8_t *t, const struct edid_timing *timing)
{
	const uint64_t clock = MIN(timing->clock - 1, 0xffffff);

	t[0] = (uint8_t)clock;
	store_le16(t + 1, (uint16_t)(clock >> 8));
	t[3] = TIMING_PREFERRED | timing->shape;
	store_le16(t + 4, (uint16_t)(timing->width - 1));
	store_le16(t + 6, EDID_H_BLANK - 1);
	store_le16(t + 8, SYNC_IS_POSITIVE | (EDID_H_FRONT - 1));
	store_le16(t + 10, EDID_H_SYNC - 1);
	store_le16(t + 12, (uint16_t)(timing->height - 1));
	store_le16(t + 14, (uint16_t)(timing->v_blank - 1));
	store_le16(t + 16, EDID_V_FRONT - 1);
	store_le16(t + 18, (uint16_t)(timing->v_sync - 1));
}

void edid_write_displayid(uint8_t *block, const struct edid_monitor *monitor,
			  const struct edid_timing *timing)
{
	uint8_t *section = block + 1;
	size_t bytes;

	block[0] = EXTENSION_DISPLAYID;
	section[0] = DISPLAYID_VERSION;
	section[2] = PRODUCT_IS_MONITOR;
	write_product(add_block(section, BLOCK_PRODUCT, PRODUCT_BYTES), monitor);
	write_parameters(add_block(section, BLOCK_PARAMETERS, PARAMETERS_BYTES), monitor, timing);
	write_timing(add_block(section, BLOCK_TIMING_I, TIMING_BYTES), timing);
	write_interface(add_block(section, BLOCK_INTERFACE, INTERFACE_BYTES));
	bytes = SECTION_HEADER + section[1];
	section[bytes] = edid_checksum(section, bytes);
	block[EDID_BLOCK_CHECKSUM] = edid_checksum(block, EDID_BLOCK_CHECKSUM);
}
