/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/block/holder.h"
#include "devices/block/raw.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

/*
 * The scheme of QEMU's file driver: for each permission one byte that is locked (shared) by who
 * uses it, and one by who does not let others use it. Shared locks do not meet each other, so each
 * side looks for the other's byte after it has locked its own.
 */
#define USES_BASE   100
#define REFUSE_BASE 200
#define PERMISSIONS 4

enum {
	PERMISSION_READ = 1 << 0,
	PERMISSION_WRITE = 1 << 1,
	PERMISSION_RESIZE = 1 << 3,
};

static int lock_byte(int fd, int command, short type, off_t offset, struct flock *lock)
{
	*lock = (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = offset,
		.l_len = 1,
	};
	return fcntl(fd, command, lock) < 0 ? -errno : 0;
}

static int lock_bytes(int fd, off_t base, unsigned permissions)
{
	struct flock lock;
	int code = 0;

	for (unsigned i = 0; i < PERMISSIONS && code == 0; i++) {
		if (permissions & (1u << i)) {
			code = lock_byte(fd, F_OFD_SETLK, F_RDLCK, base + i, &lock);
		}
	}
	return code;
}

/* Whether anybody else has one of the bytes: -EBUSY then. */
static int check_bytes(int fd, off_t base, unsigned permissions)
{
	struct flock lock = { .l_type = F_UNLCK };
	int code = 0;

	for (unsigned i = 0; i < PERMISSIONS && code == 0 && lock.l_type == F_UNLCK; i++) {
		if (permissions & (1u << i)) {
			code = lock_byte(fd, F_OFD_GETLK, F_WRLCK, base + i, &lock);
		}
	}
	return code == 0 && lock.l_type != F_UNLCK ? -EBUSY : code;
}

int raw_lock(int fd, const char *path, bool read_only, struct error *err)
{
	unsigned uses = PERMISSION_READ | (read_only ? 0 : PERMISSION_WRITE);
	unsigned refused = PERMISSION_WRITE | PERMISSION_RESIZE;
	int code = lock_bytes(fd, USES_BASE, uses);
	struct stat file;
	char holder[128] = "";

	code = code < 0 ? code : lock_bytes(fd, REFUSE_BASE, refused);
	code = code < 0 ? code : check_bytes(fd, REFUSE_BASE, uses);
	code = code < 0 ? code : check_bytes(fd, USES_BASE, refused);
	if (code == 0) {
		return 0;
	}
	if (code != -EBUSY && code != -EAGAIN && code != -EACCES) {
		log_warn("block",
			 "%s: its file system has no locks (%s): nothing keeps a second "
			 "writer out",
			 path, strerror(-code));
		return 0;
	}
	if (fstat(fd, &file) == 0) {
		holder_name(&file, holder, sizeof(holder));
	}
	return error_set(err, -EBUSY, "disk %s: is in use%s; shut that down first%s", path, holder,
			 read_only ? ", or use lock=off to read a disk that changes" : "");
}
