/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_AUDIO_SERVER_H
#define THUNDERLAKE_TESTS_AUDIO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audio/format.h"

/* A PulseAudio server of the test's own, with sound cards that nobody hears, and parec and pacat
 * as its ears and mouth. The environment of the test points to it. */
struct server {
	char folder[64];
	char script[1024];
	pid_t pid;
	pid_t helpers[3]; /* that PipeWire needs beside its PulseAudio server */
};

/* Skips the test where there is no server. `script`: further lines, which load its cards. */
void server_start(struct server *server, const char *script);
/* PipeWire in its place, with a card of two channels called "card". */
void server_start_pipewire(struct server *server);
void server_end(struct server *server);

/* Ends it as an accident would; it can be begun again. */
void server_kill(struct server *server);
void server_restart(struct server *server);
/* It hangs, or goes on. */
void server_hang(struct server *server, bool does_hang);
/* Tells it what pactl is given: up to six words, NULL-terminated. Whether it did that. */
bool server_command(struct server *server, const char *const *words);

/* "load-module module-null-sink …\n" for a card of this format. It never takes back what it has
 * taken: when a card plays a moment anew since a frame came late, its monitor loses frames. */
void server_describe_card(const char *name, const struct audio_format *format, char *line,
			  size_t size);

/* A program that records what a device brings, or plays a file to one. */
struct witness {
	pid_t pid;
	char path[96];
};

/* Returns when it hears. `device`: "card.monitor". */
void witness_listen(struct server *server, const char *device, const struct audio_format *format,
		    struct witness *out);
/* Waits until it has heard `frames` more, then ends it. The record is freed by the caller. */
void *witness_stop(struct witness *witness, const struct audio_format *format, uint64_t frames,
		   size_t *count);
void witness_play(struct server *server, const char *device, const struct audio_format *format,
		  const void *frames, size_t count, struct witness *out);
void witness_end(struct witness *witness);

/* Checks `is_true` every few milliseconds; fails the test after WAIT_LIMIT_S. */
#define WAIT_LIMIT_S 30
void wait_until(const char *what, bool (*is_true)(void *arg), void *arg);
void sleep_ms(unsigned ms);

#endif
