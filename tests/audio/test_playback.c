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

/* What a loaded machine may delay is not asked for here: that each frame arrives once, unchanged
 * and in order is. */
TestSuite(playback, .timeout = 120);

#define LINE_BYTES 512

static struct audio_format make_format(enum audio_sample sample, uint32_t rate_hz,
				       uint32_t channels)
{
	struct audio_format format = { .sample = sample, .rate_hz = rate_hz, .channels = channels };

	audio_format_set_places(&format);
	return format;
}

static void print_report(const char *name, const struct tune_report *report,
			 const struct audio_stats *stats)
{
	cr_log_info("%s: %u frames, %u gaps (%u frames, longest %u); underruns %u, server's gaps "
		    "%u, latency p50 %u us, p95 %u us, drift %d ppm",
		    name, (unsigned)report->frames, (unsigned)report->gaps,
		    (unsigned)report->gap_frames, (unsigned)report->longest_gap,
		    (unsigned)stats->underruns, (unsigned)stats->gaps,
		    (unsigned)(stats->latency_p50 / 1000), (unsigned)(stats->latency_p95 / 1000),
		    stats->has_drift ? stats->drift_ppm_q8 / 256 : 0);
}

/* Plays a whole tune of `ms`, in the card's own format, to its last frame. */
static void play(const struct audio_format *format, unsigned ms, struct tune_report *report)
{
	uint64_t total = (uint64_t)format->rate_hz * ms / 1000;
	char line[LINE_BYTES];
	struct server server;
	struct stage stage;
	struct player player;
	struct witness witness;
	struct audio_stats stats;
	size_t count;
	void *record;

	server_describe_card("card", format, line, sizeof(line));
	server_start(&server, line);
	stage_start(&stage, "pulse");
	player_open(&player, &stage, format, TUNE_ALL_VOICES, total);
	player_wait_for_backend(&player, "pulse");
	witness_listen(&server, "card.monitor", format, &witness);
	player_start(&player);
	player_wait(&player, total);
	player_stats(&player, &stats);
	player_close(&player);
	/* More than the rest of the tune: it ends in silence. */
	record = witness_stop(&witness, format, format->rate_hz, &count);
	tune_check(format, TUNE_ALL_VOICES, record, count, report);
	print_report(audio_sample_name(format->sample), report, &stats);
	free(record);
	stage_end(&stage);
	server_end(&server);
	cr_assert(eq(u64, report->first, 0));
	cr_assert(report->is_whole, "frame %u is wrong", (unsigned)report->frames);
	cr_assert(eq(u64, report->frames, total));
}

Test(playback, stereo_arrives_bit_for_bit)
{
	const struct audio_format format = make_format(AUDIO_S16, 48000, 2);
	struct tune_report report;

	play(&format, 10000, &report);
}
