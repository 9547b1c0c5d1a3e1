/* SPDX-License-Identifier: MIT */
#include "devices/scsi/disc_ecc.h"

/* (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), lowest power first. */
#define EDC_POLYNOMIAL 0xd8018001u
#define Q_POLYNOMIAL   0x1021u
/* The field of 256 that the correction codes count in: x^8 + x^4 + x^3 + x^2 + 1. */
#define FIELD_POLYNOMIAL 0x1du

#define ECC_START 12u /* what is protected starts behind the sync */
#define P_START	  2076u
#define Q_START	  2248u

uint32_t disc_edc(const uint8_t *data, size_t length)
{
	uint32_t edc = 0;

	for (size_t i = 0; i < length; i++) {
		edc ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++) {
			edc = edc >> 1 ^ (edc & 1 ? EDC_POLYNOMIAL : 0);
		}
	}
	return edc;
}

uint16_t disc_q_crc(const uint8_t *data, size_t length)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint16_t)(data[i] << 8);
		for (unsigned bit = 0; bit < 8; bit++) {
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? Q_POLYNOMIAL : 0));
		}
	}
	return (uint16_t)~crc;
}

static uint8_t times_alpha(uint8_t value)
{
	return (uint8_t)(value << 1 ^ (value & 0x80 ? FIELD_POLYNOMIAL : 0));
}

/* value / (alpha + 1): 0xf4 is the inverse of 3. */
static uint8_t over_alpha_plus_one(uint8_t value)
{
	static const uint8_t INVERSE = 0xf4;
	uint8_t product = 0;

	for (unsigned bit = 8; bit-- > 0;) {
		product = times_alpha(product);
		product ^= INVERSE & 1 << bit ? value : 0;
	}
	return product;
}

/*
 * Two parity bytes for each of `columns` words of `rows` bytes, so that the bytes of a word sum to
 * zero, plainly and weighed by falling powers of alpha. Words are taken from the protected bytes
 * seen as 16-bit units, so even and odd columns are apart: `step` bytes on for the next byte of a
 * word, modulo `size`.
 */
struct code {
	unsigned columns;
	unsigned rows;
	unsigned column_step; /* between words, in pairs of columns */
	unsigned step;
	unsigned size;
	unsigned out;
};

static void add_parity(uint8_t raw[static 2352], const struct code *code)
{
	const uint8_t *data = raw + ECC_START;

	for (unsigned column = 0; column < code->columns; column++) {
		unsigned at = (column >> 1) * code->column_step + (column & 1);
		uint8_t weighed = 0;
		uint8_t sum = 0;
		uint8_t high;

		for (unsigned row = 0; row < code->rows; row++) {
			weighed = times_alpha(weighed ^ data[at]);
			sum ^= data[at];
			at += code->step;
			at -= at >= code->size ? code->size : 0;
		}
		/* With parities h and l: sum + h + l = 0, alpha * weighed + alpha * h + l = 0. */
		weighed = times_alpha(weighed);
		high = over_alpha_plus_one(weighed ^ sum);
		raw[code->out + column] = high;
		raw[code->out + code->columns + column] = high ^ sum;
	}
}

void disc_ecc(uint8_t raw[static 2352])
{
	static const struct code P = { .columns = 86,
				       .rows = 24,
				       .column_step = 2,
				       .step = 86,
				       .size = 86 * 24,
				       .out = P_START };
	static const struct code Q = { .columns = 52,
				       .rows = 43,
				       .column_step = 86,
				       .step = 88,
				       .size = 52 * 43,
				       .out = Q_START };

	add_parity(raw, &P);
	add_parity(raw, &Q); /* protects P's bytes, too */
}
