/* SPDX-License-Identifier: MIT */
#include "audio/pulse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pulse_backend.h"
#include "audio/pulse_voice.h"
#include "vmm/base/compiler.h"

#define PATH_BYTES	256
#define LATENCY_MIN_MS	5
#define LATENCY_MAX_MS	2000
#define LATENCY_DEFAULT "30"

struct pulse_options {
	char *server, *sink, *source;
	uint64_t latency_ms;
};

static const struct option pulse_options[] = {
	{ .name = "server",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct pulse_options, server),
	  .help = "where the sound server listens: a path or a host; otherwise as libpulse finds "
		  "it (PULSE_SERVER)" },
	{ .name = "latency",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct pulse_options, latency_ms),
	  .value_name = "MS",
	  .default_text = LATENCY_DEFAULT,
	  .min = LATENCY_MIN_MS,
	  .max = LATENCY_MAX_MS,
	  .help = "milliseconds from the guest's buffer to the loudspeaker: less for games, more "
		  "for hosts that stutter" },
	{ .name = "sink",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct pulse_options, sink),
	  .value_name = "NAME",
	  .help = "device to play on, of 'pactl list short sinks'; otherwise the desktop's choice" },
	{ .name = "source",
	  .kind = OPTION_STRING,
	  .offset = offsetof(struct pulse_options, source),
	  .value_name = "NAME",
	  .help = "device to record from, of 'pactl list short sources'; otherwise the desktop's "
		  "choice" },
};

static struct pulse_backend *of_base(struct audio_backend *backend)
{
	return container_of(backend, struct pulse_backend, base);
}

/* --- is it there? --- */

static bool has_path(const char *folder, const char *name)
{
	char path[PATH_BYTES];

	if (!folder || !*folder) {
		return false;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

/* To look for a server, libpulse makes folders where one would be. Where nothing speaks of a
 * server, nothing is to be left behind, and a machine starts sooner without the library. */
static bool may_be_there(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	return getenv("PULSE_SERVER") || has_path(getenv("PULSE_RUNTIME_PATH"), ".") ||
	       has_path(runtime, "pulse") || has_path("/run/pulse", "native") ||
	       (!runtime && has_path(getenv("HOME"), ".config/pulse"));
}

static bool is_available(void)
{
	return may_be_there() && pulse_server_probe(NULL, NULL) == 0;
}

/* --- beginning and end --- */

static void finish(struct pulse_backend *b)
{
	free(b->server);
	free(b->sink);
	free(b->source);
	free(b);
}

static bool copy(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static int create(const struct audio_backend_env *env, const void *options_given,
		  struct audio_backend **out, struct error *err)
{
	const struct pulse_options *options = options_given;
	struct pulse_backend *b;
	int code = pulse_server_probe(options->server, err);

	if (code < 0) {
		error_prefix(err, "audio pulse");
		return code;
	}
	b = calloc(1, sizeof(*b));
	if (!b) {
		return error_set_errno(err, -ENOMEM, "audio pulse");
	}
	b->base.type = &audio_pulse_type;
	b->env = *env;
	b->latency_ms = (uint32_t)options->latency_ms;
	list_init(&b->voices);
	list_init(&b->leaving);
	if (!copy(options->server, &b->server) || !copy(options->sink, &b->sink) ||
	    !copy(options->source, &b->source)) {
		finish(b);
		return error_set_errno(err, -ENOMEM, "audio pulse");
	}
	pulse_server_join(b);
	*out = &b->base;
	return 0;
}

static void destroy(struct audio_backend *backend)
{
	struct pulse_backend *b = of_base(backend);

	/* What has not been heard by now is cut off with the machine. */
	pulse_voices_lose(b);
	pulse_server_leave(b);
	finish(b);
}

const struct audio_backend_type audio_pulse_type = {
	.name = "pulse",
	.help = "the desktop's sound server, PulseAudio or PipeWire",
	.options = { pulse_options, ARRAY_SIZE(pulse_options), "server" },
	.options_size = sizeof(struct pulse_options),
	.is_available = is_available,
	.create = create,
	.destroy = destroy,
	.open = pulse_voice_open,
	.close = pulse_voice_close,
	.start = pulse_voice_start,
	.stop = pulse_voice_stop,
	.kick = pulse_voice_kick,
	.set_volume = pulse_voice_set_volume,
};
