/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_VIRTIO_EDID_H
#define THUNDERLAKE_DEVICES_VIRTIO_EDID_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a monitor tells of itself (VESA E-EDID 1.4): name, size and preferred mode, besides the
 * usual smaller ones. A mode too large for the base block is in a DisplayID 1.3 extension.
 */
#define EDID_BLOCK_BYTES 128u
#define EDID_BYTES_MAX	 (2 * EDID_BLOCK_BYTES)

struct edid_monitor {
	uint32_t width, height;	      /* pixels, 1 to 65536 */
	uint32_t refresh_mhz;	      /* 60000 for 60 Hz; brought into 10 Hz to 500 Hz */
	uint32_t width_mm, height_mm; /* 0: as a screen of 96 pixels per inch */
	unsigned number;	      /* the serial number: tells this monitor from the others */
};

/* Fills `out`; returns how many of its bytes are used, a whole number of blocks. */
size_t edid_write(const struct edid_monitor *monitor, uint8_t out[EDID_BYTES_MAX]);

#endif
