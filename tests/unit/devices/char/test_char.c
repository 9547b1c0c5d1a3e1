/* SPDX-License-Identifier: MIT */
/* LINK: devices/char/ tests/unit/devices/char/fake_user.c */
#include "devices/char/char.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/devices/char/fake_user.h"
#include "vmm/base/log.h"

static struct fake_user user;
static char folder[] = "./test_char.XXXXXX";
static char path[64];
static char text[96];

static void set_up(void)
{
	fake_user_init(&user);
	cr_assert(not(zero(ptr, mkdtemp(folder))));
	(void)snprintf(path, sizeof(path), "%s/out", folder);
	(void)snprintf(text, sizeof(text), "file:%s", path);
}

static void tear_down(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
	fake_user_finish(&user);
}

TestSuite(char, .init = set_up, .fini = tear_down, .timeout = 10);

struct bad_text {
	char text[32];
	int code;
	char hint[16]; /* a word of the error text */
};

ParameterizedTestParameters(char, create_refuses)
{
	static struct bad_text rows[] = {
		{ "stdoi", -EINVAL, "stdio" },
		{ "flie:x", -EINVAL, "file" },
		{ "tcp:localhost:1", -EINVAL, "unix:PATH" },
		{ "", -EINVAL, "pty" },
		{ "file", -EINVAL, "PATH" },
		{ "unix:", -EINVAL, "PATH" },
		{ "pty:x", -EINVAL, "nothing" },
		{ "file:/", -EISDIR, "/" },
		{ "file:/no/such/file", -ENOENT, "/no/such/file" },
		{ "file:x,apend=on", -ENOENT, "append" },
		{ "unix:/no/such/socket", -ENOENT, "/no/such" },
	};

	return cr_make_param_array(struct bad_text, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct bad_text *row, char, create_refuses)
{
	struct char_backend *backend;
	struct error err = { "" };

	cr_assert(eq(int, char_create(row->text, user.loop, &user.user, &backend, &err), row->code),
		  "%s: %s", row->text, err.text);
	cr_assert(zero(ptr, backend));
	cr_assert(not(zero(ptr, strstr(err.text, row->hint))), "%s: %s", row->text, err.text);
}

static void expect_file(const char *content)
{
	char read_back[64] = "";
	int fd = open(path, O_RDONLY);

	cr_assert(ge(int, (int)read(fd, read_back, sizeof(read_back) - 1), 0));
	(void)close(fd);
	cr_assert(eq(int, strcmp(read_back, content), 0));
}

Test(char, none_takes_everything)
{
	struct char_backend *backend = fake_user_open(&user, "none");

	cr_assert(eq(sz, fake_user_print(backend, "gone"), 4));
	char_accept_input(backend);
	cr_assert(eq(int, strcmp(char_description(backend), "none"), 0));
	char_destroy(backend);
}

Test(char, destroy_accepts_null)
{
	char_destroy(NULL);
}

Test(char, file_is_truncated_and_written_at_once)
{
	struct char_backend *backend = fake_user_open(&user, text);

	cr_assert(eq(sz, fake_user_print(backend, "first"), 5));
	char_destroy(backend);
	backend = fake_user_open(&user, text);
	cr_assert(eq(sz, fake_user_print(backend, "2nd"), 3));
	expect_file("2nd");
	cr_assert(char_is_connected(backend));
	cr_assert(eq(int, strcmp(char_description(backend), text), 0));
	char_destroy(backend);
}

Test(char, file_can_be_appended_to)
{
	struct char_backend *backend = fake_user_open(&user, text);

	(void)fake_user_print(backend, "one,");
	char_destroy(backend);
	(void)strncat(text, ",append=on", sizeof(text) - strlen(text) - 1);
	backend = fake_user_open(&user, text);
	(void)fake_user_print(backend, "two");
	char_destroy(backend);
	expect_file("one,two");
}

static unsigned errors;

static void count_errors(enum log_level level, const char *tag, const char *line)
{
	(void)tag;
	(void)line;
	errors += level == LOG_LEVEL_ERROR;
}

Test(char, full_disk_ends_output_but_not_the_guest)
{
	struct char_backend *backend = fake_user_open(&user, "file:/dev/full");

	log_set_sink(count_errors);
	cr_assert(eq(sz, fake_user_print(backend, "lost"), 4));
	cr_assert(eq(sz, fake_user_print(backend, "too"), 3));
	cr_assert(eq(u32, errors, 1));
	char_destroy(backend);
}

Test(char, fifo_without_reader_is_refused)
{
	struct char_backend *backend;
	struct error err = { "" };

	cr_assert(eq(int, mkfifo(path, 0600), 0));
	cr_assert(eq(int, char_create(text, user.loop, &user.user, &backend, &err), -ENXIO));
	cr_assert(not(zero(ptr, strstr(err.text, "FIFO"))));
}

static bool is_writable(const struct fake_user *u)
{
	return u->writables > 0;
}

Test(char, slow_reader_makes_the_writer_wait_and_loses_nothing)
{
	static uint8_t block[300000];
	struct char_backend *backend;
	size_t sent = 0;
	size_t received = 0;
	size_t taken;
	ssize_t length;
	int fd;

	cr_assert(eq(int, mkfifo(path, 0600), 0));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	backend = fake_user_open(&user, text);
	do {
		taken = char_write(backend, block, sizeof(block));
		sent += taken;
	} while (taken == sizeof(block));
	/* The pipe's buffer and ours are full. */
	cr_assert(ge(sz, sent, CHAR_BUFFER_BYTES));
	cr_assert(eq(sz, char_write(backend, block, 1), 0));
	while ((length = read(fd, block, sizeof(block))) > 0) {
		received += (size_t)length;
	}
	fake_user_run(&user, is_writable);
	while ((length = read(fd, block, sizeof(block))) > 0) {
		received += (size_t)length;
	}
	char_destroy(backend);
	while ((length = read(fd, block, sizeof(block))) > 0) {
		received += (size_t)length;
	}
	cr_assert(eq(sz, received, sent));
	(void)close(fd);
}
