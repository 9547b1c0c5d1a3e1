/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_INPUT_STATE_H
#define THUNDERLAKE_DISPLAY_INPUT_STATE_H

#include "display/display.h"
#include "display/input.h"
#include "vmm/base/thread.h"

/* Of a player (input_player.c), until the input ends. */
struct input_turn {
	struct list node;
	void (*on_end)(struct input_turn *turn);
};

/*
 * Inside of the input: input.c is the senders' side, with input_touch.c above it; input_sinks.c
 * is that of sinks and listeners.
 *
 * What is sent waits in `deliveries`. The first thread that finds nobody at it takes reports out
 * and calls sinks and listeners, with the lock released, until nothing is left; others only add. So
 * the order is one, and nobody waits for a callback but those who remove its owner.
 */
struct input {
	struct mutex lock;     /* guards all below, and what sinks and listeners keep for it */
	struct condition idle; /* a callback returned */
	struct list sinks;
	struct list listeners;
	struct list deliveries;
	bool is_delivering;

	struct input_sink *best[INPUT_KINDS]; /* NULL: nobody is ready */
	uint8_t pressed[INPUT_KINDS][KEY_CNT / 8];
	unsigned touches;      /* bits of 1 << slot that have a contact */
	unsigned slot;	       /* that touch events are about */
	uint16_t contacts;     /* begun so far, for their numbers */
	int64_t wheel_rest[2]; /* of REL_WHEEL and REL_HWHEEL, less than a notch */
	struct {
		uint32_t width, height;
	} layout[DISPLAY_SCANOUTS_MAX];
	unsigned leds;

	struct list turns; /* of players: the first plays; no lock, their loop's */
};

/* Events of one kind are on their way to its best sink; false when there is none or no memory. */
bool input_queue_locked(struct input *input, enum input_kind kind, const struct input_event *events,
			size_t count) REQUIRES(input->lock);

/* One report, as input_send says. */
bool input_send_locked(struct input *input, enum input_kind kind, unsigned scanout,
		       const struct input_event *events, size_t count) REQUIRES(input->lock);

/* Calls whoever has something to be told, unless another thread is at it. */
void input_deliver_locked(struct input *input) REQUIRES(input->lock);

/* Queues releases of all that is down at the best sink of a kind, and forgets it. */
void input_release_locked(struct input *input, enum input_kind kind) REQUIRES(input->lock);

#endif
