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

/* --- signals --- */

static const int handed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static volatile sig_atomic_t group; /* of the program; 0: none runs */

static void hand_on(int number)
{
	int code = errno;

	if (group > 0) {
		(void)kill(-group, number);
	}
	errno = code;
}

/* What is ignored, as under nohup, stays so. */
static void catch_signals(struct sigaction old[ARRAY_SIZE(handed_on)])
{
	struct sigaction action = { .sa_handler = hand_on };

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++) {
		(void)sigaction(handed_on[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN) {
			(void)sigaction(handed_on[i], &action, NULL);
		}
	}
}

static void release_signals(const struct sigaction old[ARRAY_SIZE(handed_on)])
{
	for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++) {
		(void)sigaction(handed_on[i], &old[i], NULL);
	}
}

/* --- the program --- */

/* It starts with default signals, a process group of its own, and the write ends of both pipes. */
static int spawn(char *const *argv, const int *output, const int *errors, const sigset_t *mask,
		 pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int code;

	(void)sigemptyset(&defaults);
	for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++) {
		(void)sigaddset(&defaults, handed_on[i]);
	}
	(void)sigaddset(&defaults, SIGPIPE);
	if (posix_spawn_file_actions_init(&actions) != 0) {
		return -ENOMEM;
	}
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
	(void)posix_spawnattr_setsigmask(&attributes, mask);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETPGROUP);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
	code = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -code;
}

/* What is sent to us meanwhile waits until it can be handed on. */
static int start(char *const *argv, const int *output, const int *errors, pid_t *pid)
{
	sigset_t all, old;
	int code;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	code = spawn(argv, output, errors, &old, pid);
	group = code == 0 ? *pid : 0;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return code;
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
	siginfo_t unused;
	int status;

	/* It keeps its number, so that no other group gets its signals. */
	while (waitid(P_PID, (id_t)pid, &unused, WEXITED | WNOWAIT) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	group = 0;
	if (waitpid(pid, &status, 0) < 0) {
		return -errno;
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
	struct sigaction old[ARRAY_SIZE(handed_on)];
	int output[2] = { -1, -1 }, errors[2] = { -1, -1 };
	int code;

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) {
		code = -errno;
	} else {
		catch_signals(old);
		code = run_with_pipes(process, output, errors);
		release_signals(old);
	}
	close_pipe(output);
	close_pipe(errors);
	return code < 0 ? error_set_errno(err, code, "cannot run %s", process->argv[0]) : code;
}
