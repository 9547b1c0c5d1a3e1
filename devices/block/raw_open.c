/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/block/raw.h"
#include "vmm/base/compiler.h"

#define PAGE_BYTES 4096u

/* Says what to do about a file that does not open. */
static int explain(const struct block_raw_config *config, int code, struct error *err)
{
	const char *path = config->path;

	switch (code) {
	case -ENOENT:
		return error_set(err, code,
				 "disk %s: no such file; make one with: truncate -s 10G %s", path,
				 path);
	case -EACCES:
	case -EPERM:
		return error_set(err, code,
				 "disk %s: no permission to %s it; check its owner and mode%s",
				 path, config->read_only ? "read" : "read and write",
				 config->read_only ? "" : ", or use readonly=on");
	case -EROFS:
		return error_set(err, code,
				 "disk %s: its file system is read-only; use readonly=on", path);
	case -EINVAL:
		if (config->direct) {
			return error_set(err, code,
					 "disk %s: its file system has no O_DIRECT; use "
					 "cache=writeback",
					 path);
		}
		break;
	default:
		break;
	}
	return error_set_errno(err, code, "disk %s: cannot open it", path);
}

/* Looks before it opens: to open a FIFO would wait for its other end. */
static int check_kind(const char *path, mode_t mode, struct error *err)
{
	if (S_ISREG(mode) || S_ISBLK(mode)) {
		return 0;
	}
	if (S_ISDIR(mode)) {
		return error_set(err, -EISDIR, "disk %s: is a directory; name an image file in it",
				 path);
	}
	return error_set(err, -EINVAL, "disk %s: is neither a file nor a block device", path);
}

static int open_file(const struct block_raw_config *config, struct error *err)
{
	int flags = (config->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	struct stat st;
	int code;
	int fd;

	if (stat(config->path, &st) < 0) {
		return explain(config, -errno, err);
	}
	code = check_kind(config->path, st.st_mode, err);
	if (code < 0) {
		return code;
	}
	fd = open(config->path, flags | (config->direct ? O_DIRECT : 0));
	return fd < 0 ? explain(config, -errno, err) : fd;
}

static int probe_device(struct block_raw *raw, struct error *err)
{
	struct block_info *info = &raw->base.info;
	unsigned physical = 0;
	int read_only = 0;
	int logical = 0;

	raw->is_device = true;
	if (ioctl(raw->fd, BLKGETSIZE64, &info->bytes) < 0 ||
	    ioctl(raw->fd, BLKSSZGET, &logical) < 0 || ioctl(raw->fd, BLKPBSZGET, &physical) < 0 ||
	    ioctl(raw->fd, BLKROGET, &read_only) < 0) {
		return error_set_errno(err, -errno, "disk %s: cannot ask for its size", raw->path);
	}
	if (read_only && !info->read_only) {
		return error_set(err, -EROFS,
				 "disk %s: the device is write-protected; use readonly=on",
				 raw->path);
	}
	info->logical_block_bytes = (uint32_t)logical;
	info->physical_block_bytes = MAX(physical, (uint32_t)logical);
	return 0;
}

static int probe_file(struct block_raw *raw, const struct stat *st, bool any_size,
		      struct error *err)
{
	struct block_info *info = &raw->base.info;

	info->bytes = (uint64_t)st->st_size;
	info->logical_block_bytes = BLOCK_SECTOR_BYTES;
	if (info->bytes == 0) {
		return error_set(err, -EINVAL,
				 "disk %s: is empty; give it a size with: truncate -s 10G %s",
				 raw->path, raw->path);
	}
	if (!any_size && info->bytes % BLOCK_SECTOR_BYTES != 0) {
		return error_set(
			err, -EINVAL,
			"disk %s: its size, %llu bytes, is not a multiple of %u; is it a raw "
			"disk image? Round it up with: truncate -s %%%u %s",
			raw->path, (unsigned long long)info->bytes, BLOCK_SECTOR_BYTES,
			BLOCK_SECTOR_BYTES, raw->path);
	}
	/* The page cache works in pages: let the guest align its partitions to them. */
	info->physical_block_bytes = info->bytes % PAGE_BYTES ? BLOCK_SECTOR_BYTES : PAGE_BYTES;
	return 0;
}

/* There is no portable question for what O_DIRECT wants, so a read tries it out. */
static int probe_direct(struct block_raw *raw, struct error *err)
{
	struct block_info *info = &raw->base.info;
	char *buffer = aligned_alloc(PAGE_BYTES, (size_t)2 * PAGE_BYTES);
	unsigned alignment = BLOCK_SECTOR_BYTES;
	ssize_t got = -1;

	if (!buffer) {
		return error_set_errno(err, -ENOMEM, "disk %s", raw->path);
	}
	for (; got < 0 && alignment <= PAGE_BYTES; alignment *= 2) {
		raw->direct_alignment = alignment;
		got = pread(raw->fd, buffer + alignment, alignment, 0);
	}
	free(buffer);
	if (got < 0) {
		return error_set_errno(err, -errno, "disk %s: cannot read it with cache=none",
				       raw->path);
	}
	info->logical_block_bytes = MAX(info->logical_block_bytes, raw->direct_alignment);
	info->physical_block_bytes = MAX(info->physical_block_bytes, info->logical_block_bytes);
	if (info->bytes % info->logical_block_bytes != 0) {
		return error_set(err, -EINVAL,
				 "disk %s: cache=none needs a size that is a multiple of %u here",
				 raw->path, info->logical_block_bytes);
	}
	return 0;
}

int raw_open(struct block_raw *raw, const struct block_raw_config *config, struct error *err)
{
	struct stat st;
	int code;

	raw->path = strdup(config->path);
	if (!raw->path) {
		return error_set_errno(err, -ENOMEM, "disk %s", config->path);
	}
	raw->base.info.driver = "raw";
	raw->base.info.path = raw->path;
	raw->base.info.read_only = config->read_only;
	raw->base.info.can_discard = !config->read_only;
	raw->fd = open_file(config, err);
	if (raw->fd < 0) {
		return raw->fd;
	}
	/* Before the size is looked at: another writer could be changing it. */
	code = config->no_lock ? 0 : raw_lock(raw->fd, raw->path, config->read_only, err);
	if (code < 0) {
		return code;
	}
	if (fstat(raw->fd, &st) < 0) {
		return error_set_errno(err, -errno, "disk %s", raw->path);
	}
	code = S_ISBLK(st.st_mode) ? probe_device(raw, err)
				   : probe_file(raw, &st, config->any_size, err);
	if (code < 0) {
		return code;
	}
	return config->direct ? probe_direct(raw, err) : 0;
}
