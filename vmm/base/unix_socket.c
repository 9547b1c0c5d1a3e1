/* SPDX-License-Identifier: MIT */
#include "vmm/base/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "vmm/base/compiler.h"

#define CLIENTS_WAITING 16

static int fill_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

int unix_socket_connect(const char *path)
{
	struct sockaddr_un address;
	int code = fill_address(&address, path);
	int fd;

	if (code < 0) {
		return code;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		code = -errno;
		(void)close(fd);
		return code;
	}
	return fd;
}

/* Holds the folder while a socket in it is looked at and replaced, so that two processes that start
 * at the same time don't take each other's. Released when the descriptor is closed. */
static int lock_folder(const char *path)
{
	AUTO_FREE char *copy = strdup(path);
	int fd;

	if (!copy) {
		return -ENOMEM;
	}
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	return flock(fd, LOCK_EX) < 0 ? (void)close(fd), -errno : fd;
}

/* Removes a socket without a server. */
static int remove_stale(const char *what, const char *path, struct error *err)
{
	struct stat status;
	int fd;

	if (lstat(path, &status) < 0) {
		return 0;
	}
	if (!S_ISSOCK(status.st_mode)) {
		return error_set(err, -EEXIST,
				 "%s %s: a file that is no socket is there; remove it or choose "
				 "another path",
				 what, path);
	}
	fd = unix_socket_connect(path);
	if (fd >= 0) {
		(void)close(fd);
		return error_set(err, -EBUSY,
				 "%s %s: a running machine answers there; give this one another "
				 "name (--name)",
				 what, path);
	}
	return unlink(path) < 0 && errno != ENOENT
		       ? error_set_errno(err, -errno, "%s %s", what, path)
		       : 0;
}

static int bind_socket(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	/* The mode of the descriptor becomes that of the file: there is no moment without it. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, CLIENTS_WAITING) < 0) {
		int code = -errno;

		(void)close(fd);
		return code;
	}
	return fd;
}

int unix_socket_listen(const char *what, const char *path, struct error *err)
{
	struct sockaddr_un address;
	int code = fill_address(&address, path);
	int fd;

	if (code < 0) {
		return error_set(err, code,
				 "%s %s: the path is longer than the %zu bytes that sockets allow",
				 what, path, sizeof(address.sun_path) - 1);
	}
	AUTO_CLOSE int folder = lock_folder(path);

	if (folder < 0) {
		return error_set_errno(err, folder, "%s %s: its folder", what, path);
	}
	code = remove_stale(what, path, err);
	if (code < 0) {
		return code;
	}
	fd = bind_socket(&address);
	return fd < 0 ? error_set_errno(err, fd, "%s %s", what, path) : fd;
}

void unix_socket_remove_stale(const char *path)
{
	/* Between its birth and its first listen() a socket looks stale, too: hence the lock. */
	AUTO_CLOSE int folder = lock_folder(path);
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (folder < 0 || lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) {
		return; /* connecting to a plain file is refused as well */
	}
	fd = unix_socket_connect(path);
	if (fd == -ECONNREFUSED) {
		(void)unlink(path);
	}
}
