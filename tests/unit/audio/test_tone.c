/* SPDX-License-Identifier: MIT */
/* LINK: audio/tone.c audio/goertzel.c audio/format.c */
#include "audio/tone.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>

#include "vmm/base/clock.h"

#define MS	 UINT64_C(1000000)
#define START_NS (7000 * NS_PER_SECOND)
#define TWO_PI	 6.283185307179586

TestSuite(tone, .timeout = 20);

/* --- a player: stereo S16, a tone on each side --- */

struct player {
	struct audio_format format;
	struct tone_watch *watch;
	unsigned stream;
	uint64_t now_ns;
	uint64_t frames;
	double left_hz, right_hz;
	double loudness;
	double other_hz; /* on both sides, at 0.8 */
};

static struct player play_to(struct tone_watch *watch, uint32_t rate_hz)
{
	struct player player = { .format = { AUDIO_S16, rate_hz, 2, { 0 } },
				 .watch = watch,
				 .now_ns = START_NS,
				 .loudness = 0.5 };

	audio_format_set_places(&player.format);
	return player;
}

static int16_t sample(const struct player *player, double hz)
{
	double seconds = (double)player->frames / player->format.rate_hz;
	double value = sin(TWO_PI * hz * seconds) * player->loudness +
		       sin(TWO_PI * player->other_hz * seconds) * 0.8;

	return (int16_t)(value * 32767);
}

/* Pieces of 7 ms, so that blocks begin amid them. */
static void play(struct player *player, unsigned ms)
{
	uint64_t end = player->frames + (uint64_t)player->format.rate_hz * ms / 1000;

	while (player->frames < end) {
		int16_t frames[2 * 2048];
		uint64_t heard_ns = player->now_ns;
		size_t count = 0;
		size_t most = player->format.rate_hz * 7 / 1000;

		for (; count < most && player->frames < end; count++, player->frames++) {
			frames[2 * count] = sample(player, player->left_hz);
			frames[2 * count + 1] = sample(player, player->right_hz);
		}
		player->now_ns += audio_frames_to_ns(count, player->format.rate_hz);
		tone_watch_hear(player->watch, player->stream, &player->format, frames, count,
				heard_ns);
	}
}

static struct tone_watch *watch_tone(uint32_t hz, uint32_t tolerance_hz, uint32_t channel,
				     uint64_t for_ms)
{
	const struct tone_wanted wanted = {
		.hz = hz, .tolerance_hz = tolerance_hz, .channel = channel, .for_ns = for_ms * MS
	};
	struct tone_watch *watch;

	cr_assert(eq(int, tone_wanted_check(&wanted, NULL), 0));
	cr_assert(eq(int, tone_watch_create(&wanted, START_NS, &watch), 0));
	return watch;
}

static struct tone_watch *watch_silence(uint32_t channel, uint64_t for_ms)
{
	const struct tone_wanted wanted = { .is_silence = true,
					    .channel = channel,
					    .for_ns = for_ms * MS };
	struct tone_watch *watch;

	cr_assert(eq(int, tone_watch_create(&wanted, START_NS, &watch), 0));
	return watch;
}

static bool hears(uint32_t wanted_hz, uint32_t tolerance_hz, double played_hz, uint32_t rate_hz)
{
	struct tone_watch *watch = watch_tone(wanted_hz, tolerance_hz, 0, 500);
	struct player player = play_to(watch, rate_hz);
	bool is_met;

	player.left_hz = played_hz;
	play(&player, 1000);
	is_met = tone_watch_is_met(watch, player.now_ns);
	tone_watch_destroy(watch);
	return is_met;
}

/* --- tones --- */

Test(tone, hears_the_tone_and_no_other)
{
	cr_assert(hears(440, 5, 440, 48000));
	cr_assert(hears(440, 5, 444, 48000));
	cr_assert(hears(440, 5, 436, 48000));
	cr_assert(not(hears(440, 5, 446.5, 48000)));
	cr_assert(not(hears(440, 5, 433.5, 48000)));
	cr_assert(not(hears(440, 5, 880, 48000)));
	cr_assert(not(hears(440, 5, 220, 48000)));
}

