/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/unix_socket.h"

static char folder[] = "/tmp/test_unix_socket.XXXXXX";
static char path[sizeof(folder) + 8];

static void set_up(void)
{
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
}

static void tear_down(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
}

TestSuite(unix_socket, .init = set_up, .fini = tear_down, .timeout = 10);

static int listen_there(void)
{
	int fd = unix_socket_listen("control socket", path, NULL);

	cr_assert(ge(int, fd, 0));
	return fd;
}

Test(unix_socket, listen_makes_a_private_socket)
{
	int fd = listen_there();
	struct stat status;

	cr_assert(eq(int, stat(path, &status), 0));
	cr_assert(eq(u32, status.st_mode, S_IFSOCK | 0600));
	(void)close(fd);
}

Test(unix_socket, listen_refuses_the_place_of_a_server)
{
	int fd = listen_there();

	cr_assert(eq(int, unix_socket_listen("control socket", path, NULL), -EBUSY));
	(void)close(fd);
}

Test(unix_socket, listen_takes_the_place_of_the_dead)
{
	(void)close(listen_there());
	(void)close(listen_there());
}

Test(unix_socket, remove_stale_removes_what_nobody_serves)
{
	(void)close(listen_there());
	unix_socket_remove_stale(path);
	cr_assert(eq(int, access(path, F_OK), -1));
}

Test(unix_socket, remove_stale_leaves_servers_and_files)
{
	int fd = listen_there();

	unix_socket_remove_stale(path);
	cr_assert(eq(int, access(path, F_OK), 0));
	(void)close(fd);
	cr_assert(eq(int, unlink(path), 0));
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert(ge(int, fd, 0));
	(void)close(fd);
	unix_socket_remove_stale(path);
	cr_assert(eq(int, access(path, F_OK), 0));
}
