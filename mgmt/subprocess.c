/* SPDX-License-Identifier: MIT */
#include "mgmt/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/compiler.h"

#define SIGNALLED 128 /* plus the number: as shells tell it */

/* One of the two streams. */
struct stream {
	int fd;
	size_t used;
	char line[SUBPROCESS_LINE_MAX];
	void (*on_line)(void *arg, const char *line);
	void *arg;
};

static void end_line(struct stream *stream)
{
	stream->line[stream->used] = '\0';
	if (stream->on_line) {
		stream->on_line(stream->arg, stream->line);
	}
	stream->used = 0;
}

static void take(struct stream *stream, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			end_line(stream);
		} else if (stream->used < sizeof(stream->line) - 1) {
			stream->line[stream->used++] = bytes[i];
		}
	}
}

/* False at the end of the stream. */
static bool read_some(struct stream *stream)
{
	char bytes[4096];
	ssize_t n = read(stream->fd, bytes, sizeof(bytes));

	if (n > 0) {
		take(stream, bytes, (size_t)n);
		return true;
	}
	if (n < 0 && errno == EINTR) {
		return true;
	}
	if (stream->used > 0) {
		end_line(stream);
	}
	return false;
}

static void read_all(struct stream streams[2])
{
	struct pollfd polls[2] = { { .fd = streams[0].fd, .events = POLLIN },
				   { .fd = streams[1].fd, .events = POLLIN } };

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR) {
			return;
		}
		for (unsigned i = 0; i < 2; i++) {
			if (polls[i].revents != 0 && !read_some(&streams[i])) {
				polls[i].fd = -1;
			}
			polls[i].revents = 0;
		}
	}
}

/* The program starts with default signals and the write ends of both pipes. */
static int start(char *const *argv, const int *output, const int *errors, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int code;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGINT);
	(void)sigaddset(&defaults, SIGQUIT);
	(void)sigaddset(&defaults, SIGPIPE);
	if (posix_spawn_file_actions_init(&actions) != 0) {
		return -ENOMEM;
	}
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
	code = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -code;
}

static void close_pipe(int *ends)
{
	for (unsigned i = 0; i < 2; i++) {
		if (ends[i] >= 0) {
			(void)close(ends[i]);
			ends[i] = -1;
		}
	}
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

static int run_with_pipes(const struct subprocess *process, int *output, int *errors)
{
	struct stream streams[2] = {
		{ .fd = output[0], .on_line = process->on_output, .arg = process->arg },
		{ .fd = errors[0], .on_line = process->on_error, .arg = process->arg },
	};
	pid_t pid;
	int code = start(process->argv, output, errors, &pid);

	if (code < 0) {
		return code;
	}
	/* Only the program holds the write ends now, so that its end ends the streams. */
	(void)close(output[1]);
	(void)close(errors[1]);
	output[1] = errors[1] = -1;
	read_all(streams);
	return wait_for(pid);
}

int subprocess_run(const struct subprocess *process, struct error *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_int, old_quit;
	int output[2] = { -1, -1 }, errors[2] = { -1, -1 };
	int code;

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) {
		code = -errno;
	} else {
		(void)sigaction(SIGINT, &ignore, &old_int);
		(void)sigaction(SIGQUIT, &ignore, &old_quit);
		code = run_with_pipes(process, output, errors);
		(void)sigaction(SIGINT, &old_int, NULL);
		(void)sigaction(SIGQUIT, &old_quit, NULL);
	}
	close_pipe(output);
	close_pipe(errors);
	return code < 0 ? error_set_errno(err, code, "cannot run %s", process->argv[0]) : code;
}
