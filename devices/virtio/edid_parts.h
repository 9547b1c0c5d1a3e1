/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_EDID_PARTS_H
#define THUNDERLAKE_DEVICES_VIRTIO_EDID_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "devices/virtio/edid.h"

/* What the base block of edid.c and the extension of edid_displayid.c share. */

#define EDID_MANUFACTURER	"TLK"
#define EDID_NAME		"Thunderlake"
#define EDID_PRODUCT		1u
#define EDID_MODEL_YEAR		2026u
#define EDID_WEEK_IS_MODEL_YEAR 0xff
#define EDID_BLOCK_CHECKSUM	127u /* where it is in each block */

/* Of every timing: what VESA CVT 1.1 §3.4 calls reduced blanking. */
#define EDID_H_BLANK 160u
#define EDID_H_FRONT 48u
#define EDID_H_SYNC  32u
#define EDID_V_FRONT 3u

struct edid_timing {
	uint32_t width, height, v_sync, v_blank;
	uint64_t clock; /* in 10 kHz */
	uint8_t shape;	/* 4:3 and so on, as DisplayID numbers them */
};

/* Makes the sum of `bytes`, with the checksum behind them, zero. */
static inline uint8_t edid_checksum(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += bytes[i];
	}
	return (uint8_t)-sum;
}

/* Fills a block of zeroes with the extension that has this timing as the preferred one. */
void edid_write_displayid(uint8_t *block, const struct edid_monitor *monitor,
			  const struct edid_timing *timing);

#endif
