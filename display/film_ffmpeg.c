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
#include "display/record.h"
#include "display/surface.h"
#include "vmm/base/compiler.h"

/* ffmpeg that takes nothing for so long has hung. */
#define WRITE_PATIENCE_MS 10000
/* It may have to code what is in its queues. */
#define END_PATIENCE_MS 30000
#define PIPE_BYTES	(1 << 20)
#define WORDS_MAX	48
/* Where ffmpeg finds the sound. */
#define SOUND_FD   3
#define SOUND_RATE "48000"
_Static_assert(RECORD_SOUND_HZ == 48000 && RECORD_SOUND_CHANNELS == 2, "what ffmpeg is told");

struct ffmpeg_film {
	struct film film;
	pid_t pid;
	int pipe;
	int sound_pipe; /* -1: a silent film */
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
static int spawn(char *const *words, int input, int sound, pid_t *pid)
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
	if (sound >= 0) {
		code = code ?: posix_spawn_file_actions_adddup2(&actions, sound, SOUND_FD);
	}
	code = code
		       ?: posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
							   O_WRONLY, 0);
	code = code ?: set_attributes(&attributes);
	code = code ?: posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -code;
}

static void add_words(const char **all, size_t *count, const char *const *words, size_t n)
{
	memcpy(all + *count, words, n * sizeof(*words));
	*count += n;
}

/* Packed without loss: the colours stay as they are, and what does not move costs nothing. */
static int spawn_ffmpeg(const struct film_config *config, int input, int sound, pid_t *pid)
{
	char size[32], rate[32], file[4096];
	const char *const with_sound[] = {
		"-f",  "s16le", "-ar",	  SOUND_RATE, "-ac", "2", "-thread_queue_size",
		"512", "-i",	"pipe:3", "-c:a",     "flac"
	};
	const char *all[WORDS_MAX];
	size_t count = 0;
	const char *const input_words[] = { "ffmpeg",	  "-nostdin",	 "-hide_banner",
					    "-loglevel",  "error",	 "-y",
					    "-f",	  "rawvideo",	 "-pixel_format",
					    "bgr0",	  "-video_size", size,
					    "-framerate", rate,		 "-i",
					    "pipe:0" };
	const char *const output_words[] = { "-c:v", "libx264rgb", "-preset",  "ultrafast", "-qp",
					     "0",    "-f",	   "matroska", file };

	(void)snprintf(size, sizeof(size), "%ux%u", config->width, config->height);
	(void)snprintf(rate, sizeof(rate), "%u/1000", config->rate_mhz);
	/* A name is never taken for an option or an address. */
	if (snprintf(file, sizeof(file), "file:%s", config->path) >= (int)sizeof(file)) {
		return -ENAMETOOLONG;
	}
	add_words(all, &count, input_words, ARRAY_SIZE(input_words));
	if (sound >= 0) {
		add_words(all, &count, with_sound, ARRAY_SIZE(with_sound));
	}
	add_words(all, &count, output_words, ARRAY_SIZE(output_words));
	all[count] = NULL;
	return spawn((char *const *)(uintptr_t)all, input, sound, pid);
}

/* --- the film --- */

/* Its writing end does not block, and takes as much as allowed: fewer wake-ups. */
static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static void close_pair(int ends[2])
{
	for (unsigned i = 0; i < 2; i++) {
		if (ends[i] >= 0) {
			(void)close(ends[i]);
		}
	}
}

static int open_pipe(const struct film_config *config, struct film **out, struct error *err)
{
	struct ffmpeg_film *film = calloc(1, sizeof(*film));
	int ends[2] = { -1, -1 };
	int sound_ends[2] = { -1, -1 };
	int code = film ? make_pipe(ends) : -ENOMEM;

	*out = NULL;
	if (code == 0 && config->has_sound) {
		code = make_pipe(sound_ends);
	}
	code = code ?: spawn_ffmpeg(config, ends[0], sound_ends[0], &film->pid);
	if (code < 0) {
		close_pair(ends);
		close_pair(sound_ends);
		free(film);
		return error_set_errno(err, code, "starting ffmpeg");
	}
	(void)close(ends[0]);
	if (config->has_sound) {
		(void)close(sound_ends[0]);
	}
	film->film.type = &ffmpeg_film_type;
	film->frame_bytes = (size_t)config->width * config->height * SURFACE_PIXEL_BYTES;
	film->pipe = ends[1];
	film->sound_pipe = sound_ends[1];
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
static int write_all(int pipe, const void *bytes, size_t left)
{
	const uint8_t *at = bytes;
	int code = 0;

	while (left > 0 && code == 0) {
		ssize_t n = write(pipe, at, left);

		if (n > 0) {
			at += n;
			left -= (size_t)n;
		} else if (errno == EAGAIN) {
			code = wait_writable(pipe);
		} else if (errno != EINTR) {
			code = -errno;
		}
	}
	return code;
}

static int write_frame(struct film *base, const struct image *image, bool is_changed UNUSED)
{
	const struct ffmpeg_film *film = container_of(base, struct ffmpeg_film, film);

	return write_all(film->pipe, image->pixels, film->frame_bytes);
}

static int write_sound(struct film *base, const int16_t *samples, size_t frames)
{
	const struct ffmpeg_film *film = container_of(base, struct ffmpeg_film, film);

	return write_all(film->sound_pipe, samples,
			 frames * RECORD_SOUND_CHANNELS * sizeof(*samples));
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
	if (film->sound_pipe >= 0) {
		(void)close(film->sound_pipe);
	}
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
	.write_sound = write_sound,
	.close = close_pipe,
};
