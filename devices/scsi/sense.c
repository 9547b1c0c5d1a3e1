/* SPDX-License-Identifier: MIT */
#include "devices/scsi/sense.h"

#include <string.h>

#include "vmm/base/bytes.h"

/* SPC-4 §4.5.1 */
#define CURRENT_FIXED	   0x70
#define CURRENT_DESCRIPTOR 0x72

#define SPECIFIC_VALID	     0x80
#define SPECIFIC_IN_CDB	     0x40
#define SPECIFIC_BIT_VALID   0x08
#define FIXED_VALID	     0x80
#define FIXED_ILI	     0x20
#define DESCRIPTOR_HEADER    8
#define DESCRIPTOR_INFO	     0x00
#define DESCRIPTOR_SPECIFIC  0x02
#define DESCRIPTOR_BLOCK     0x05 /* carries ILI */
#define BLOCK_DESCRIPTOR_ILI 0x20

void scsi_sense_point(struct scsi_sense *sense, bool in_cdb, unsigned byte, int bit)
{
	sense->specific[0] = SPECIFIC_VALID | (in_cdb ? SPECIFIC_IN_CDB : 0);
	if (bit >= 0) {
		sense->specific[0] |= SPECIFIC_BIT_VALID | (bit & 7);
	}
	store_be16(&sense->specific[1], (uint16_t)byte);
}

void scsi_sense_set_progress(struct scsi_sense *sense, uint16_t progress)
{
	sense->specific[0] = SPECIFIC_VALID;
	store_be16(&sense->specific[1], progress);
}

/* SPC-4 §4.5.3 */
static unsigned write_fixed(const struct scsi_sense *sense, uint8_t *out)
{
	memset(out, 0, SCSI_SENSE_FIXED_BYTES);
	out[0] = CURRENT_FIXED;
	if (sense->has_information && sense->information <= UINT32_MAX) {
		out[0] |= FIXED_VALID;
		store_be32(out + 3, (uint32_t)sense->information);
	}
	out[2] = (uint8_t)sense->key | (sense->incorrect_length ? FIXED_ILI : 0);
	out[7] = SCSI_SENSE_FIXED_BYTES - 8;
	store_be16(out + 12, sense->code);
	memcpy(out + 15, sense->specific, sizeof(sense->specific));
	return SCSI_SENSE_FIXED_BYTES;
}

/* A descriptor of zeros but type and length, behind those there are. */
static uint8_t *add_descriptor(uint8_t *out, uint8_t type, uint8_t bytes)
{
	uint8_t *descriptor = out + DESCRIPTOR_HEADER + out[7];

	memset(descriptor, 0, bytes);
	descriptor[0] = type;
	descriptor[1] = bytes - 2;
	out[7] += bytes;
	return descriptor;
}

/* SPC-4 §4.5.2 */
static unsigned write_descriptors(const struct scsi_sense *sense, uint8_t *out)
{
	uint8_t *descriptor;

	memset(out, 0, DESCRIPTOR_HEADER);
	out[0] = CURRENT_DESCRIPTOR;
	out[1] = (uint8_t)sense->key;
	store_be16(out + 2, sense->code);
	if (sense->has_information) {
		descriptor = add_descriptor(out, DESCRIPTOR_INFO, 12);
		descriptor[2] = 0x80; /* valid */
		store_be64(descriptor + 4, sense->information);
	}
	if (sense->specific[0] & SPECIFIC_VALID) {
		descriptor = add_descriptor(out, DESCRIPTOR_SPECIFIC, 8);
		memcpy(descriptor + 4, sense->specific, sizeof(sense->specific));
	}
	if (sense->incorrect_length) {
		descriptor = add_descriptor(out, DESCRIPTOR_BLOCK, 4);
		descriptor[3] = BLOCK_DESCRIPTOR_ILI;
	}
	return DESCRIPTOR_HEADER + out[7];
}

unsigned scsi_sense_write(const struct scsi_sense *sense, bool descriptor, uint8_t *out)
{
	return descriptor ? write_descriptors(sense, out) : write_fixed(sense, out);
}
