/* SPDX-License-Identifier: MIT */
/* LINK: devices/char/ tests/unit/devices/char/fake_user.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "devices/char/char.h"
#include "tests/unit/devices/char/fake_user.h"

static struct fake_user user;
static unsigned quits;

static void on_quit(void *arg)
{
	(void)arg;
	quits++;
}

static void set_up(void)
{
	fake_user_init(&user);
	char_set_escape_handler(on_quit, NULL);
}

static void tear_down(void)
{
	fake_user_finish(&user);
}

TestSuite(stdio, .init = set_up, .fini = tear_down, .timeout = 10);

static void put_at(int fd, int number)
{
	cr_assert(eq(int, dup2(fd, number), number));
	(void)close(fd);
}

/* A pseudo-terminal becomes standard input and output; returns its far side. */
static int become_terminal(void)
{
	const struct winsize size = { .ws_col = 100, .ws_row = 30 };
	int far = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	cr_assert(eq(int, grantpt(far), 0));
	cr_assert(eq(int, unlockpt(far), 0));
	cr_assert(eq(int, ptsname_r(far, name, sizeof(name)), 0));
	put_at(open(name, O_RDWR | O_NOCTTY), STDIN_FILENO);
	cr_assert(eq(int, dup2(STDIN_FILENO, STDOUT_FILENO), STDOUT_FILENO));
	cr_assert(eq(int, ioctl(far, TIOCSWINSZ, &size), 0));
	return far;
}

static bool is_raw(void)
{
	struct termios mode;

	return tcgetattr(STDIN_FILENO, &mode) == 0 && !(mode.c_lflag & (ICANON | ECHO | ISIG));
}

static bool has_size(const struct fake_user *u)
{
	return u->columns > 0;
}

static bool has_other_size(const struct fake_user *u)
{
	return u->columns == 80;
}

static bool has_input(const struct fake_user *u)
{
	return u->input_length >= 3;
}

static bool has_quit(const struct fake_user *u)
{
	(void)u;
	return quits > 0;
}

Test(stdio, terminal_is_raw_and_restored)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");

	cr_assert(is_raw());
	char_destroy(backend);
	cr_assert(not(is_raw()));
	(void)close(far);
}

Test(stdio, terminal_is_restored_from_any_place)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");

	char_restore_terminal();
	cr_assert(not(is_raw()));
	char_restore_terminal(); /* harmless */
	char_destroy(backend);
	(void)close(far);
}

Test(stdio, second_user_is_refused_until_the_first_is_gone)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");
	struct char_backend *second;

	cr_assert(eq(int, char_create("stdio", user.loop, &user.user, &second, NULL), -EBUSY));
	char_destroy(backend);
	char_destroy(fake_user_open(&user, "stdio"));
	(void)close(far);
}

Test(stdio, terminal_tells_its_size_and_the_change_of_it)
{
	const struct winsize smaller = { .ws_col = 80, .ws_row = 24 };
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");

	fake_user_run(&user, has_size);
	cr_assert(eq(u32, user.columns, 100));
	cr_assert(eq(u32, user.rows, 30));
	cr_assert(eq(int, ioctl(far, TIOCSWINSZ, &smaller), 0));
	/* It is not our controlling terminal, so nobody sends this for us. */
	(void)raise(SIGWINCH);
	fake_user_run(&user, has_other_size);
	cr_assert(eq(u32, user.rows, 24));
	char_destroy(backend);
	(void)close(far);
}

Test(stdio, typed_bytes_arrive_as_they_are)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");

	cr_assert(eq(int, (int)write(far, "a\003\r", 3), 3));
	fake_user_run(&user, has_input);
	cr_assert(eq(str, user.input, "a\003\r"));
	char_destroy(backend);
	(void)close(far);
}

Test(stdio, escape_quits_though_the_guest_takes_no_input)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");

	user.room = 0;
	cr_assert(eq(int, (int)write(far, "typed ahead\001x", 13), 13));
	fake_user_run(&user, has_quit);
	cr_assert(eq(u32, quits, 1));
	char_destroy(backend);
	(void)close(far);
}

Test(stdio, output_does_not_change_the_shells_descriptor)
{
	int far = become_terminal();
	struct char_backend *backend = fake_user_open(&user, "stdio");
	char received[8] = "";

	cr_assert(eq(sz, fake_user_print(backend, "hello"), 5));
	cr_assert(eq(int, (int)read(far, received, 5), 5));
	cr_assert(eq(str, received, "hello"));
	cr_assert(eq(int, fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0));
	char_destroy(backend);
	(void)close(far);
}

Test(stdio, pipe_is_read_to_its_end_without_escapes)
{
	struct char_backend *backend;
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	put_at(ends[0], STDIN_FILENO);
	backend = fake_user_open(&user, "stdio");
	cr_assert(eq(int, (int)write(ends[1], "a\001x", 3), 3));
	(void)close(ends[1]);
	fake_user_run(&user, has_input);
	cr_assert(eq(str, user.input, "a\001x"));
	cr_assert(eq(u32, quits, 0));
	char_destroy(backend);
}

Test(stdio, regular_file_is_read_to_its_end)
{
	char path[] = "./test_stdio.XXXXXX";
	int fd = mkstemp(path);
	struct char_backend *backend;

	cr_assert(eq(int, (int)write(fd, "abc", 3), 3));
	cr_assert(eq(int, (int)lseek(fd, 0, SEEK_SET), 0));
	put_at(fd, STDIN_FILENO);
	(void)unlink(path);
	backend = fake_user_open(&user, "stdio");
	fake_user_run(&user, has_input);
	cr_assert(eq(str, user.input, "abc"));
	char_destroy(backend);
}

static bool is_later(const struct fake_user *u)
{
	static unsigned rounds;

	(void)u;
	return ++rounds > 3;
}

Test(stdio, no_input_at_all_is_fine)
{
	struct char_backend *backend;

	put_at(open("/dev/null", O_RDONLY), STDIN_FILENO);
	backend = fake_user_open(&user, "stdio");
	fake_user_run(&user, is_later);
	cr_assert(eq(sz, user.input_length, 0));
	char_destroy(backend);
	(void)close(STDIN_FILENO);
	backend = fake_user_open(&user, "stdio");
	char_destroy(backend);
}

Test(stdio, reader_of_our_output_that_leaves_does_not_end_us)
{
	struct char_backend *backend;
	int ends[2];

	put_at(open("/dev/null", O_RDONLY), STDIN_FILENO);
	cr_assert(eq(int, pipe(ends), 0));
	put_at(ends[1], STDOUT_FILENO);
	backend = fake_user_open(&user, "stdio");
	(void)close(ends[0]);
	cr_assert(eq(sz, fake_user_print(backend, "anybody?"), 8));
	cr_assert(eq(sz, fake_user_print(backend, "no"), 2));
	char_destroy(backend);
}

/* A child in a terminal of its own that dies by a signal. */
Test(stdio, fatal_signal_leaves_the_terminal_as_it_was, .signal = SIGTERM)
{
	int far = become_terminal();

	(void)fake_user_open(&user, "stdio");
	cr_assert(is_raw());
	(void)far;
	(void)raise(SIGTERM);
}
