/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_SECTOR_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_SECTOR_H

#include "devices/scsi/disc_layout.h"

/*
 * A CD's sector, whole: sync, header, data, error detection and correction (ECMA-130 §14), made
 * where an image holds the data alone; and the sub-channels beside it (ECMA-130 §22), which no
 * image here holds.
 */

/* Parts of a sector, as READ CD selects them in byte 9 (MMC-6 §6.19). */
#define DISC_FIELD_SYNC	     0x80u
#define DISC_FIELD_SUBHEADER 0x40u
#define DISC_FIELD_HEADER    0x20u
#define DISC_FIELD_DATA	     0x10u
#define DISC_FIELD_ECC	     0x08u /* with the error detection code */
#define DISC_FIELDS_ALL	     0xf8u

/* Kinds of sectors, as READ CD expects them in byte 1 (MMC-6 §6.19). */
enum disc_form {
	DISC_FORM_ANY,
	DISC_FORM_AUDIO,
	DISC_FORM_MODE1,
	DISC_FORM_MODE2, /* without form: 2336 bytes of data */
	DISC_FORM_XA1,	 /* mode 2 form 1: 2048 bytes of data */
	DISC_FORM_XA2,	 /* mode 2 form 2: 2324 bytes and 4 that may be a checksum */
	DISC_FORM_BLOCK, /* for reads: any that has 2048 bytes of data */
};

#define DISC_Q_BYTES	      12u /* with the CRC */
#define DISC_SUBCHANNEL_BYTES 96u /* P to W of one sector, a bit of each in a byte */

/* How many bytes READ CD returns of such a sector; -EINVAL for parts that do not follow each other.
 * Of an audio sector any choice but none means all of it. */
int disc_form_bytes(enum disc_form form, uint8_t fields);

/* Fills `raw` from what the image stores of sector `lba`: 2352, 2336 or 2048 bytes. */
void disc_sector_build(uint8_t raw[static DISC_RAW_BYTES], uint32_t lba, enum disc_mode mode,
		       const uint8_t *stored, unsigned stored_bytes);

/* What a whole sector of a track of this mode is by its own header. */
enum disc_form disc_sector_form(const uint8_t raw[static DISC_RAW_BYTES], enum disc_mode mode);

/* Copies the chosen parts; returns disc_form_bytes. `out` has room for a whole sector. */
int disc_sector_copy(const uint8_t raw[static DISC_RAW_BYTES], enum disc_form form, uint8_t fields,
		     uint8_t *out);

/* Sub-channel Q of the sector in its mode 1, position, with CRC, as on the disc (BCD). */
void disc_sector_q(const struct disc_layout *layout, uint32_t lba, uint8_t q[static DISC_Q_BYTES]);

/* P (bit 7) and Q (bit 6) of the sector; R to W are zeros. */
void disc_sector_subchannel(const struct disc_layout *layout, uint32_t lba,
			    uint8_t out[static DISC_SUBCHANNEL_BYTES]);

static inline uint8_t disc_bcd(uint8_t value)
{
	return (uint8_t)(value / 10 << 4 | value % 10);
}

#endif
