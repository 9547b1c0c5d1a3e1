/* SPDX-License-Identifier: MIT */
#include "mgmt/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/base/compiler.h"
#include "vmm/base/write_all.h"

int small_file_read(const char *path, size_t max, uint8_t **out, size_t *length)
{
	/* A FIFO that nobody writes to is empty, rather than something to wait for. */
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	AUTO_FREE uint8_t *bytes = malloc(max);
	ssize_t got = 1;

	*out = NULL;
	*length = 0;
	if (fd < 0) {
		return -errno;
	}
	if (!bytes) {
		return -ENOMEM;
	}
	while (got > 0 && *length < max) {
		got = read(fd, bytes + *length, max - *length);
		*length += (size_t)MAX(got, 0);
	}
	if (got < 0) {
		return -errno;
	}
	*out = bytes;
	bytes = NULL;
	return 0;
}

int small_file_write(const char *path, const void *bytes, size_t length)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0600);

	return fd < 0 ? -errno : write_all(fd, bytes, length);
}
