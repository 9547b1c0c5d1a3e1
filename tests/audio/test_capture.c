/* SPDX-License-Identifier: MIT */
/* LINK: audio/ tests/audio/player.c tests/audio/server.c tests/audio/tune.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/audio/player.h"
#include "tests/audio/server.h"
#include "tests/audio/tune.h"
#include "vmm/base/compiler.h"

TestSuite(capture, .timeout = 120);

#define TUNE_MS 1000u

static const struct audio_format cd = {
	AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT }
};
static const char card[] =
	"load-module module-null-sink sink_name=room format=s16le rate=48000 channels=2 "
	"norewinds=1\n";

static bool has_tune(void *arg)
{
	struct player *recorder = arg;
	struct tune_report report;

	tune_check(&cd, TUNE_ALL_VOICES, recorder->record, player_position(recorder), &report);
	cr_assert(report.is_whole, "frame %u is wrong", (unsigned)report.frames);
	return report.frames >= cd.rate_hz * TUNE_MS / 1000;
}

Test(capture, tune_arrives_bit_for_bit)
{
	const size_t count = cd.rate_hz * TUNE_MS / 1000;
	uint8_t *tune = malloc(count * audio_frame_bytes(&cd));
	struct witness mouth;
	struct server server;
	struct player recorder;
	struct stage stage;

	tune_write(&cd, TUNE_ALL_VOICES, 0, tune, count);
	server_start(&server, card);
	stage_start(&stage, "pulse,source=room.monitor");
	audio_allow_capture(stage.audio, true);
	recorder_open(&recorder, &stage, &cd, (uint64_t)cd.rate_hz * WAIT_LIMIT_S);
	player_wait_for_backend(&recorder, "pulse");
	player_start(&recorder);
	player_wait(&recorder, cd.rate_hz / 10);
	witness_play(&server, "room", &cd, tune, count, &mouth);
	wait_until("the tune", has_tune, &recorder);
	witness_end(&mouth);
	player_close(&recorder);
	stage_end(&stage);
	server_end(&server);
	free(tune);
}

/* Without leave, there is not even a stream that a desktop could show. */
Test(capture, nothing_is_asked_of_the_server_before_it_is_allowed)
{
	struct server server;
	struct player recorder;
	struct stage stage;
	int16_t sum = 0;

	server_start(&server, card);
	stage_start(&stage, "pulse,source=room.monitor");
	recorder_open(&recorder, &stage, &cd, (uint64_t)cd.rate_hz * WAIT_LIMIT_S);
	player_start(&recorder);
	player_wait(&recorder, cd.rate_hz / 10);
	player_wait_for_backend(&recorder, "none");
	for (size_t i = 0; i < cd.rate_hz / 10; i++) {
		sum |= ((const int16_t *)recorder.record)[i];
	}
	cr_assert(eq(int, sum, 0));
	player_close(&recorder);
	stage_end(&stage);
	server_end(&server);
}
