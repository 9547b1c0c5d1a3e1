/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/compiler.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/loader.h"

/* pread takes no more in one call. */
#define READ_CHUNK (1u << 30)

static int open_file(const char *what, const char *path, int *fd, uint64_t *size, struct error *err)
{
	struct stat st;

	/* Without O_NONBLOCK the opening of a FIFO would wait for its writer. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) != 0) {
		int rc = -errno;

		if (rc == -ENOENT) {
			return error_set(err, rc, "%s %s: there is no such file", what, path);
		}
		return error_set_errno(err, rc, "%s %s: cannot open it", what, path);
	}
	if (S_ISDIR(st.st_mode)) {
		return error_set(err, -EISDIR, "%s %s: is a directory, not a file", what, path);
	}
	if (!S_ISREG(st.st_mode)) {
		return error_set(err, -EINVAL, "%s %s: is not a regular file", what, path);
	}
	if (st.st_size == 0) {
		return error_set(err, -ENOEXEC, "%s %s: the file is empty", what, path);
	}
	*size = (uint64_t)st.st_size;
	return 0;
}

int boot_files_open(const char *kernel_path, const char *initrd_path, struct boot_files *out,
		    struct error *err)
{
	int rc;

	*out = (struct boot_files){ .kernel_fd = -1, .initrd_fd = -1 };
	rc = open_file("kernel", kernel_path, &out->kernel_fd, &out->kernel_bytes, err);
	if (rc == 0 && initrd_path) {
		rc = open_file("initrd", initrd_path, &out->initrd_fd, &out->initrd_bytes, err);
	}
	if (rc != 0) {
		goto fail;
	}
	out->kernel_path = strdup(kernel_path);
	out->initrd_path = initrd_path ? strdup(initrd_path) : NULL;
	if (!out->kernel_path || (initrd_path && !out->initrd_path)) {
		rc = error_set(err, -ENOMEM, "kernel %s: out of memory", kernel_path);
		goto fail;
	}
	return 0;
fail:
	boot_files_close(out);
	return rc;
}

void boot_files_close(struct boot_files *files)
{
	if (files->kernel_fd >= 0) {
		(void)close(files->kernel_fd);
	}
	if (files->initrd_fd >= 0) {
		(void)close(files->initrd_fd);
	}
	free(files->kernel_path);
	free(files->initrd_path);
	*files = (struct boot_files){ .kernel_fd = -1, .initrd_fd = -1 };
}

int boot_read_file(int fd, uint64_t offset, void *buffer, uint64_t length)
{
	uint8_t *next = buffer;

	while (length > 0) {
		ssize_t n = pread(fd, next, MIN(length, READ_CHUNK), (off_t)offset);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? -errno : -EIO;
		}
		next += n;
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}
