/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_PS2_H
#define THUNDERLAKE_DEVICES_LEGACY_PS2_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What hangs on the two ports of a keyboard controller: an AT keyboard and a three-button mouse, as
 * far as drivers probe them. Bytes for the controller wait in a queue. No threads: the caller holds
 * the controller's lock.
 */
#define PS2_QUEUE_BYTES 32u

struct ps2_queue {
	uint8_t bytes[PS2_QUEUE_BYTES];
	unsigned first, count;
};

struct ps2_keyboard {
	struct ps2_queue queue;
	uint8_t command; /* whose argument comes next; 0: none */
	uint8_t scan_set;
	bool scanning;
};

struct ps2_mouse {
	struct ps2_queue queue;
	uint8_t command;
	uint8_t rate, resolution;
	bool reporting;
	bool scaled; /* 2:1 */
	bool remote; /* reports only when asked */
};

/* All or nothing; false when there is no room. */
bool ps2_queue_put(struct ps2_queue *queue, const uint8_t *bytes, unsigned count);
bool ps2_queue_take(struct ps2_queue *queue, uint8_t *byte);

void ps2_keyboard_reset(struct ps2_keyboard *keyboard);
/* A byte from the driver. */
void ps2_keyboard_receive(struct ps2_keyboard *keyboard, uint8_t byte);
/* A key goes down or up; `key` is a KEY_ code of <linux/input-event-codes.h>. False when the
 * keyboard has no such key, nobody listens, or the queue is full. */
bool ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned key, bool down);

void ps2_mouse_reset(struct ps2_mouse *mouse);
void ps2_mouse_receive(struct ps2_mouse *mouse, uint8_t byte);

/* The controller's translation of scan codes from set 2 to set 1. `*released` carries from a break
 * prefix to the byte after it. False: nothing comes of this byte. */
bool ps2_translate(uint8_t byte, bool *released, uint8_t *out);

#endif
