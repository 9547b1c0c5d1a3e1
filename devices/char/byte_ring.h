/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_CHAR_BYTE_RING_H
#define THUNDERLAKE_DEVICES_CHAR_BYTE_RING_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/compiler.h"

/*
 * A bounded queue of bytes. No lock of its own. Bytes that peek showed stay where they are until
 * they are dropped, whatever is pushed meanwhile, so a consumer may use them without the lock that
 * guards the ring.
 */
struct byte_ring {
	uint8_t *bytes; /* owned */
	size_t capacity;
	size_t first; /* index of the oldest byte */
	size_t count;
};

/* 0 or -ENOMEM. Memory is touched only as it is used. */
static inline int byte_ring_init(struct byte_ring *ring, size_t capacity)
{
	*ring = (struct byte_ring){ .bytes = malloc(capacity), .capacity = capacity };
	return ring->bytes ? 0 : -ENOMEM;
}

static inline void byte_ring_finish(struct byte_ring *ring)
{
	free(ring->bytes);
	*ring = (struct byte_ring){ 0 };
}

static inline size_t byte_ring_room(const struct byte_ring *ring)
{
	return ring->capacity - ring->count;
}

/* Appends as much as there is room for; returns how much. */
static inline size_t byte_ring_push(struct byte_ring *ring, const uint8_t *bytes, size_t length)
{
	size_t pushed = 0;

	length = MIN(length, byte_ring_room(ring));
	while (pushed < length) {
		size_t at = (ring->first + ring->count) % ring->capacity;
		size_t part = MIN(length - pushed, ring->capacity - at);

		memcpy(ring->bytes + at, bytes + pushed, part);
		ring->count += part;
		pushed += part;
	}
	return pushed;
}

/* The oldest bytes that lie in one piece; returns how many, 0 when the ring is empty. */
static inline size_t byte_ring_peek(const struct byte_ring *ring, const uint8_t **bytes)
{
	*bytes = ring->bytes + ring->first;
	return MIN(ring->count, ring->capacity - ring->first);
}

/* Forgets the oldest `length` bytes, at most what is there. */
static inline void byte_ring_drop(struct byte_ring *ring, size_t length)
{
	length = MIN(length, ring->count);
	ring->count -= length;
	/* An empty ring starts over, so that little traffic touches little memory. */
	ring->first = ring->count ? (ring->first + length) % ring->capacity : 0;
}

#endif
