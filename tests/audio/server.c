/* SPDX-License-Identifier: MIT */
#include "tests/audio/server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

#define STEP_MS	       5
#define ARGUMENT_BYTES 160

/* --- time --- */

void sleep_ms(unsigned ms)
{
	const struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL);
}

void wait_until(const char *what, bool (*is_true)(void *arg), void *arg)
{
	uint64_t end_ns = clock_now_ns() + WAIT_LIMIT_S * NS_PER_SECOND;

	while (!is_true(arg)) {
		cr_assert(clock_now_ns() < end_ns, "waited in vain for %s", what);
		sleep_ms(STEP_MS);
	}
}

/* --- programs --- */

static void need_program(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/usr/bin/%s", name);
	if (access(path, X_OK) != 0) {
		cr_skip_test("%s is not installed", name);
	}
}

/* Input and output are files, or nothing. */
static pid_t start(const char *const *command, const char *input, const char *output)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen(input ? input : "/dev/null", "r", stdin) ||
		    !freopen(output ? output : "/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr)) {
			_exit(126);
		}
		for (int fd = 3; fd < 64; fd++) {
			(void)close(fd);
		}
		(void)execvp(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	return pid;
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

/* --- the server --- */

static bool does_listen(void *arg)
{
	const char *path = arg;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool does;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	does = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	(void)close(fd);
	return does;
}

static void wait_for_socket(const struct server *server, const char *name)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", server->folder, name);
	wait_until(name, does_listen, path);
}

void server_restart(struct server *server)
{
	const char *command[] = { "pulseaudio",		"-n",
				  "--daemonize=no",	"--exit-idle-time=-1",
				  "--use-pid-file=no",	"--realtime=no",
				  "--high-priority=no", "-F",
				  server->script,	NULL };

	server->pid = start(command, NULL, NULL);
	wait_for_socket(server, "native");
}

static void write_script(struct server *server, const char *lines)
{
	FILE *file;

	(void)snprintf(server->script, sizeof(server->script), "%s/script.pa", server->folder);
	file = fopen(server->script, "we");
	cr_assert(file != NULL);
	(void)fprintf(file,
		      "%sload-module module-native-protocol-unix auth-anonymous=1 "
		      "socket=%s/native\n",
		      lines, server->folder);
	(void)fclose(file);
}

static void make_home(struct server *server)
{
	char name[96];

	*server = (struct server){ .folder = "/tmp/sound-XXXXXX" };
	need_program("parec");
	cr_assert(mkdtemp(server->folder) != NULL);
	(void)snprintf(name, sizeof(name), "unix:%s/native", server->folder);
	(void)setenv("PULSE_SERVER", name, 1);
	(void)setenv("PULSE_RUNTIME_PATH", server->folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", server->folder, 1);
	(void)setenv("HOME", server->folder, 1);
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	(void)unsetenv("DISPLAY");
}

void server_start(struct server *server, const char *script)
{
	need_program("pulseaudio");
	make_home(server);
	write_script(server, script);
	server_restart(server);
}

void server_kill(struct server *server)
{
	char path[96];

	end(&server->pid);
	/* The next one is to be the one that answers. */
	(void)snprintf(path, sizeof(path), "%s/native", server->folder);
	(void)unlink(path);
}

bool server_command(struct server *server UNUSED, const char *const *words)
{
	const char *command[8] = { "pactl" };
	int status;
	pid_t pid;

	for (unsigned i = 0; words[i] && i + 2 < ARRAY_SIZE(command); i++) {
		command[i + 1] = words[i];
	}
	pid = start(command, NULL, NULL);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return status == 0;
}

static bool has_card(void *arg)
{
	static const char *const look[] = { "get-sink-volume", "card", NULL };

	return server_command(arg, look);
}

void server_start_pipewire(struct server *server)
{
	static const char *const pipewire[] = { "pipewire", NULL };
	static const char *const manager[] = { "wireplumber", NULL };
	static const char *const pulse[] = { "pipewire-pulse", NULL };
	static const char *const load[] = { "load-module", "module-null-sink", "sink_name=card",
					    "rate=48000",  "channels=2",       NULL };
	char address[96];
	const char *bus[] = {
		"dbus-daemon", "--session", "--nofork", "--nopidfile", address, NULL
	};

	need_program("dbus-daemon");
	need_program("pipewire");
	need_program("wireplumber");
	need_program("pipewire-pulse");
	make_home(server);
	(void)snprintf(address, sizeof(address), "--address=unix:path=%s/bus", server->folder);
	server->helpers[0] = start(bus, NULL, NULL);
	wait_for_socket(server, "bus");
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", address + strlen("--address="), 1);
	server->helpers[1] = start(pipewire, NULL, NULL);
	wait_for_socket(server, "pipewire-0");
	server->helpers[2] = start(manager, NULL, NULL);
	server->pid = start(pulse, NULL, NULL);
	wait_for_socket(server, "native");
	cr_assert(server_command(server, load));
	wait_until("a card", has_card, server);
}

void server_hang(struct server *server, bool does_hang)
{
	cr_assert(eq(int, kill(server->pid, does_hang ? SIGSTOP : SIGCONT), 0));
}

static int remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED,
		      struct FTW *place UNUSED)
{
	return remove(path);
}

