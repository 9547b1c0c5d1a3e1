/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "display/film.h"
#include "display/image.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

/* ffmpeg that takes nothing for so long has hung. */
#define WRITE_PATIENCE_MS 10000
/* It may have to code what is in its queues. */
#define END_PATIENCE_MS 30000
#define PIPE_BYTES	(1 << 20)

struct ffmpeg_film {
	struct film film;
	pid_t pid;
	int pipe;
	size_t frame_bytes;
};

/* --- finding it --- */

static bool is_on_path(const char *name)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *folders = strdup(path ? path : "/usr/bin:/bin");
	char *rest = folders;
	const char *folder;
	char file[4096];

	while (folders && (folder = strsep(&rest, ":"))) {
		(void)snprintf(file, sizeof(file), "%s/%s", *folder ? folder : ".", name);
		if (access(file, X_OK) == 0) {
			return true;
		}
	}
	return false;
}

static int check(struct error *err)
{
	return is_on_path("ffmpeg")
		       ? 0
		       : error_set(err, -ENOENT,
				   "there is no ffmpeg to pack it (sudo apt install ffmpeg); "
				   "FILE.y4m needs none, but is large");
}

/* --- starting it --- */

/* In a group of its own, so that Ctrl-C on the terminal does not reach it; with no signal blocked
 * or ignored, whatever is in this thread. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, ours;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGPIPE);
	(void)posix_spawnattr_setpgroup(attributes, 0);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	(void)posix_spawnattr_setsigdefault(attributes, &ours);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
}

/* Its standard output, if it had any, is not the terminal of the guest. */
static int spawn(char *const *words, int input, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code;

	if (posix_spawn_file_actions_init(&actions) != 0) {
		return -ENOMEM;
	}
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	code = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	code = code
		       ?: posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
							   O_WRONLY, 0);
	code = code ?: set_attributes(&attributes);
	code = code ?: posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -code;
}

/* Packed without loss: the colours stay as they are, and what does not move costs nothing. */
static int spawn_ffmpeg(const struct film_config *config, int input, pid_t *pid)
{
	char size[32], rate[32], file[4096];
	const char *const words[] = { "ffmpeg",	    "-nostdin",	   "-hide_banner",
				      "-loglevel",  "error",	   "-y",
				      "-f",	    "rawvideo",	   "-pixel_format",
				      "bgr0",	    "-video_size", size,
				      "-framerate", rate,	   "-i",
				      "pipe:0",	    "-c:v",	   "libx264rgb",
				      "-preset",    "ultrafast",   "-qp",
				      "0",	    "-f",	   "matroska",
				      file,	    NULL };

	(void)snprintf(size, sizeof(size), "%ux%u", config->width, config->height);
	(void)snprintf(rate, sizeof(rate), "%u/1000", config->rate_mhz);
	/* A name is never taken for an option or an address. */
	if (snprintf(file, sizeof(file), "file:%s", config->path) >= (int)sizeof(file)) {
		return -ENAMETOOLONG;
	}
	return spawn((char *const *)(uintptr_t)words, input, pid);
}

/* --- the film --- */

static int open_pipe(const struct film_config *config, struct film **out, struct error *err)
{
	struct ffmpeg_film *film = calloc(1, sizeof(*film));
	int ends[2];
	int code;

	*out = NULL;
	if (!film || pipe2(ends, O_CLOEXEC) < 0) {
		free(film);
		return error_set_errno(err, film ? -errno : -ENOMEM, "opening");
	}
	film->film.type = &ffmpeg_film_type;
	film->frame_bytes = (size_t)config->width * config->height * SURFACE_PIXEL_BYTES;
	film->pipe = ends[1];
	(void)fcntl(film->pipe, F_SETFL, O_NONBLOCK);
	(void)fcntl(film->pipe, F_SETPIPE_SZ, PIPE_BYTES); /* fewer wake-ups; as large as allowed */
	code = spawn_ffmpeg(config, ends[0], &film->pid);
	(void)close(ends[0]);
	if (code < 0) {
		(void)close(film->pipe);
		free(film);
		return error_set_errno(err, code, "starting ffmpeg");
	}
	*out = &film->film;
	return 0;
}

static int wait_writable(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLOUT };
	int n = poll(&waiting, 1, WRITE_PATIENCE_MS);

	if (n == 0) {
		return -ETIMEDOUT;
	}
	return n < 0 && errno != EINTR ? -errno : 0;
}

/* SIGPIPE is blocked in the record's thread, as in all. */
static int write_frame(struct film *base, const struct image *image, bool is_changed UNUSED)
{
	struct ffmpeg_film *film = container_of(base, struct ffmpeg_film, film);
	const uint8_t *at = (const uint8_t *)image->pixels;
	size_t left = film->frame_bytes;
	int code = 0;

	while (left > 0 && code == 0) {
		ssize_t n = write(film->pipe, at, left);

		if (n > 0) {
			at += n;
			left -= (size_t)n;
		} else if (errno == EAGAIN) {
			code = wait_writable(film->pipe);
		} else if (errno != EINTR) {
			code = -errno;
		}
	}
	return code;
}

/* Until it has ended, or is ended. */
static int wait_for_end(pid_t pid, struct error *err)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { .fd = process, .events = POLLIN };
	int status = 0;
	int n;

	do {
		n = process < 0 ? -1 : poll(&ended, 1, END_PATIENCE_MS);
	} while (n < 0 && process >= 0 && errno == EINTR);
	if (process >= 0) {
		(void)close(process);
	}
	if (n == 0) {
		(void)kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (n == 0) {
		return error_set(err, -ETIMEDOUT, "ffmpeg did not finish and was ended");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		return 0;
	}
	return error_set(err, -EIO, "ffmpeg failed (%s %d)",
			 WIFEXITED(status) ? "exit code" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int close_pipe(struct film *base, struct error *err)
{
	struct ffmpeg_film *film = container_of(base, struct ffmpeg_film, film);
	int code;

	(void)close(film->pipe);
	code = wait_for_end(film->pid, err);
	free(film);
	return code;
}

const struct film_type ffmpeg_film_type = {
	.ending = ".mkv",
	.help = "packed without loss by ffmpeg",
	.check = check,
	.open = open_pipe,
	.write = write_frame,
	.close = close_pipe,
};
