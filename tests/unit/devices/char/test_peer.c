/* SPDX-License-Identifier: MIT */
/* LINK: devices/char/ tests/unit/devices/char/fake_user.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "devices/char/char.h"
#include "tests/unit/devices/char/fake_user.h"

static struct fake_user user;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char folder[] = "./test_peer.XXXXXX";
static char text[96];

static void set_up(void)
{
	fake_user_init(&user);
	cr_assert(not(zero(ptr, mkdtemp(folder))));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	(void)snprintf(text, sizeof(text), "unix:%s/socket", folder);
}

static void tear_down(void)
{
	(void)unlink(address.sun_path);
	(void)rmdir(folder);
	fake_user_finish(&user);
}

TestSuite(peer, .init = set_up, .fini = tear_down, .timeout = 10);

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(eq(int, connect(fd, (struct sockaddr *)&address, sizeof(address)), 0));
	return fd;
}

static bool is_connected(const struct fake_user *u)
{
	return u->connects > u->disconnects;
}

static bool is_disconnected(const struct fake_user *u)
{
	return u->connects == u->disconnects;
}

static bool has_two_connects(const struct fake_user *u)
{
	return u->connects == 2;
}

static bool has_input(const struct fake_user *u)
{
	return u->input_length >= 5;
}

Test(peer, socket_carries_both_ways)
{
	struct char_backend *backend = fake_user_open(&user, text);
	char received[8] = "";
	int client = connect_client();

	fake_user_run(&user, is_connected);
	cr_assert(char_is_connected(backend));
	cr_assert(eq(sz, fake_user_print(backend, "hello"), 5));
	cr_assert(eq(int, (int)read(client, received, 5), 5));
	cr_assert(eq(str, received, "hello"));
	cr_assert(eq(int, (int)write(client, "world", 5), 5));
	fake_user_run(&user, has_input);
	cr_assert(eq(str, user.input, "world"));
	(void)close(client);
	char_destroy(backend);
}

Test(peer, socket_is_private_and_removed_at_the_end)
{
	struct char_backend *backend = fake_user_open(&user, text);
	struct stat status;

	cr_assert(eq(int, stat(address.sun_path, &status), 0));
	cr_assert(eq(u32, status.st_mode & 0777, 0600));
	char_destroy(backend);
	cr_assert(eq(int, access(address.sun_path, F_OK), -1));
}

Test(peer, output_without_a_client_is_dropped)
{
	struct char_backend *backend = fake_user_open(&user, text);

	cr_assert(eq(sz, fake_user_print(backend, "nobody"), 6));
	cr_assert(not(char_is_connected(backend)));
	char_destroy(backend);
}

Test(peer, next_client_comes_after_the_first_has_gone)
{
	struct char_backend *backend = fake_user_open(&user, text);
	char received[8] = "";
	int first = connect_client();
	int second;

	fake_user_run(&user, is_connected);
	second = connect_client(); /* waits */
	(void)close(first);
	fake_user_run(&user, has_two_connects);
	(void)fake_user_print(backend, "you");
	cr_assert(eq(int, (int)read(second, received, 3), 3));
	cr_assert(eq(str, received, "you"));
	(void)close(second);
	char_destroy(backend);
}

Test(peer, input_of_a_client_that_has_left_is_kept)
{
	struct char_backend *backend = fake_user_open(&user, text);
	int client;

	user.room = 2;
	client = connect_client();
	cr_assert(eq(int, (int)write(client, "world", 5), 5));
	fake_user_run(&user, is_connected);
	(void)close(client);
	fake_user_run(&user, is_disconnected);
	cr_assert(eq(str, user.input, "wo"));
	user.room = 100;
	char_accept_input(backend);
	cr_assert(eq(str, user.input, "world"));
	char_destroy(backend);
}

Test(peer, client_that_leaves_while_it_does_not_read_frees_the_guest)
{
	static uint8_t block[500000];
	struct char_backend *backend = fake_user_open(&user, text);
	int client = connect_client();

	fake_user_run(&user, is_connected);
	while (char_write(backend, block, sizeof(block)) == sizeof(block)) {
	}
	cr_assert(eq(sz, char_write(backend, block, 1), 0));
	(void)close(client);
	fake_user_run(&user, is_disconnected);
	cr_assert(eq(u32, user.writables, 1));
	cr_assert(eq(sz, char_write(backend, block, 1), 1));
	char_destroy(backend);
}

Test(peer, stale_socket_is_replaced_but_not_one_in_use)
{
	struct char_backend *backend = fake_user_open(&user, text);
	struct char_backend *other;
	struct error err = { "" };
	int stale;

	cr_assert(eq(int, char_create(text, user.loop, &user.user, &other, &err), -EADDRINUSE));
	char_destroy(backend);
	stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(eq(int, bind(stale, (struct sockaddr *)&address, sizeof(address)), 0));
	(void)close(stale);
	backend = fake_user_open(&user, text);
	char_destroy(backend);
}

Test(peer, file_that_is_no_socket_is_left_alone)
{
	struct char_backend *backend;
	int fd = open(address.sun_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)close(fd);
	cr_assert(eq(int, char_create(text, user.loop, &user.user, &backend, NULL), -EEXIST));
	cr_assert(eq(int, access(address.sun_path, F_OK), 0));
}

Test(peer, pty_carries_both_ways_and_notices_its_user)
{
	struct char_backend *backend = fake_user_open(&user, "pty");
	const char *name = char_description(backend) + strlen("pty:");
	char received[8] = "";
	int fd;

	cr_assert(not(char_is_connected(backend)));
	cr_assert(eq(sz, fake_user_print(backend, "nobody"), 6));
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	fake_user_run(&user, is_connected);
	cr_assert(eq(sz, fake_user_print(backend, "a\n"), 2));
	cr_assert(eq(int, (int)read(fd, received, 2), 2)); /* raw: nothing is translated */
	cr_assert(eq(str, received, "a\n"));
	cr_assert(eq(int, (int)write(fd, "w\003d\rx", 5), 5));
	fake_user_run(&user, has_input);
	cr_assert(eq(str, user.input, "w\003d\rx"));
	(void)close(fd);
	fake_user_run(&user, is_disconnected);
	cr_assert(eq(sz, fake_user_print(backend, "nobody"), 6));
	char_destroy(backend);
}
