/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_MGMT_AUDIO_WAIT_H
#define THUNDERLAKE_MGMT_AUDIO_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/tone.h"

struct audio;
struct loop;

/* Waits for a tone, or for silence, in what a machine plays. Main loop. */
struct audio_wait;

struct audio_wait_result {
	bool is_done; /* false: the time is over */
	uint64_t waited_ns;
	struct tone_findings findings;
};

struct audio_wait_config {
	struct audio *audio; /* borrowed, as is the loop, the main one */
	struct loop *loop;
	struct tone_wanted wanted; /* that was checked */
	uint64_t timeout_ns;	   /* from now */
	/* Once, not before audio_wait_create has returned; may destroy the wait. */
	void (*on_done)(void *arg, const struct audio_wait_result *result);
	void *arg;
};

/* 0 or -ENOMEM. */
int audio_wait_create(const struct audio_wait_config *config, struct audio_wait **out);
/* NULL is fine. */
void audio_wait_destroy(struct audio_wait *wait);

#endif
