/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_SCSI_DISC_ECC_H
#define THUNDERLAKE_DEVICES_SCSI_DISC_ECC_H

#include <stddef.h>
#include <stdint.h>

/* Error detection code of a data sector (ECMA-130 §14.3), a number to be stored little-endian. */
uint32_t disc_edc(const uint8_t *data, size_t length);

/* Error correction codes of a whole data sector (ECMA-130 Annex A): fills bytes 2076 to 2351 from
 * bytes 12 to 2075. For mode 2 form 1 the header counts as zeros: the caller clears it meanwhile.
 */
void disc_ecc(uint8_t raw[static 2352]);

/* CRC of sub-channel Q (ECMA-130 §22.3.5), as it lies on the disc: inverted, big-endian. */
uint16_t disc_q_crc(const uint8_t *data, size_t length);

#endif