Test(tone, hears_at_all_rates_and_pitches)
{
	cr_assert(hears(440, 2, 440, 8000));
	cr_assert(hears(1000, 2, 1000, 11025));
	cr_assert(hears(50, 2, 50, 44100));
	cr_assert(not(hears(50, 2, 60, 44100)));
	cr_assert(hears(20, 2, 20, 48000));
	cr_assert(hears(15000, 10, 15000, 44100));
	cr_assert(hears(40000, 10, 40000, 192000));
	cr_assert(not(hears(40000, 10, 4100, 44100))); /* where it would be an alias */
	cr_assert(hears(1000, 300, 1290, 48000));
	cr_assert(not(hears(1000, 300, 1320, 48000)));
}

Test(tone, hears_only_the_channel_that_was_asked_for)
{
	struct tone_watch *right = watch_tone(660, 5, 1, 300);
	struct tone_watch *any = watch_tone(440, 5, TONE_ANY_CHANNEL, 300);
	struct tone_watch *third = watch_tone(440, 5, 2, 300);
	struct player player = play_to(right, 48000);

	player.left_hz = 440;
	player.right_hz = 0;
	play(&player, 500);
	cr_assert(not(tone_watch_is_met(right, player.now_ns)));
	player.right_hz = 660;
	play(&player, 500);
	cr_assert(tone_watch_is_met(right, player.now_ns));
	player.watch = any;
	play(&player, 500);
	cr_assert(tone_watch_is_met(any, player.now_ns));
	player.watch = third;
	play(&player, 500);
	cr_assert(not(tone_watch_is_met(third, player.now_ns)));

	tone_watch_destroy(right);
	tone_watch_destroy(any);
	tone_watch_destroy(third);
}

Test(tone, break_begins_it_anew)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player player = play_to(watch, 48000);

	for (unsigned i = 0; i < 5; i++) {
		player.left_hz = 440;
		play(&player, 400);
		player.left_hz = 0;
		play(&player, 100);
	}
	cr_assert(not(tone_watch_is_met(watch, player.now_ns)));
	player.left_hz = 440;
	play(&player, 600);

	cr_assert(tone_watch_is_met(watch, player.now_ns));
	tone_watch_destroy(watch);
}

/* Frames follow each other, but not in time. */
Test(tone, hole_in_time_is_a_break)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player player = play_to(watch, 48000);

	player.left_hz = 440;
	play(&player, 400);
	player.now_ns += 200 * MS;
	play(&player, 400);

	cr_assert(not(tone_watch_is_met(watch, player.now_ns)));
	tone_watch_destroy(watch);
}

Test(tone, is_met_when_it_was_heard_not_when_it_was_given)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player player = play_to(watch, 48000);

	player.left_hz = 440;
	play(&player, 1000);

	cr_assert(not(tone_watch_is_met(watch, START_NS + 499 * MS)));
	cr_assert(tone_watch_is_met(watch, START_NS + 551 * MS));
	cr_assert(tone_watch_is_met(watch, START_NS)); /* and stays so */
	tone_watch_destroy(watch);
}

Test(tone, two_streams_do_not_add_up)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player first = play_to(watch, 48000);
	struct player second = play_to(watch, 44100);

	first.left_hz = 440;
	second.left_hz = 440;
	second.stream = 1;
	play(&first, 300);
	play(&second, 300);
	cr_assert(not(tone_watch_is_met(watch, first.now_ns)));
	play(&second, 300);

	cr_assert(tone_watch_is_met(watch, second.now_ns));
	tone_watch_destroy(watch);
}

Test(tone, softer_than_silence_is_no_tone)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player player = play_to(watch, 48000);

	player.loudness = 0.0005;
	player.left_hz = 440;
	play(&player, 1000);

	cr_assert(not(tone_watch_is_met(watch, player.now_ns)));
	tone_watch_destroy(watch);
}

