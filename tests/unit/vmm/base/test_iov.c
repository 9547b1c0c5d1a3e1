/* SPDX-License-Identifier: MIT */
#include "vmm/base/iov.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(iov, .timeout = 20);

static char memory[] = "abcdefgh";
static struct iovec slices[3];
static struct iovec *iov;
static unsigned count;

static void split(void)
{
	slices[0] = (struct iovec){ memory, 3 };
	slices[1] = (struct iovec){ memory + 3, 1 };
	slices[2] = (struct iovec){ memory + 4, 4 };
	iov = slices;
	count = 3;
}

static char *text(void)
{
	static char all[16];

	memset(all, 0, sizeof(all));
	(void)iov_read(iov, count, 0, all, sizeof(all));
	return all;
}

Test(iov, skip_takes_off_the_front, .init = split)
{
	cr_assert(eq(sz, iov_skip(&iov, &count, 2), 6));
	cr_assert(eq(str, text(), "cdefgh"));
	cr_assert(eq(sz, iov_skip(&iov, &count, 2), 4));
	cr_assert(eq(uint, count, 1));
	cr_assert(eq(sz, iov_skip(&iov, &count, 5), 0));
	cr_assert(eq(uint, count, 0));
}

Test(iov, trim_takes_off_the_end, .init = split)
{
	cr_assert(eq(sz, iov_trim(iov, &count, 5), 5));
	cr_assert(eq(str, text(), "abcde"));
	cr_assert(eq(sz, iov_trim(iov, &count, 9), 5));
	cr_assert(eq(sz, iov_trim(iov, &count, 3), 3));
	cr_assert(eq(uint, count, 1));
	cr_assert(eq(sz, iov_trim(iov, &count, 0), 0));
	cr_assert(eq(uint, count, 0));
}
