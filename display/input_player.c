/* SPDX-License-Identifier: MIT */
#include "display/input_player.h"

#include <errno.h>
#include <stdlib.h>

#include "display/input_state.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

#define MS_NS	UINT64_C(1000000)
#define POLL_MS 2u /* how often a guest that is behind is looked at */

struct input_player {
	struct input_turn turn;
	struct input *input; /* borrowed, as is the loop */
	struct loop *loop;
	struct loop_timer timer;
	struct input_script script; /* owned */
	size_t next;
	uint64_t behind_since_ns; /* 0: the guest is not */
	void (*on_done)(void *arg, int code);
	void *arg;
};

static bool is_button(uint16_t key)
{
	return key >= BTN_MOUSE && key < KEY_OK;
}

static bool send(struct input_player *player, uint16_t key, bool down)
{
	return (is_button(key) ? input_button : input_key)(player->input, key, down);
}

/* Whether the guest has yet to take the step before. */
static bool is_behind(const struct input_player *player)
{
	const uint16_t key = player->next ? player->script.steps[player->next - 1].key : 0;

	return is_button(key) ? input_is_behind(player->input, INPUT_TABLET)
			      : input_is_behind(player->input, INPUT_KEYBOARD);
}

static void arm(struct input_player *player, uint32_t wait_ms)
{
	loop_timer_arm(player->loop, &player->timer, clock_now_ns() + wait_ms * MS_NS);
}

/* Lets go of what the steps so far have left down. */
static void release(struct input_player *player)
{
	uint8_t seen[KEY_CNT / 8] = { 0 };

	for (size_t i = player->next; i > 0; i--) {
		const struct input_step *step = &player->script.steps[i - 1];
		const uint8_t bit = (uint8_t)(1u << (step->key % 8));

		if (step->down && !(seen[step->key / 8] & bit)) {
			(void)send(player, step->key, false);
		}
		seen[step->key / 8] |= bit;
	}
}

static void destroy(struct input_player *player)
{
	loop_timer_disarm(&player->timer);
	list_remove(&player->turn.node);
	free(player->script.steps);
	free(player);
}

/* Ends a player; the next one begins. */
static void leave(struct input_player *player)
{
	struct input *input = player->input;
	const bool was_first = input->turns.next == &player->turn.node;

	release(player);
	destroy(player);
	if (was_first && !list_is_empty(&input->turns)) {
		struct input_turn *turn = list_entry(input->turns.next, struct input_turn, node);

		arm(container_of(turn, struct input_player, turn), 0);
	}
}

static void finish(struct input_player *player, int code)
{
	void (*on_done)(void *arg, int code) = player->on_done;
	void *arg = player->arg;

	leave(player);
	on_done(arg, code);
}

/* The guest is behind: looks again soon, but not for ever. */
static void wait_for_guest(struct input_player *player)
{
	const uint64_t now_ns = clock_now_ns();

	if (!player->behind_since_ns) {
		player->behind_since_ns = now_ns;
	}
	if (now_ns - player->behind_since_ns > INPUT_PATIENCE_MS * MS_NS) {
		finish(player, -ETIMEDOUT);
	} else {
		arm(player, POLL_MS);
	}
}

static void play(void *arg)
{
	struct input_player *player = arg;
	const struct input_step *step;

	if (is_behind(player)) {
		wait_for_guest(player);
		return;
	}
	player->behind_since_ns = 0;
	if (player->next == player->script.count) {
		finish(player, 0);
		return;
	}
	step = &player->script.steps[player->next];
	if (!send(player, step->key, step->down)) {
		finish(player, -ENODEV);
		return;
	}
	player->next++;
	arm(player, step->wait_ms);
}

static void on_end(struct input_turn *turn)
{
	struct input_player *player = container_of(turn, struct input_player, turn);
	void (*on_done)(void *arg, int code) = player->on_done;
	void *arg = player->arg;

	destroy(player);
	on_done(arg, -ECANCELED);
}

int input_player_create(struct input *input, struct loop *loop, const struct input_script *script,
			void (*on_done)(void *arg, int code), void *arg, struct input_player **out)
{
	struct input_player *player = calloc(1, sizeof(*player));

	*out = player;
	if (!player) {
		free(script->steps);
		return -ENOMEM;
	}
	*player = (struct input_player){ .turn = { .on_end = on_end },
					 .input = input,
					 .loop = loop,
					 .script = *script,
					 .on_done = on_done,
					 .arg = arg };
	loop_timer_init(&player->timer, play, player);
	list_append(&input->turns, &player->turn.node);
	if (input->turns.next == &player->turn.node) {
		arm(player, 0);
	}
	return 0;
}

void input_player_cancel(struct input_player *player)
{
	leave(player);
}
