/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "vmm/base/pool.h"

struct item {
	void *first;
	int value;
};

static struct pool pool;

static void set_up(void)
{
	cr_assert(zero(int, pool_init(&pool, 3, sizeof(struct item))));
}

static void tear_down(void)
{
	pool_finish(&pool);
}

TestSuite(pool, .init = set_up, .fini = tear_down, .timeout = 10);

Test(pool, gives_each_item_once)
{
	struct item *a = pool_take(&pool);
	struct item *b = pool_take(&pool);
	struct item *c = pool_take(&pool);

	cr_assert(a && b && c && a != b && b != c && a != c);
	cr_assert(pool_is_empty(&pool));
	cr_assert(zero(ptr, pool_take(&pool)));
}

Test(pool, gives_again_what_came_back_before_fresh_items)
{
	struct item *a = pool_take(&pool);
	struct item *b = pool_take(&pool);

	a->value = 7;
	pool_give_back(&pool, b);
	pool_give_back(&pool, a);
	cr_assert(eq(ptr, pool_take(&pool), a));
	cr_assert(eq(int, a->value, 7));
	cr_assert(eq(ptr, pool_take(&pool), b));
	cr_assert(eq(uint, pool.fresh, 2));
	cr_assert(not(pool_is_empty(&pool)));
}

Test(pool, goes_on_after_it_was_empty)
{
	struct item *last;

	(void)pool_take(&pool);
	(void)pool_take(&pool);
	last = pool_take(&pool);
	pool_give_back(&pool, last);
	cr_assert(not(pool_is_empty(&pool)));
	cr_assert(eq(ptr, pool_take(&pool), last));
	cr_assert(pool_is_empty(&pool));
}
