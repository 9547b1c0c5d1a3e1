/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DEVICES_LEGACY_PS2_H
#define THUNDERLAKE_DEVICES_LEGACY_PS2_H

#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What hangs on the two ports of a keyboard controller: an AT keyboard with 105 keys, media keys
 * and repeats of its own, and a mouse with a wheel and five buttons for drivers that ask for them.
 * Bytes for the controller wait in a queue. No threads: the caller holds the controller's lock.
 */
#define PS2_QUEUE_BYTES	 128u
#define PS2_ANSWER_BYTES 8u

/* Answers to commands go before what the device has to say. */
struct ps2_queue {
	uint8_t bytes[PS2_QUEUE_BYTES];
	unsigned first, count;
	uint8_t answer[PS2_ANSWER_BYTES];
	unsigned answer_first, answer_count;
};

struct ps2_keyboard {
	struct ps2_queue queue;
	uint8_t command; /* whose argument comes next; 0: none */
	uint8_t scan_set;
	bool scanning;
	uint8_t leds;	    /* as the driver sent them: scroll, num, caps */
	uint8_t typematic;  /* delay and rate of repeats, likewise */
	uint8_t repeat_key; /* pressed last and still down; 0: none */
	uint8_t down[32];   /* bits of keys */
	unsigned down_count;
};

struct ps2_mouse {
	struct ps2_queue queue;
	uint8_t command;
	uint8_t rate, resolution;
	bool reporting;
	bool scaled;	  /* 2:1 */
	bool remote;	  /* reports only when asked */
	uint8_t id;	  /* 0; 3: has a wheel, 4: and five buttons, once the driver knows it */
	uint8_t rates[2]; /* set before the last one: how drivers ask for more */
	uint8_t buttons;  /* bits: left, right, middle, side, extra */
	bool is_changed;  /* buttons were not told yet */
	int32_t x, y, z;  /* moved and not told yet; y up, z towards the user */
};

/* All or nothing; false when there is no room. */
bool ps2_queue_put(struct ps2_queue *queue, const uint8_t *bytes, unsigned count);
bool ps2_queue_take(struct ps2_queue *queue, uint8_t *byte);
/* Replaces what was answered before. */
void ps2_queue_answer(struct ps2_queue *queue, const uint8_t *bytes, unsigned count);
/* Forgets what the device had to say. */
void ps2_queue_clear(struct ps2_queue *queue);

void ps2_keyboard_reset(struct ps2_keyboard *keyboard);
/* A byte from the driver. */
void ps2_keyboard_receive(struct ps2_keyboard *keyboard, uint8_t byte);
/* A key goes down or up; `key` is a KEY_ code of <linux/input-event-codes.h>. False when the
 * keyboard has no such key, nobody listens, or the guest does not read. What was taken as down is
 * surely taken as up. */
bool ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned key, bool down);
/* Time to repeat what is held: says it again unless the guest is behind. */
void ps2_keyboard_repeat(struct ps2_keyboard *keyboard);
/* From press to first repeat, and from one repeat to the next, as the driver set it. */
unsigned ps2_keyboard_delay_ms(const struct ps2_keyboard *keyboard);
unsigned ps2_keyboard_period_ms(const struct ps2_keyboard *keyboard);
/* Lamps as bits of 1 << LED_NUML …. */
unsigned ps2_keyboard_leds(const struct ps2_keyboard *keyboard);

void ps2_mouse_reset(struct ps2_mouse *mouse);
void ps2_mouse_receive(struct ps2_mouse *mouse, uint8_t byte);
/* Steps to the right, down, and notches of the wheel away from the user. */
void ps2_mouse_move(struct ps2_mouse *mouse, int32_t x, int32_t y, int32_t wheel);
/* BTN_LEFT to BTN_EXTRA; others do nothing. */
void ps2_mouse_button(struct ps2_mouse *mouse, unsigned button, bool down);
/* Tells what has changed as far as there is room. */
void ps2_mouse_flush(struct ps2_mouse *mouse);

/* The controller's translation of scan codes from set 2 to set 1. `*released` carries from a break
 * prefix to the byte after it. False: nothing comes of this byte. */
bool ps2_translate(uint8_t byte, bool *released, uint8_t *out);

#endif
