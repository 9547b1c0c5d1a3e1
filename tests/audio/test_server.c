/* SPDX-License-Identifier: MIT */
/* LINK: audio/ tests/audio/player.c tests/audio/server.c tests/audio/tune.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pulse.h"
#include "audio/pulse_backend.h"
#include "tests/audio/player.h"
#include "tests/audio/server.h"
#include "tests/audio/tune.h"
#include "vmm/base/compiler.h"

/* What becomes of a machine's sound when its server comes, goes, or refuses. */
TestSuite(server, .timeout = 120);

static const struct audio_format cd = {
	AUDIO_S16, 48000, 2, { AUDIO_FRONT_LEFT, AUDIO_FRONT_RIGHT }
};
static const char card[] =
	"load-module module-null-sink sink_name=card format=s16le rate=48000 channels=2 "
	"norewinds=1\n";
static const uint64_t endless = UINT64_MAX / 2;

/* It comes to be played by that one, and goes on. */
static void play_on_by(struct player *player, const char *backend)
{
	player_wait_for_backend(player, backend);
	player_wait(player, player_position(player) + cd.rate_hz / 4);
}

static unsigned count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	cr_assert(dir != NULL);
	while (readdir(dir)) {
		count++;
	}
	(void)closedir(dir);
	return count - 2;
}

Test(server, absent_one_is_not_available_and_no_trace_is_left)
{
	char folder[] = "/tmp/sound-XXXXXX";

	cr_assert(mkdtemp(folder) != NULL);
	(void)unsetenv("PULSE_SERVER");
	(void)unsetenv("PULSE_RUNTIME_PATH");
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	(void)setenv("HOME", folder, 1);
	cr_assert(not(audio_pulse_type.is_available()));
	cr_assert(eq(uint, count_files(folder), 0));
	(void)rmdir(folder);
}

Test(server, present_one_is_available)
{
	struct server server;

	server_start(&server, card);
	cr_assert(audio_pulse_type.is_available());
	server_end(&server);
}

Test(server, dead_one_is_refused_with_a_reason)
{
	struct error err = { "" };
	struct server server;

	server_start(&server, card);
	server_kill(&server);
	cr_assert(not(audio_pulse_type.is_available()));
	cr_assert(eq(int, pulse_server_probe(NULL, &err), -ECONNREFUSED));
	cr_assert(strstr(err.text, "refused") != NULL, "%s", err.text);
	server_end(&server);
}

Test(server, death_is_survived)
{
	struct tune_report report;
	struct witness witness;
	struct server server;
	struct player player;
	struct stage stage;
	uint64_t position;
	size_t count;
	void *record;

	server_start(&server, card);
	stage_start(&stage, "pulse");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz);
	server_kill(&server);
	player_wait_for_backend(&player, "none");
	/* The guest hears nothing of it: its sound goes on. */
	position = player_position(&player);
	player_wait(&player, position + cd.rate_hz / 2);
	server_restart(&server);
	witness_listen(&server, "card.monitor", &cd, &witness);
	player_wait_for_backend(&player, "pulse");
	player_wait(&player, player_position(&player) + cd.rate_hz);
	record = witness_stop(&witness, &cd, 0, &count);
	tune_check(&cd, TUNE_ALL_VOICES, record, count, &report);
	free(record);
	cr_assert(report.is_whole);
	cr_assert(gt(u64, report.frames, cd.rate_hz / 4));
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

