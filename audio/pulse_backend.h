/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_AUDIO_PULSE_BACKEND_H
#define THUNDERLAKE_AUDIO_PULSE_BACKEND_H

#include <pulse/context.h>
#include <stdbool.h>

#include "audio/backend.h"
#include "audio/pulse_loop.h"
#include "vmm/base/list.h"
#include "vmm/base/loop.h"

/* The state of `--audio pulse`, for audio/pulse_*.c. All on the audio loop. */
struct pulse_backend {
	struct audio_backend base;
	struct audio_backend_env env;
	char *server, *sink, *source; /* owned; NULL: whatever the server thinks best */
	uint32_t latency_ms;

	struct pulse_loop loop;
	pa_context *context; /* NULL while the server is away */
	bool is_ready;
	bool has_refused;	 /* a stream, which may be taken when something has changed */
	struct loop_timer retry; /* to connect, or to offer what was refused */
	uint64_t retry_ns;	 /* until the next attempt to connect */

	struct list voices;  /* of streams */
	struct list leaving; /* without one, playing their rest */
};

/* --- pulse_server.c: the connection --- */

/* Whether a server answers within a second. -ECONNREFUSED: that, or libpulse is not there. */
int pulse_server_probe(const char *server, struct error *err);

/* Connects now, and again whenever the connection is lost, until pulse_server_leave. */
void pulse_server_join(struct pulse_backend *backend);
void pulse_server_leave(struct pulse_backend *backend);

/* The server hangs: as if it were dead, until it answers. */
void pulse_server_stalled(struct pulse_backend *backend);

/* A stream was refused: it is offered again when the server's devices change. */
void pulse_server_refused(struct pulse_backend *backend);

#endif