/* A sixteenth of the amplitude is 1/256 of the power: nobody would call it the tone. */
Test(tone, drowned_in_another_is_no_tone)
{
	struct tone_watch *watch = watch_tone(440, 5, 0, 500);
	struct player player = play_to(watch, 48000);

	player.loudness = 0.05;
	player.left_hz = 440;
	player.other_hz = 3000;
	play(&player, 1000);

	cr_assert(not(tone_watch_is_met(watch, player.now_ns)));
	tone_watch_destroy(watch);
}

/* --- silence --- */

Test(tone, silence_counts_from_the_last_sound)
{
	struct tone_watch *watch = watch_silence(TONE_ANY_CHANNEL, 300);
	struct player player = play_to(watch, 48000);

	player.right_hz = 440;
	play(&player, 1000);
	player.right_hz = 0;
	play(&player, 200);
	cr_assert(not(tone_watch_is_met(watch, player.now_ns)));
	play(&player, 120);

	cr_assert(tone_watch_is_met(watch, player.now_ns));
	tone_watch_destroy(watch);
}

Test(tone, silence_of_one_channel_is_not_that_of_the_other)
{
	struct tone_watch *watch = watch_silence(0, 300);
	struct player player = play_to(watch, 48000);

	player.right_hz = 440;
	play(&player, 400);

	cr_assert(tone_watch_is_met(watch, player.now_ns));
	tone_watch_destroy(watch);
}

Test(tone, nothing_played_is_silence)
{
	struct tone_watch *watch = watch_silence(TONE_ANY_CHANNEL, 300);

	cr_assert(not(tone_watch_is_met(watch, START_NS + 299 * MS)));
	cr_assert(tone_watch_is_met(watch, START_NS + 300 * MS));
	tone_watch_destroy(watch);
}

/* What is given now and heard later is still to come. */
Test(tone, sound_on_its_way_ends_silence_to_come)
{
	struct tone_watch *watch = watch_silence(TONE_ANY_CHANNEL, 300);
	struct player player = play_to(watch, 48000);

	player.left_hz = 440;
	player.now_ns = START_NS + 200 * MS;
	play(&player, 50);

	cr_assert(not(tone_watch_is_met(watch, START_NS + 540 * MS)));
	cr_assert(tone_watch_is_met(watch, START_NS + 560 * MS));
	tone_watch_destroy(watch);
}

/* --- what people are told --- */

Test(tone, findings_tell_what_was_heard)
{
	struct tone_watch *watch = watch_tone(440, 2, 0, 5000);
	struct player player = play_to(watch, 48000);
	struct tone_findings findings;

	tone_watch_findings(watch, &findings);
	cr_assert(not(findings.has_frames));
	player.left_hz = 447;
	play(&player, 200);

	tone_watch_findings(watch, &findings);
	cr_assert(findings.has_frames);
	cr_assert(gt(dbl, findings.hz, 446.5));
	cr_assert(lt(dbl, findings.hz, 447.5));
	cr_assert(gt(dbl, findings.loudest, 0.49));
	cr_assert(eq(u64, findings.longest_ns, 0));
	tone_watch_destroy(watch);
}

Test(tone, rejects_what_can_not_be_heard)
{
	struct tone_wanted wanted = { .hz = 440, .tolerance_hz = 5, .channel = 8 };

	cr_assert(eq(int, tone_wanted_check(&wanted, NULL), -ERANGE));
	wanted.channel = 7;
	cr_assert(eq(int, tone_wanted_check(&wanted, NULL), 0));
	wanted.hz = 19;
	cr_assert(eq(int, tone_wanted_check(&wanted, NULL), -ERANGE));
	wanted.hz = 440;
	wanted.tolerance_hz = 301;
	cr_assert(eq(int, tone_wanted_check(&wanted, NULL), -ERANGE));
}
