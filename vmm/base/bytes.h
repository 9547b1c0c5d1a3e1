/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_BYTES_H
#define THUNDERLAKE_VMM_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

/*
 * Numbers as they lie in files, on wires and in guest memory. The struct types have alignment 1, so
 * that a struct of them has the layout of the specification without packing attributes, and cannot
 * be mixed up with a number. Fields that another processor changes at the same time (ring indices)
 * need atomic access instead.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Thunderlake's hosts are little-endian");

typedef struct {
	uint8_t bytes[2];
} le16;
typedef struct {
	uint8_t bytes[4];
} le32;
typedef struct {
	uint8_t bytes[8];
} le64;

static inline uint16_t load_le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load_le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store_le16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store_le32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store_le64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t le16_get(le16 x)
{
	return load_le16(&x);
}

static inline uint32_t le32_get(le32 x)
{
	return load_le32(&x);
}

static inline uint64_t le64_get(le64 x)
{
	return load_le64(&x);
}

static inline le16 le16_of(uint16_t v)
{
	le16 x;

	store_le16(&x, v);
	return x;
}

static inline le32 le32_of(uint32_t v)
{
	le32 x;

	store_le32(&x, v);
	return x;
}

static inline le64 le64_of(uint64_t v)
{
	le64 x;

	store_le64(&x, v);
	return x;
}

/* Big-endian numbers: network and SCSI. */
static inline uint16_t load_be16(const void *p)
{
	return __builtin_bswap16(load_le16(p));
}

static inline uint32_t load_be24(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

static inline uint32_t load_be32(const void *p)
{
	return __builtin_bswap32(load_le32(p));
}

static inline uint64_t load_be64(const void *p)
{
	return __builtin_bswap64(load_le64(p));
}

static inline void store_be16(void *p, uint16_t v)
{
	store_le16(p, __builtin_bswap16(v));
}

static inline void store_be24(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 16);
	b[1] = (uint8_t)(v >> 8);
	b[2] = (uint8_t)v;
}

static inline void store_be32(void *p, uint32_t v)
{
	store_le32(p, __builtin_bswap32(v));
}

static inline void store_be64(void *p, uint64_t v)
{
	store_le64(p, __builtin_bswap64(v));
}

/* The low `size` (1, 2, 4 or 8) bytes of all ones: what a read from nowhere returns. */
static inline uint64_t all_ones(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

/* Reads or writes `size` (1, 2, 4 or 8) bytes of a register file held as bytes. */
static inline uint64_t load_le(const void *p, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static inline void store_le(void *p, unsigned size, uint64_t v)
{
	memcpy(p, &v, size);
}

#endif
