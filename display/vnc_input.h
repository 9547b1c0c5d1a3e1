/* SPDX-License-Identifier: MIT */
#ifndef THUNDERLAKE_DISPLAY_VNC_INPUT_H
#define THUNDERLAKE_DISPLAY_VNC_INPUT_H

#include <linux/input-event-codes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "display/input.h"

struct keymap;

/* Keys and pointer of one VNC viewer, who may send anything: what it holds down, so that it can be
 * released when the viewer is gone. On one thread, but for `leds`. */
struct vnc_input {
	struct input *input;	     /* borrowed, as is the next */
	const struct keymap *keymap; /* of the guest's layout */
	unsigned scanout;
	struct input_listener listener;
	_Atomic unsigned leds; /* 1 << LED_CAPSL …, as the guest set them */
	void (*on_leds)(void *arg);
	void *arg;
	uint64_t held[(KEY_MAX + 64) / 64]; /* a bit for each key and button */
	bool holds_level3; /* it holds the right Alt key as a way to further characters */
	unsigned mask;	   /* buttons and wheel, as last sent */
	bool has_place;
	uint32_t x, y; /* pixels, as last sent */
};

/* `on_leds` is called when the lamps changed: any thread, must only hand it on. NULL: nobody cares.
 */
void vnc_input_init(struct vnc_input *in, struct input *input, const struct keymap *keymap,
		    unsigned scanout, void (*on_leds)(void *arg), void *arg);
/* Releases what is held down. */
void vnc_input_finish(struct vnc_input *in);

/* A key by its keysym. A character is made with the modifiers that it needs on the guest's board,
 * whatever the viewer holds down. */
void vnc_input_keysym(struct vnc_input *in, uint32_t keysym, bool down);
/* A key by its place: scan codes as in vnc_keys.h. */
void vnc_input_scancode(struct vnc_input *in, uint32_t scancode, bool down);

/* RFB's pointer event: bit 0 is the left button, 1 the middle, 2 the right one, 3 to 6 wheel up,
 * down, left, right, 7 the side button; a place in a picture of width × height. */
void vnc_input_pointer(struct vnc_input *in, unsigned mask, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height);

#endif
