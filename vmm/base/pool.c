/* SPDX-License-Identifier: MIT */
#include "vmm/base/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pool_init(struct pool *pool, unsigned capacity, size_t item_bytes)
{
	assert(item_bytes >= sizeof(void *));
	*pool = (struct pool){ .items = calloc(capacity, item_bytes),
			       .item_bytes = item_bytes,
			       .capacity = capacity };
	return pool->items ? 0 : -ENOMEM;
}

void pool_finish(struct pool *pool)
{
	free(pool->items);
	*pool = (struct pool){ 0 };
}

void *pool_take(struct pool *pool)
{
	void *item = pool->free;

	if (item) {
		memcpy(&pool->free, item, sizeof(pool->free));
	} else if (pool->fresh < pool->capacity) {
		item = pool->items + pool->fresh++ * pool->item_bytes;
	}
	return item;
}

void pool_give_back(struct pool *pool, void *item)
{
	memcpy(item, &pool->free, sizeof(pool->free));
	pool->free = item;
}

bool pool_is_empty(const struct pool *pool)
{
	return !pool->free && pool->fresh == pool->capacity;
}
