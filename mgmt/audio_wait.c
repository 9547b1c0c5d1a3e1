/* SPDX-License-Identifier: MIT */
#include "mgmt/audio_wait.h"

#include <errno.h>
#include <stdlib.h>

#include "audio/audio.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

/* How often it looks whether what is awaited has come. */
#define LOOK_NS (20 * UINT64_C(1000000))

struct audio_wait {
	struct audio_wait_config config;
	uint64_t start_ns, deadline_ns;
	struct loop_task done; /* posted to the main loop when the result is there */
	struct audio_wait_result result;

	/* The audio loop's. */
	struct tone_watch *watch;
	struct audio_tap tap;
	struct loop_timer look;
};

/* --- on the audio loop ----------------------------------------------------------------------- */

static void look(void *arg)
{
	struct audio_wait *wait = arg;
	struct loop *loop = audio_loop(wait->config.audio);
	const uint64_t now_ns = clock_now_ns();
	const bool is_met = tone_watch_is_met(wait->watch, now_ns);

	if (!is_met && now_ns < wait->deadline_ns) {
		loop_timer_arm(loop, &wait->look, MIN(now_ns + LOOK_NS, wait->deadline_ns));
		return;
	}
	wait->result.is_done = is_met;
	wait->result.waited_ns = now_ns - wait->start_ns;
	tone_watch_findings(wait->watch, &wait->result.findings);
	loop_post(wait->config.loop, &wait->done);
}

static void begin(void *arg)
{
	struct audio_wait *wait = arg;

	audio_add_tap(wait->config.audio, &wait->tap);
	loop_timer_arm(audio_loop(wait->config.audio), &wait->look, wait->start_ns);
}

static void end(void *arg)
{
	struct audio_wait *wait = arg;

	audio_remove_tap(wait->config.audio, &wait->tap);
	loop_timer_disarm(&wait->look);
}

/* --- on the main loop ------------------------------------------------------------------------ */

static void on_done(void *arg)
{
	const struct audio_wait *wait = arg;

	wait->config.on_done(wait->config.arg, &wait->result);
}

int audio_wait_create(const struct audio_wait_config *config, struct audio_wait **out)
{
	struct audio_wait *wait = calloc(1, sizeof(*wait));

	*out = NULL;
	if (!wait) {
		return -ENOMEM;
	}
	wait->config = *config;
	wait->start_ns = clock_now_ns();
	wait->deadline_ns = wait->start_ns + config->timeout_ns;
	if (tone_watch_create(&config->wanted, wait->start_ns, &wait->watch) < 0) {
		free(wait);
		return -ENOMEM;
	}
	wait->tap = (struct audio_tap){ .on_frames = tone_watch_hear, .arg = wait->watch };
	loop_task_init(&wait->done, on_done, wait);
	loop_timer_init(&wait->look, look, wait);
	loop_call(audio_loop(config->audio), begin, wait);
	*out = wait;
	return 0;
}

void audio_wait_destroy(struct audio_wait *wait)
{
	if (!wait) {
		return;
	}
	loop_call(audio_loop(wait->config.audio), end, wait);
	loop_task_cancel(wait->config.loop, &wait->done);
	tone_watch_destroy(wait->watch);
	free(wait);
}
