/* SPDX-License-Identifier: MIT */
#include "vmm/base/write_all.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd;
static const uint8_t bytes[150] = { [0] = 1, [149] = 2 };

static void set_up(void)
{
	fd = memfd_create("test", MFD_CLOEXEC);
	cr_assert(ge(int, fd, 0));
}

static void tear_down(void)
{
	(void)close(fd);
}

TestSuite(write_all, .init = set_up, .fini = tear_down, .timeout = 20);

static off_t size_of_file(void)
{
	struct stat now;

	cr_assert(zero(int, fstat(fd, &now)));
	return now.st_size;
}

Test(write_all, goes_on_where_the_file_stands)
{
	uint8_t last = 0;

	cr_assert(zero(int, write_all(fd, bytes, sizeof(bytes))));
	cr_assert(zero(int, write_all(fd, bytes, 0)));
	cr_assert(zero(int, write_all(fd, bytes, sizeof(bytes))));
	cr_assert(eq(i64, size_of_file(), 300));
	cr_assert(eq(i64, pread(fd, &last, 1, 299), 1));
	cr_assert(eq(u8, last, 2));
}

/* The kernel takes what fits of the first call, nothing of the next. */
Test(write_all, tells_why_the_rest_is_not_taken)
{
	const struct rlimit limit = { 100, 100 };

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert(zero(int, setrlimit(RLIMIT_FSIZE, &limit)));
	cr_assert(eq(int, write_all(fd, bytes, sizeof(bytes)), -EFBIG));
	cr_assert(eq(i64, size_of_file(), 100));
}

Test(write_all, tells_that_nothing_is_taken)
{
	const int reading = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert(eq(int, write_all(reading, bytes, sizeof(bytes)), -EBADF));
	(void)close(reading);
}
