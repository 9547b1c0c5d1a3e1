/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_VMM_BASE_POOL_H
#define THUNDERLAKE_VMM_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A fixed number of items of one size, for those in flight at a time. The pages of items that were
 * never taken are untouched, so that a large pool in quiet use costs little memory. One thread at a
 * time.
 */
struct pool {
	unsigned char *items;
	size_t item_bytes;
	unsigned capacity;
	unsigned fresh; /* items from here on were never taken */
	void *free;	/* items given back; each begins with a pointer to the next */
};

/* `item_bytes` hold at least a pointer. -ENOMEM. */
int pool_init(struct pool *pool, unsigned capacity, size_t item_bytes);
void pool_finish(struct pool *pool);

/* NULL: all are taken. Its contents are zero the first time, and then what was left of its last
 * use, but for the first pointer's bytes. */
void *pool_take(struct pool *pool);
void pool_give_back(struct pool *pool, void *item);

bool pool_is_empty(const struct pool *pool);

#endif