void server_end(struct server *server)
{
	end(&server->pid);
	for (unsigned i = 0; i < ARRAY_SIZE(server->helpers); i++) {
		end(&server->helpers[i]);
	}
	(void)nftw(server->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- formats, as the server's programs know them --- */

static const char *format_name(enum audio_sample sample)
{
	static const char *const names[AUDIO_SAMPLES] = {
		"u8", "s16le", "s24le", "s24-32le", "s32le", "float32le",
	};

	return names[sample];
}

static void map_name(const struct audio_format *format, char *text, size_t size)
{
	static const char *const names[AUDIO_PLACES] = {
		"mono",	     "front-left", "front-right", "front-center", "lfe",
		"rear-left", "rear-right", "side-left",	  "side-right",
	};
	size_t used = 0;

	for (unsigned i = 0; i < format->channels; i++) {
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
					 names[format->places[i]]);
	}
}

void server_describe_card(const char *name, const struct audio_format *format, char *line,
			  size_t size)
{
	char map[ARGUMENT_BYTES];

	map_name(format, map, sizeof(map));
	(void)snprintf(line, size,
		       "load-module module-null-sink sink_name=%s format=%s rate=%u channels=%u "
		       "channel_map=%s norewinds=1\n",
		       name, format_name(format->sample), format->rate_hz, format->channels, map);
}

/* --- witnesses --- */

static void start_witness(const char *program, const char *device,
			  const struct audio_format *format, bool does_play, struct witness *w)
{
	char device_text[ARGUMENT_BYTES], format_text[32], rate[32], channels[32];
	char map[ARGUMENT_BYTES], map_text[ARGUMENT_BYTES + 32];
	const char *command[] = { program,  device_text, format_text,	      rate, channels,
				  map_text, "--raw",	 "--latency-msec=20", NULL };

	map_name(format, map, sizeof(map));
	(void)snprintf(device_text, sizeof(device_text), "--device=%s", device);
	(void)snprintf(format_text, sizeof(format_text), "--format=%s",
		       format_name(format->sample));
	(void)snprintf(rate, sizeof(rate), "--rate=%u", format->rate_hz);
	(void)snprintf(channels, sizeof(channels), "--channels=%u", format->channels);
	(void)snprintf(map_text, sizeof(map_text), "--channel-map=%s", map);
	w->pid = start(command, does_play ? w->path : NULL, does_play ? NULL : w->path);
}

static uint64_t heard_bytes(const struct witness *w)
{
	struct stat status = { 0 };

	(void)stat(w->path, &status);
	return (uint64_t)status.st_size;
}

struct expected {
	const struct witness *witness;
	uint64_t bytes;
};

static bool has_heard(void *arg)
{
	const struct expected *expected = arg;

	return heard_bytes(expected->witness) >= expected->bytes;
}

static void name_file(const struct server *server, struct witness *w)
{
	static unsigned count;

	(void)snprintf(w->path, sizeof(w->path), "%s/%u.raw", server->folder, count++);
}

void witness_listen(struct server *server, const char *device, const struct audio_format *format,
		    struct witness *out)
{
	struct expected some = { out, 1 };

	name_file(server, out);
	start_witness("parec", device, format, false, out);
	wait_until("parec to hear", has_heard, &some);
}

void *witness_stop(struct witness *w, const struct audio_format *format, uint64_t frames,
		   size_t *count)
{
	size_t step = audio_frame_bytes(format);
	struct expected rest = { w, heard_bytes(w) + frames * step };
	size_t size;
	void *record;
	FILE *file;

	wait_until("the rest of a record", has_heard, &rest);
	witness_end(w);
	size = heard_bytes(w);
	record = malloc(size);
	file = fopen(w->path, "re");
	cr_assert(file != NULL && record != NULL);
	cr_assert(eq(sz, fread(record, 1, size, file), size));
	(void)fclose(file);
	*count = size / step;
	return record;
}

void witness_play(struct server *server, const char *device, const struct audio_format *format,
		  const void *frames, size_t count, struct witness *out)
{
	FILE *file;

	name_file(server, out);
	file = fopen(out->path, "we");
	cr_assert(file != NULL);
	cr_assert(eq(sz, fwrite(frames, audio_frame_bytes(format), count, file), count));
	(void)fclose(file);
	start_witness("pacat", device, format, true, out);
}

void witness_end(struct witness *w)
{
	end(&w->pid);
}
