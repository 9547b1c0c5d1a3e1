/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_INPUT_PLAYER_H
#define THUNDERLAKE_DISPLAY_INPUT_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/error.h"

struct input;
struct keymap;
struct loop;

/*
 * Plays keys and clicks to a guest one after the other, no faster than it takes them: a step is
 * sent when the one before has waited its time and has left the device's queue. Players of one
 * input take turns in the order of their making. All on one loop, or while it does not run.
 */
struct input_player;

#define INPUT_STEPS_MAX 65536u

struct input_step {
	uint16_t key; /* KEY_ or BTN_ code */
	bool down;
	uint32_t wait_ms; /* until the next one */
};

struct input_script {
	struct input_step *steps; /* malloc'ed, or NULL */
	size_t count;
};

/* Takes over the steps, also on failure. `on_done` comes once, from the loop, after the
 * guest has taken all: 0; -ENODEV: no device for it was ready; -ETIMEDOUT: the guest stopped taking
 * keys for INPUT_PATIENCE_MS; -ECANCELED: the input ended. Keys that were down then are let go. The
 * player is gone when it comes. -ENOMEM. */
#define INPUT_PATIENCE_MS 30000u
int input_player_create(struct input *input, struct loop *loop, const struct input_script *script,
			void (*on_done)(void *arg, int code), void *arg, struct input_player **out);

/* Ends before its time, without on_done; what it holds down is let go. */
void input_player_cancel(struct input_player *player);

/* The steps that type a text of UTF-8, `delay_ms` from one key to the next. -EILSEQ: no UTF-8;
 * -EINVAL: a character that the layout can't make; -E2BIG: more than INPUT_STEPS_MAX; -ENOMEM. */
int input_text_script(const struct keymap *keymap, const char *text, uint32_t delay_ms,
		      struct input_script *out, struct error *err);

#endif
