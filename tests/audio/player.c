/* SPDX-License-Identifier: MIT */
#include "tests/audio/player.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/audio/server.h"
#include "tests/audio/tune.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"

/* --- the stage --- */

void stage_start(struct stage *stage, const char *text)
{
	struct error err = { "" };

	*stage = (struct stage){ .loop = NULL };
	cr_assert(eq(int, loop_create("audio", &stage->loop), 0));
	cr_assert(eq(int, audio_create(stage->loop, &stage->audio), 0));
	cr_assert(eq(int, audio_backend_create(text, stage->audio, "stage", &err), 0), "%s",
		  err.text);
	cr_assert(eq(int, loop_start(stage->loop), 0));
}

static void finish(void *arg)
{
	struct stage *stage = arg;

	audio_backend_destroy(stage->audio);
	audio_destroy(stage->audio);
}

void stage_end(struct stage *stage)
{
	loop_call(stage->loop, finish, stage);
	loop_destroy(stage->loop);
}

static void pause_audio(void *arg)
{
	audio_pause(arg);
}

static void resume_audio(void *arg)
{
	audio_resume(arg);
}

void stage_pause(struct stage *stage, bool is_paused)
{
	loop_call(stage->loop, is_paused ? pause_audio : resume_audio, stage->audio);
}

/* --- the card: all on the audio loop --- */

static size_t pull(void *arg, void *frames, size_t count)
{
	struct player *player = arg;
	size_t got = MIN(count, player->given - player->pulled);

	tune_write(&player->config.format, player->voices, player->pulled, frames, got);
	player->pulled += got;
	return got;
}

static size_t push(void *arg, const void *frames, size_t count)
{
	struct player *player = arg;
	size_t step = audio_frame_bytes(&player->config.format);
	size_t got = MIN(count, player->total - player->pulled);

	memcpy((uint8_t *)player->record + player->pulled * step, frames, got * step);
	player->pulled += got;
	return got;
}

/* A period was played: its room is filled again. */
static void on_reached(void *arg)
{
	struct player *player = arg;
	uint64_t played = audio_stream_position(player->stream);

	while (player->next_period <= played) {
		player->next_period += player->config.period_frames;
	}
	player->given = MAX(player->given,
			    MIN(player->total, player->next_period - player->config.period_frames +
						       player->config.buffer_frames));
	audio_stream_kick(player->stream, player->given, clock_now_ns());
	if (player->next_period <= player->total) {
		audio_stream_wake_at(player->stream, player->next_period);
	}
}

static void on_xrun(void *arg)
{
	struct player *player = arg;

	player->xruns++;
}

static const struct audio_stream_ops ops = {
	.pull = pull,
	.push = push,
	.on_reached = on_reached,
	.on_xrun = on_xrun,
};

/* --- what the test does, from its own thread --- */

static void on_open(void *arg)
{
	struct player *player = arg;

	cr_assert(eq(int, audio_stream_open(player->stage->audio, &player->config, &player->stream),
		     0));
}

static void open_stream(struct player *player, struct stage *stage,
			const struct audio_format *format, enum audio_direction direction)
{
	player->stage = stage;
	player->config = (struct audio_stream_config){
		.direction = direction,
		.format = *format,
		.buffer_frames = format->rate_hz / 100 * 10,
		.period_frames = format->rate_hz / 100,
		.name = "snd0",
		.index = stage->stream_count++,
		.ops = &ops,
		.arg = player,
	};
	loop_call(stage->loop, on_open, player);
}

void player_open(struct player *player, struct stage *stage, const struct audio_format *format,
		 uint32_t voices, uint64_t total)
{
	*player = (struct player){ .voices = voices, .total = total };
	open_stream(player, stage, format, AUDIO_PLAYBACK);
}

void recorder_open(struct player *player, struct stage *stage, const struct audio_format *format,
		   uint64_t total)
{
	*player = (struct player){ .total = total };
	player->record = calloc(total, audio_frame_bytes(format));
	cr_assert(player->record != NULL);
	open_stream(player, stage, format, AUDIO_CAPTURE);
}

static void on_start(void *arg)
{
	struct player *player = arg;

	if (player->config.direction == AUDIO_PLAYBACK) {
		on_reached(player);
	}
	audio_stream_start(player->stream);
}

void player_start(struct player *player)
{
	loop_call(player->stage->loop, on_start, player);
}

static void on_stop(void *arg)
{
	struct player *player = arg;

	audio_stream_stop(player->stream);
}

void player_stop(struct player *player)
{
	loop_call(player->stage->loop, on_stop, player);
}

static void on_close(void *arg)
{
	struct player *player = arg;

	audio_stream_close(player->stream);
}

struct extension {
	struct player *player;
	uint64_t total;
};

static void on_extend(void *arg)
{
	struct extension *extension = arg;

	extension->player->total = extension->total;
	on_reached(extension->player);
}

void player_extend(struct player *player, uint64_t total)
{
	struct extension extension = { player, total };

	loop_call(player->stage->loop, on_extend, &extension);
}

struct volume_change {
	struct player *player;
	uint32_t volumes[2];
};

static void on_volume(void *arg)
{
	struct volume_change *change = arg;

	audio_stream_set_volume(change->player->stream, change->volumes, 2);
}

void player_set_volume(struct player *player, uint32_t left, uint32_t right)
{
	struct volume_change change = { player, { left, right } };

	loop_call(player->stage->loop, on_volume, &change);
}

void player_close(struct player *player)
{
	loop_call(player->stage->loop, on_close, player);
	free(player->record);
}

/* --- questions --- */

struct answer {
	struct player *player;
	uint64_t wanted, position, distance;
	const char *backend;
	struct audio_stats stats;
};

static void look(void *arg)
{
	struct answer *answer = arg;

	answer->position = audio_stream_position(answer->player->stream);
	answer->distance = answer->player->pulled - answer->position +
			   audio_stream_latency(answer->player->stream);
}

uint64_t player_position(struct player *player)
{
	struct answer answer = { .player = player };

	loop_call(player->stage->loop, look, &answer);
	return answer.position;
}

uint64_t player_distance(struct player *player)
{
	struct answer answer = { .player = player };

	loop_call(player->stage->loop, look, &answer);
	return answer.distance;
}

void player_stats(struct player *player, struct audio_stats *out)
{
	struct audio_stats *all = calloc(AUDIO_STREAMS_MAX, sizeof(*all));

	cr_assert(all != NULL);
	(void)audio_stats(player->stage->audio, all);
	*out = all[player->config.index];
	free(all);
}

static bool is_there(void *arg)
{
	struct answer *answer = arg;

	return player_position(answer->player) >= answer->wanted;
}

void player_wait(struct player *player, uint64_t position)
{
	struct answer answer = { .player = player, .wanted = position };

	wait_until("the position of a stream", is_there, &answer);
}

static bool has_backend(void *arg)
{
	struct answer *answer = arg;

	player_stats(answer->player, &answer->stats);
	return strcmp(answer->stats.backend, answer->backend) == 0;
}

void player_wait_for_backend(struct player *player, const char *name)
{
	struct answer answer = { .player = player, .backend = name };

	wait_until("a stream's back end", has_backend, &answer);
}
