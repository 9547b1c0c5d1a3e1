/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_TESTS_AUDIO_PLAYER_H
#define THUNDERLAKE_TESTS_AUDIO_PLAYER_H

#include "audio/audio.h"
#include "audio/backend.h"
#include "vmm/base/loop.h"

/* The sound of a machine without a guest: the real core and back end, on a loop with a thread. */
struct stage {
	struct loop *loop;
	struct audio *audio;
	unsigned stream_count; /* opened so far */
};

/* `text`: as --audio is told. Fails the test where it is refused. */
void stage_start(struct stage *stage, const char *text);
void stage_end(struct stage *stage);
/* The machine pauses, or goes on. */
void stage_pause(struct stage *stage, bool is_paused);

/* A sound card with a guest that plays the tune (tests/audio/tune.h), filling its buffer anew
 * whenever a period was played; or one that records. */
struct player {
	struct stage *stage;
	struct audio_stream *stream;
	struct audio_stream_config config;
	uint32_t voices; /* channels that are not silent */
	uint64_t total;	 /* frames of the whole tune */
	uint64_t given, pulled;
	uint64_t next_period;
	unsigned xruns;
	void *record; /* of a recorder; `pulled` frames, at most `total` */
};

/* 10 ms periods, ten of them in the buffer. */
void player_open(struct player *player, struct stage *stage, const struct audio_format *format,
		 uint32_t voices, uint64_t total);
void recorder_open(struct player *player, struct stage *stage, const struct audio_format *format,
		   uint64_t total);
void player_start(struct player *player);
void player_stop(struct player *player);
void player_close(struct player *player);

/* The guest has more, after all. */
void player_extend(struct player *player, uint64_t total);
void player_set_volume(struct player *player, uint32_t left, uint32_t right);

uint64_t player_position(struct player *player);
/* Frames from the next one that is pulled to the loudspeaker. */
uint64_t player_distance(struct player *player);
/* What this stream is played by. */
void player_stats(struct player *player, struct audio_stats *out);
/* Until the position is there. */
void player_wait(struct player *player, uint64_t position);
/* Until the server has a voice for it, "pulse", or has none, "none". */
void player_wait_for_backend(struct player *player, const char *name);

#endif