Test(server, stream_comes_when_its_device_does)
{
	static const char *const load[] = { "load-module", "module-null-sink", "sink_name=late",
					    NULL };
	struct server server;
	struct player player;
	struct stage stage;

	server_start(&server, card);
	stage_start(&stage, "pulse,sink=late");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_start(&player);
	player_wait_for_backend(&player, "none");
	player_wait(&player, cd.rate_hz / 4);
	cr_assert(server_command(&server, load));
	play_on_by(&player, "pulse");
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

Test(server, suspended_device_does_not_stop_the_guest)
{
	static const char *const suspend[] = { "suspend-sink", "card", "1", NULL };
	static const char *const resume[] = { "suspend-sink", "card", "0", NULL };
	struct server server;
	struct player player;
	struct stage stage;

	server_start(&server, card);
	stage_start(&stage, "pulse");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz / 4);
	cr_assert(server_command(&server, suspend));
	play_on_by(&player, "none");
	cr_assert(server_command(&server, resume));
	play_on_by(&player, "pulse");
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

Test(server, stream_follows_to_another_device)
{
	static const char *const move[] = { "move-sink-input", "0", "other", NULL };
	static const char *const unload[] = { "unload-module", "module-null-sink", NULL };
	char cards[512];
	struct server server;
	struct player player;
	struct stage stage;

	(void)snprintf(cards, sizeof(cards), "%sload-module module-null-sink sink_name=other\n",
		       card);
	server_start(&server, cards);
	stage_start(&stage, "pulse,sink=card");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz / 4);
	cr_assert(server_command(&server, move));
	player_wait(&player, player_position(&player) + cd.rate_hz / 4);
	player_wait_for_backend(&player, "pulse");
	/* No device is left: silence. */
	cr_assert(server_command(&server, unload));
	play_on_by(&player, "none");
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

static bool has_given(void *arg)
{
	return player_distance(arg) > 0;
}

/* A guest that opens and closes without end, before a card that stands: what is left of the first
 * streams is given up. That the server has played it is told when nobody waits for it any more. */
Test(server, rest_that_was_given_up_may_be_played)
{
	static const char *const suspend[] = { "suspend-sink", "card", "1", NULL };
	static const char *const resume[] = { "suspend-sink", "card", "0", NULL };
	struct server server;
	struct player player;
	struct stage stage;

	server_start(&server, card);
	stage_start(&stage, "pulse");
	cr_assert(server_command(&server, suspend));
	for (unsigned i = 0; i < AUDIO_STREAMS_MAX + 4; i++) {
		player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
		player_start(&player);
		wait_until("frames at the server", has_given, &player);
		player_close(&player);
		stage.stream_count = 0;
	}
	cr_assert(server_command(&server, resume));
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_start(&player);
	play_on_by(&player, "pulse");
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

Test(server, hanging_one_does_not_stop_the_guest)
{
	struct server server;
	struct player player;
	struct stage stage;

	server_start(&server, card);
	stage_start(&stage, "pulse");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, endless);
	player_wait_for_backend(&player, "pulse");
	player_start(&player);
	player_wait(&player, cd.rate_hz / 4);
	server_hang(&server, true);
	play_on_by(&player, "none");
	server_hang(&server, false);
	play_on_by(&player, "pulse");
	player_close(&player);
	stage_end(&stage);
	server_end(&server);
}

/* PipeWire may leave out what it had no time for: that is seen as it is, but not judged here. */
Test(server, pipewire_plays_to_the_end)
{
	const uint64_t total = cd.rate_hz * 2;
	struct tune_report report;
	struct witness witness;
	struct server server;
	struct player player;
	struct stage stage;
	size_t count;
	void *record;

	server_start_pipewire(&server);
	stage_start(&stage, "pulse,sink=card");
	player_open(&player, &stage, &cd, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	witness_listen(&server, "card.monitor", &cd, &witness);
	player_start(&player);
	player_wait(&player, total / 2);
	player_stop(&player);
	player_start(&player);
	player_wait(&player, total * 3 / 4);
	stage_pause(&stage, true);
	sleep_ms(100);
	stage_pause(&stage, false);
	player_wait(&player, total);
	player_wait_for_backend(&player, "pulse");
	player_close(&player);
	record = witness_stop(&witness, &cd, cd.rate_hz / 2, &count);
	tune_check(&cd, TUNE_ALL_VOICES, record, count, &report);
	cr_log_info("%u frames of %u, whole %d, silences %u (%u frames)", (unsigned)report.frames,
		    (unsigned)total, report.is_whole, (unsigned)report.gaps,
		    (unsigned)report.gap_frames);
	free(record);
	stage_end(&stage);
	server_end(&server);
	cr_assert(gt(u64, report.frames, 0));
}

Test(server, impossible_latency_is_refused)
{
	struct error err = { "" };

	cr_assert(eq(int, audio_backend_check("pulse,latency=1", &err), -EINVAL));
	cr_assert(strstr(err.text, "5 to 2000") != NULL, "%s", err.text);
	cr_assert(eq(int, audio_backend_check("pulse,latency=20", &err), 0));
}
